"""What a form objects to in an order, as sentences that a person can act on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from models.errors import Fault, OrderRefused
from models.nearest import did_you_mean, nearest_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    Where = Sequence[str | int]


def refusal(error: ValidationError, form: type[BaseModel], whole: str = "order") -> OrderRefused:
    """Everything that is wrong with an order, or with another `whole`, in one refusal."""
    details = error.errors(include_url=False)
    misspelt = [each["loc"] for each in details if each["type"] == "extra_forbidden"]
    return OrderRefused.of_faults(
        [
            _fault(each, form, whole)
            for each in details
            # A misspelt field is also a missing one: the misspelling is what a person can see.
            if each["type"] != "missing" or not any(stands_for(near, each["loc"]) for near in misspelt)
        ]
    )


def stands_for(misspelt: Where, missing: Where) -> bool:
    """Whether a field that does not exist was meant to be one that is missing."""
    return misspelt[:-1] == missing[:-1] and nearest_name(str(misspelt[-1]), [str(missing[-1])]) is not None


def form_at(form: type[BaseModel], where: Where) -> type[BaseModel]:
    """The form of the mapping that stands at `where` in a form."""
    for part in where:
        if isinstance(part, str) and part in form.model_fields:
            form = _form_in(form.model_fields[part].annotation) or form
    return form


def _form_in(annotation: Any) -> type[BaseModel] | None:
    """The form that an annotation such as `tuple[CutPart, ...]` holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_form_in, getattr(annotation, "__args__", ()))), None)


def _fault(detail: ErrorDetails, form: type[BaseModel], whole: str) -> Fault:
    where = tuple(part for part in detail["loc"] if part != "[key]")
    return Fault(where, *_sentence(detail, where, form_at(form, where), whole))


def _sentence(detail: ErrorDetails, where: Where, form: Any, whole: str) -> tuple[str, str]:
    """What is wrong, and what to do about it; `form` is the one that the value stands in."""
    name = ".".join(str(part) for part in where)
    match detail["type"]:
        case "extra_forbidden":
            fields = f"Known fields: {', '.join(form.model_fields)}."
            hint = did_you_mean(str(where[-1]), form.model_fields, otherwise=fields)
            return f"{_one(whole)} has no field '{name}'.", hint
        case "missing":
            return f"The {whole} names no {name}.", f"Add {name}."
        case "enum":
            given = str(detail["input"])
            words = detail["ctx"]["expected"].replace(" or ", ", ").split(", ")
            hint = did_you_mean(given, [word.strip(" '") for word in words])
            return f"The {whole}'s {where[0]} knows no '{given}'.", hint
        case "model_type":
            reason = f"it must be a mapping such as {form.such_as}"
            return f"The {whole}'s {form.said_as} {_shown(detail)} cannot be used: {reason}.", ""
    reason = detail["msg"].removeprefix("Value error, ").replace("Input should", "it must", 1)
    reason = reason.replace("a valid tuple", "a list").replace("a valid dictionary", "a mapping")
    return f"The {whole}'s {name or form.said_as} {_shown(detail)} cannot be used: {reason}.", ""


def _one(whole: str) -> str:
    return f"An {whole}" if whole[0] in "aeiou" else f"A {whole}"


def _shown(detail: ErrorDetails) -> str:
    given = repr(detail["input"])
    return given if len(given) <= 60 else f"{given[:57]}..."
