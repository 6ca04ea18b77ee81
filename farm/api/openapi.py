"""The OpenAPI description: the schemas of the farm's own values beside those that FastAPI finds by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from farm.api.problems import MEDIA_TYPE, Problem
from farm.client import wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI

_REFERENCE = "#/components/schemas/{model}"


def _page(items: dict[str, Any]) -> dict[str, Any]:
    """The schema of a list that comes whole, in the shape of one that comes by pages."""
    shape = {"items": items, "next": {"type": "null"}}
    return {"type": "object", "properties": shape, "required": list(shape)}


#: the schemas of all answers, by name, as `answers` finds them
_schemas: dict[str, dict[str, Any]] = {}


def answers(kind: Any, status: int = 200) -> dict[str, Any]:
    """What a route's decorator says of its answers: one of this type, or a problem."""
    nothing = kind is None or kind is type(None)
    fine: dict[str, Any] = {"description": "Done." if nothing else "The answer."}
    if not nothing:
        fine["content"] = {"application/json": {"schema": schema_of(kind)}}
    return {"responses": {204 if nothing else status: fine, **PROBLEMS}}


def schema_of(kind: Any) -> dict[str, Any]:
    """The schema of a value as it travels, with the values within it kept by name.

    A value is called otherwise than a form of the same name; two values of one name, after what holds them.
    """
    schema, within = _described(kind, "Answer")
    if any(_schemas.get(name, each) != each for name, each in within.items()):
        schema, within = _described(kind, f"Of{getattr(kind, '__name__', 'Several')}")
    _schemas.update(within)
    return _page(schema) if wire.is_list(kind) else schema


def _described(kind: Any, suffix: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The schema of a type, and by name those that it refers to."""
    schema = wire.adapter(kind).json_schema(
        mode="serialization", ref_template=_REFERENCE.replace("{model}", "{model}" + suffix)
    )
    return schema, {f"{name}{suffix}": each for name, each in schema.pop("$defs", {}).items()}


def _reference_to(model: type[Problem]) -> dict[str, str]:
    schema = model.model_json_schema(mode="serialization", ref_template=_REFERENCE)
    _schemas.update(schema.pop("$defs", {}))
    _schemas[model.__name__] = schema
    return {"$ref": _REFERENCE.format(model=model.__name__)}


_problem: dict[str, Any] = {
    "description": "It was not done, and why.",
    "content": {MEDIA_TYPE: {"schema": _reference_to(Problem)}},
}
#: what every route may answer in place of its own answer
PROBLEMS: dict[int | str, dict[str, Any]] = {"4XX": _problem, "5XX": _problem}


def install(app: FastAPI) -> None:
    """Complete what FastAPI describes."""
    describe: Callable[[], dict[str, Any]] = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            whole = describe()
            components = whole.setdefault("components", {})
            components["schemas"] = dict(sorted((components.get("schemas", {}) | _schemas).items()))
            components["securitySchemes"] = {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key, as `farm keys create` gives it.",
                }
            }
            whole["security"] = [{"key": []}]
        return app.openapi_schema or whole

    app.openapi = openapi  # type: ignore[method-assign]  # the documented way
