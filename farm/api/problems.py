"""Refusals as RFC 9457 problem details: what an error of the farm's tree, or of the framework, looks like."""

from __future__ import annotations

import logging
import math
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match

from models.errors import BadInput, Busy, FarmError, Fault, NotHere, OrderRefused, Unauthenticated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import FastAPI, Request

MEDIA_TYPE = "application/problem+json"
#: seconds after which what was busy or away is worth another try
_AGAIN = "2"
#: refusals that an administrator wants to hear of
_NOTED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS})
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_SHORTER = "Send less at once; FARM_API_MAX_BODY_BYTES says how long a body may be."

_log = logging.getLogger(__name__)


class Wrong(BaseModel):
    """One thing that is wrong with what was sent."""

    where: list[str | int] = Field(description="The way to the value: `body`, `orders`, 3, `cut`.")
    sentence: str
    hint: str = ""


class Problem(BaseModel):
    """Why something was not done, as RFC 9457 has it, and what to do about it."""

    type: str = Field(default="about:blank", description="Names no page: `kind` is what programs match on.")
    title: str = Field(description="What HTTP calls it.")
    status: int
    detail: str = Field(description="One sentence for a person.")
    kind: str = Field(description="The error's name in the farm's tree: `UnknownName`, `PhaseLocked`.")
    hint: str = Field(default="", description="What to do about it.")
    faults: list[Wrong] = Field(
        default_factory=list, description="Each thing that is wrong, where it is known."
    )


def install(app: FastAPI) -> None:
    """Answer every error with a problem; none leaves a traceback or a word about the inside."""
    app.add_exception_handler(FarmError, _of_farm)
    app.add_exception_handler(RequestValidationError, _of_form)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(Exception, _of_bug)


def of_error(error: FarmError) -> JSONResponse:
    """An error of the farm's as its answer."""
    faults = [Wrong(where=list(each.where), sentence=each.sentence, hint=each.hint) for each in _faults(error)]
    return _answer(
        error.http_status,
        error.message,
        kind=error.kind,
        hint=error.hint,
        faults=faults,
        headers=_headers(error),
    )


def _faults(error: FarmError) -> Sequence[Fault]:
    return error.faults if isinstance(error, OrderRefused) else ()


def _headers(error: FarmError) -> dict[str, str]:
    if error.retry_after is not None:
        return {"Retry-After": str(math.ceil(error.retry_after.total_seconds()))}
    if isinstance(error, Busy | NotHere):
        return {"Retry-After": _AGAIN}
    return {"WWW-Authenticate": 'Bearer realm="farm"'} if isinstance(error, Unauthenticated) else {}


async def _of_farm(request: Request, error: Exception) -> JSONResponse:
    error = cast("FarmError", error)
    if error.http_status in _NOTED or error.http_status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.warning("%s: %s", _call(request), on_one_line(str(error)))
    return of_error(error)


def _call(request: Request) -> str:
    """A call as the log names it; what somebody sent begins no line of its own there."""
    address = request.client.host if request.client else "nowhere"
    return on_one_line(f"{request.method} {request.url.path} from {address}")


def on_one_line(text: str) -> str:
    r"""The text with whatever is not printable spelt out.

    >>> on_one_line("Ada\nERROR all is lost")
    'Ada\\nERROR all is lost'
    """
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


async def _of_form(request: Request, error: Exception) -> JSONResponse:
    each_wrong = cast("RequestValidationError", error).errors()
    faults = [Wrong(where=list(each["loc"]), sentence=_sentence(each)) for each in each_wrong]
    sentence = "What was sent cannot be used: " + " ".join(
        f"{_place(each)}: {each.sentence}" for each in faults
    )
    hint = "The API's page says what each call takes."
    return _answer(422, sentence, kind=BadInput.__name__, hint=hint, faults=faults)


def _sentence(each: Mapping[str, Any]) -> str:
    if each["type"] == "extra_forbidden":
        return "There is no such field."
    if each["type"] == "missing":
        return "This is missing."
    text = str(each["msg"]).removeprefix("Value error, ")
    return text[:1].upper() + text[1:].rstrip(".") + "."


def _place(wrong: Wrong) -> str:
    return ".".join(str(part) for part in wrong.where[1:]) or str(wrong.where[0])


async def _of_http(request: Request, error: Exception) -> JSONResponse:
    """What the framework itself says: no such path, another method, too long a body."""
    error = cast("HTTPException", error)
    if isinstance(error.__cause__, FarmError):
        # A body that was refused as it was read: the framework puts a word of its own before the sentence.
        return await _of_farm(request, error.__cause__)
    status = HTTPStatus(error.status_code)
    headers = dict(error.headers or {})
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_known_methods(request))
    sentence, hint = {
        404: ("There is nothing under this address.", "GET /api/anime/openapi.json lists what there is."),
        405: (
            f"This address does not know {on_one_line(request.method)}.",
            "The Allow header says what it knows.",
        ),
        413: ("What was sent is too long.", _SHORTER),
    }.get(status, (str(error.detail), ""))
    return _answer(status, sentence, kind=status.phrase.replace(" ", ""), hint=hint, headers=headers)


def _known_methods(request: Request) -> list[str]:
    """All that an address knows; the framework names those of the first route alone."""
    return [
        method
        for method in _METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL for route in request.app.routes
        )
    ]


def too_long() -> JSONResponse:
    """The answer to a body that says itself that it is longer than what is read."""
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    return _answer(status, "What was sent is too long.", kind=status.phrase.replace(" ", ""), hint=_SHORTER)


async def _of_bug(request: Request, error: Exception) -> JSONResponse:
    """Something nobody foresaw: the log has it whole, the caller a sentence."""
    _log.error("%s went wrong", _call(request), exc_info=error)
    return _answer(
        500,
        "Something went wrong inside the farm.",
        kind="Internal",
        hint="Its log says what; nothing was stored.",
    )


def _answer(
    status: int,
    detail: str,
    *,
    kind: str,
    hint: str = "",
    faults: Sequence[Wrong] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    problem = Problem(
        title=HTTPStatus(status).phrase, status=status, detail=detail, kind=kind, hint=hint, faults=list(faults)
    )
    return JSONResponse(
        problem.model_dump(mode="json"), status, headers=dict(headers or {}), media_type=MEDIA_TYPE
    )
