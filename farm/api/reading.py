"""Calls as the farm reads them: no unknown name in the query, and JSON as everything else that is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import params
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute
from starlette.requests import Request

from models import documents
from models.errors import BadInput
from models.nearest import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine

    from starlette.responses import Response

_NAME = "The body"


class ReadingRoute(APIRoute):
    """A route that refuses unknown names, and whose JSON has no doubled keys, no depth without end, no NaN."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        fields = get_flat_params(self.dependant)
        known = frozenset(each.alias for each in fields if isinstance(each.field_info, params.Query))

        async def read(request: Request) -> Response:
            _refuse_unknown(request.query_params.keys() - known, known)
            return await handle(_Reading(request.scope, request.receive))

        return read


def _refuse_unknown(unknown: Collection[str], known: Collection[str]) -> None:
    if unknown:
        raise BadInput(
            f"There is no parameter '{min(unknown)}' here.",
            hint=f"There are: {listed(sorted(known))}." if known else "There are none.",
        )


class _Reading(Request):
    """A call whose body is JSON as `models.documents` reads it."""

    async def json(self) -> Any:
        try:
            text = (await self.body()).decode()
        except UnicodeDecodeError:
            raise BadInput(f"{_NAME} is not text in UTF-8.", hint="Send JSON in UTF-8.") from None
        return documents.read_text(text, _NAME, json_only=True).content
