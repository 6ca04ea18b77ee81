"""A route for each verb of the SDK: its parameters, its answer and its words come from the verb itself."""

from __future__ import annotations

import inspect
from dataclasses import is_dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Body, Depends, Header, Path, Query
from pydantic import BaseModel, ConfigDict, PlainValidator, WithJsonSchema, create_model

from farm.api.asking import Answer, Asked, changing, reading
from farm.api.examples import EXAMPLES
from farm.api.openapi import answers, schema_of
from farm.api.reading import ReadingRoute
from farm.client import Farm, wire
from farm.client.routes import GIVEN, IF_MATCH, ROUTES, SECRETS, Route
from models.errors import Unconditional

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import Response

_EMPTY = inspect.Parameter.empty


class Sent(BaseModel):
    """A body; a field that nobody knows is refused."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())


def router() -> APIRouter:
    """All verbs that `farm.client.routes` lists."""
    verbs = APIRouter(route_class=ReadingRoute)
    for route in ROUTES:
        verbs.add_api_route(
            route.path,
            _endpoint(route),
            methods=[route.method],
            name=route.verb,
            operation_id=route.verb,
            tags=[route.tag],
            response_model=None,
            status_code=route.status,
            **answers(route.answer, route.status),
            summary=_summary(route),
            description=inspect.getdoc(getattr(Farm, route.verb)),
        )
    return verbs


def _summary(route: Route) -> str:
    """The first line of the verb's docstring, up to its first pause."""
    first = (inspect.getdoc(getattr(Farm, route.verb)) or route.verb).partition("\n")[0]
    return first.partition("; ")[0].rstrip(".")


def _endpoint(route: Route) -> Callable[..., Response]:
    """The function that FastAPI calls, with the verb's parameters placed where they travel."""

    def call(asked: Asked, body: Sent | None = None, **placed: Any) -> Response:
        # What was left out the verb itself fills in.
        left_open = set(route.named) - asked.request.query_params.keys()
        sent = {name: value for name, value in placed.items() if name not in left_open}
        if body:
            sent |= {name: getattr(body, name) for name in body.model_fields_set}
        if route.edits:
            sent[IF_MATCH] = _what_was_read(sent.get(IF_MATCH))
        return (asked.change if route.changes else asked.read)(lambda farm: _answer(farm, route, sent))

    call.__signature__ = inspect.Signature(_parameters(route))  # type: ignore[attr-defined]  # FastAPI reads it
    call.__name__ = route.verb
    return call


def _what_was_read(if_match: str | None) -> str | None:
    """The tag in the header; None for `*`, whatever is there."""
    if if_match is None:
        raise Unconditional(
            "An edit says what it was made from.",
            hint="Send the ETag of what you read as If-Match, or If-Match: * for whatever is there.",
        )
    return None if if_match.strip() == "*" else if_match.strip().removeprefix("W/").strip('"')


def _answer(farm: Farm, route: Route, sent: dict[str, Any]) -> Answer:
    if route.free is not None:
        sent = sent | sent.pop(route.free, {})
    return Answer(
        getattr(farm, route.verb)(**sent),
        kind=route.answer,
        status=route.status,
        is_secret=route.verb in SECRETS,
    )


def _parameters(route: Route) -> list[inspect.Parameter]:
    """As FastAPI reads them: the call itself, the path, then the query or the body."""
    asked = changing(route.scope) if route.changes else reading(route.scope)
    placed: dict[str, tuple[Any, Any]] = {"asked": (Annotated[Asked, Depends(asked)], _EMPTY)}
    for name in route.in_path:
        placed[name] = (Annotated[route.parameters[name].annotation, Path()], _EMPTY)
    if route.edits:
        header = Header(alias="If-Match", description="The ETag of what was read; `*`: whatever is there.")
        placed[IF_MATCH] = (Annotated[str | None, header], None)
    if GIVEN in route.parameters:
        placed[GIVEN] = (Annotated[dict[str, Any], Body(description="The fields that are said.")], _EMPTY)
    if route.has_fields:
        placed["body"] = (Annotated[_body_of(route), Body()], _EMPTY)
    else:
        placed |= {
            name: (Annotated[route.parameters[name].annotation, Query()], route.parameters[name].default)
            for name in route.named
        }
    return [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)
        for name, (kind, default) in placed.items()
    ]


def _body_of(route: Route) -> type[Sent]:
    fields: dict[str, Any] = {
        name: (_sent_as(each.annotation), ... if each.default is _EMPTY else each.default)
        for name, each in route.parameters.items()
        if name in route.named
    }
    title = "".join(word.capitalize() for word in route.verb.split("_"))
    body = create_model(title, __base__=Sent, __doc__=f"What `{route.verb}` takes.", **fields)
    if route.verb in EXAMPLES:
        body.model_config["json_schema_extra"] = {"examples": list(EXAMPLES[route.verb])}
    return body


def _sent_as(kind: Any) -> Any:
    """The type of a field, read and described as values of the farm are."""
    if not (isinstance(kind, type) and is_dataclass(kind)):
        return kind
    return Annotated[Any, PlainValidator(wire.adapter(kind).validate_python), WithJsonSchema(schema_of(kind))]
