"""Frames a second: whole, or a fraction as television has them, whatever number people and containers write."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any

if TYPE_CHECKING:
    from pydantic_core import CoreSchema

#: 23.98 is how people write 24000/1001; a whole rate lies six times as far away
_SLACK = Fraction(2, 10_000)


def meant_rate(stated: Fraction, slack: Fraction = _SLACK) -> Fraction:
    """Frames per second: 24000/1001 for 23.976 or 23.98, 30 for 30.0001, any other rate as stated; 0 stays 0.

    `slack` is the share by which the file may have rounded it.

    >>> meant_rate(Fraction("29.97"))
    Fraction(30000, 1001)
    """
    whole, television = Fraction(round(stated)), Fraction(1000 * round(stated * 1001 / 1000), 1001)
    meant = min(whole, television, key=lambda rate: abs(stated - rate))
    return meant if abs(stated - meant) <= max(slack, _SLACK) * meant else stated


def rate_of(given: object) -> int | Fraction:
    """The rate that a number, or a text such as `23.976` or `24000/1001`, means; whole ones as whole numbers.

    Raises `ValueError` for anything that is no rate which masters carry: whole, half, or television's.

    >>> rate_of(24.0), rate_of("23.976"), rate_of("12.5")
    (24, Fraction(24000, 1001), Fraction(25, 2))
    """
    if isinstance(given, bool) or not isinstance(given, int | float | str | Fraction):
        raise ValueError("it must be a number of frames a second, as 24, 23.976 or 24000/1001")
    return _read(str(given).strip())


@lru_cache(maxsize=256)
def _read(text: str) -> int | Fraction:
    try:
        rate = meant_rate(Fraction(text))
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError("it must be a number of frames a second, as 24, 23.976 or 24000/1001") from error
    if rate <= 0:
        raise ValueError("it must be greater than 0")
    if rate.denominator > 2 and (rate * 1001) % 1000:
        near = meant_rate(rate, Fraction(1))
        raise ValueError(f"rates are whole, half, or television's as 24000/1001; the nearest is {near}")
    return rate.numerator if rate.denominator == 1 else rate


def exact_rate(rounded: int, recorded: object) -> int | Fraction:
    """The rate that a recipe records in JSON, where a column holds it rounded; what the column says otherwise.

    >>> exact_rate(24, "24000/1001"), exact_rate(12, 24)
    (Fraction(24000, 1001), 12)
    """
    exact = rounded if recorded is None else rate_of(recorded)
    return exact if round(exact) == rounded else rounded


def plain_rate(rate: int | Fraction) -> int | str:
    """A rate as JSON carries it exactly.

    >>> plain_rate(24), plain_rate(Fraction(24000, 1001))
    (24, '24000/1001')
    """
    return int(rate) if Fraction(rate).denominator == 1 else str(rate)


class _ReadAsRate:
    """Tells pydantic, which is not loaded for it, how a rate is read and written."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        from pydantic_core import core_schema

        written = core_schema.plain_serializer_function_ser_schema(plain_rate, when_used="json")
        return core_schema.no_info_plain_validator_function(rate_of, serialization=written)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        return {"anyOf": [{"type": "number"}, {"type": "string"}], "examples": [24, "24000/1001"]}


#: frames a second, exact
Rate = Annotated[int | Fraction, _ReadAsRate()]
