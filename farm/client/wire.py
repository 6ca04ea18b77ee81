"""How the farm's values travel: to JSON and back to equal values, and their schemas, from their own types.

Both sides use it: `farm.api` writes what `farm.client.remote` reads. Values are frozen dataclasses whose types
are imported for type checkers only; here is where those names are looked up.
"""

from __future__ import annotations

import base64
import importlib
import inspect
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_origin, get_type_hints
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, TypeAdapter, WithJsonSchema
from typing_extensions import TypeAliasType, Unpack

from models import errors
from models.actors import Actor
from models.metrics import Measurement
from models.recipe import Recipe
from models.shows import Defaults
from models.vocabulary import ErrorKind

if TYPE_CHECKING:
    from collections.abc import Callable

_Value = TypeVar("_Value")

#: where the values that verbs take and answer live
_MODULES = (
    "models.access",
    "models.dispatch",
    "models.events",
    "models.fleet",
    "models.jobs",
    "models.measuring",
    "models.metrics",
    "models.reviews",
    "models.shows",
    "models.takes",
    "models.units",
    "models.vocabulary",
    "db.catalogue",
    "farm.delivery.words",
    "farm.judging.calibration",
    "farm.judging.gate",
    "farm.judging.profiles",
    "farm.judging.reports",
    "farm.judging.statistics",
    "farm.judging.verdicts",
    "farm.client.editing",
    "farm.orders.submission",
    "farm.shows.form",
    "farm.shows.parts",
)

#: no seed and no count is larger
_SEED = Annotated[int, Field(ge=0, lt=2**64)]


def encode(value: Any, kind: Any) -> Any:
    """A value of this type as plain JSON types."""
    return adapter(kind).dump_python(value, mode="json")


def decode(kind: Any, given: Any) -> Any:
    """The inverse of `encode`, without fields that are unknown here; raises `pydantic.ValidationError`."""
    return adapter(kind).validate_python(given)


def answer(value: Any, kind: Any) -> Any:
    """What a verb answers, as JSON: every list has `items` and `next`, whether it is a page or all there is."""
    given = encode(value, kind)
    return {"items": given, "next": None} if is_list(kind) else given


def answered(kind: Any, given: Any) -> Any:
    """The inverse of `answer`."""
    return decode(kind, given["items"] if is_list(kind) else given)


def is_list(kind: Any) -> bool:
    """Whether values of this type are lists of others."""
    return get_origin(kind) in (list, tuple)


@cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    """What reads, writes and describes values of this type."""
    # Under another name, because a dataclass itself takes no configuration, and with it no names to look up.
    alias: Any = TypeAliasType("Value", kind)
    reader: TypeAdapter[Any] = TypeAdapter(alias, config=ConfigDict(defer_build=True, extra="ignore"))
    reader.rebuild(_types_namespace=names())
    return reader


def hints(verb: Callable[..., Any], left_out: Iterable[str] = ()) -> dict[str, Any]:
    """The types of a verb's parameters and of its answer (`return`), looked up as those of values are.

    Those that are `left_out` do not travel, and need no names here.
    """
    travelling = {name: hint for name, hint in verb.__annotations__.items() if name not in set(left_out)}
    bare = SimpleNamespace(__annotations__=travelling, __globals__=verb.__globals__)
    return get_type_hints(bare, verb.__globals__, dict(names()), include_extras=True)


def fields_of(form: Any) -> dict[str, Any]:
    """The types of a form's fields, looked up as those of values are."""
    return get_type_hints(form, localns=dict(names()), include_extras=True)


@cache
def names() -> Mapping[str, Any]:
    """Every name that a value's types may use."""
    known: dict[str, Any] = {}
    for module in map(importlib.import_module, _MODULES):
        known |= {name: each for name, each in vars(module).items() if inspect.isclass(each)}
    return known | _TRAVELLING


#: what JSON calls a shape, as Python has it and as a person says it
_SHAPES: dict[str, type] = {"string": str, "object": dict}
_CALLED = {"string": "a text", "object": "an object"}


def _as(kind: type[_Value], read: Callable[[Any], _Value], write: Callable[[_Value], Any], schema: str) -> Any:
    """A type that travels in a shape of its own."""

    def validated(value: Any) -> _Value:
        if isinstance(value, kind):
            return value
        if not isinstance(value, _SHAPES[schema]):
            raise ValueError(f"it must be {_CALLED[schema]}")
        return read(value)

    return Annotated[
        kind,
        PlainValidator(validated),
        PlainSerializer(write),
        WithJsonSchema({"type": schema}),
    ]


def _error(given: Mapping[str, str]) -> errors.FarmError:
    return error_named(given["kind"], given["message"], given.get("hint", ""))


def error_named(kind: str, message: str, hint: str = "") -> errors.FarmError:
    """An error as the other side raised it; one of a kind that this side does not know is a `Refused`."""
    known = getattr(errors, kind, None)
    if not (inspect.isclass(known) and issubclass(known, errors.FarmError)) or known is errors.FarmError:
        known = errors.Refused
    if issubclass(known, errors.StepFailed):
        return errors.StepFailed(message, hint=hint, error_kind=ErrorKind.BUG)
    return known(message, hint=hint)


def _content(given: Any) -> dict[str, Any]:
    """What was said of a part of a show, and nothing that was left open."""
    return given.model_dump(mode="json", exclude_unset=True) if isinstance(given, BaseModel) else dict(given)


_TRAVELLING: dict[str, Any] = {
    "Name": UUID | str,
    "Given": Annotated[
        Any,
        PlainValidator(_content),
        PlainSerializer(_content),
        WithJsonSchema({"type": "object", "additionalProperties": True}),
    ],
    "UUID": UUID,
    "datetime": datetime,
    "timedelta": timedelta,
    "Fraction": Fraction,
    "Path": Path,
    "Any": Any,
    "Unpack": Unpack,
    # What is asked for in any order and number travels as a list.
    "Iterable": list,
    "Sequence": Sequence,
    "Mapping": dict,
    "Actor": _as(Actor, Actor.read, str, "string"),
    "Recipe": _as(Recipe, Recipe.from_json, Recipe.to_json, "object"),
    "Measurement": _as(Measurement, Measurement.from_json, Measurement.to_json, "object"),
    "Defaults": _as(Defaults, Defaults.from_json, Defaults.to_json, "object"),
    "bytes": _as(bytes, base64.b64decode, lambda value: base64.b64encode(value).decode(), "string"),
    "BadInput": _as(
        errors.BadInput,
        _error,  # type: ignore[arg-type]  # it is of the kind that was written
        lambda error: {"kind": error.kind, "message": error.message, "hint": error.hint},
        "object",
    ),
}
