"""What several commands read from their flags."""

from __future__ import annotations

import re
from datetime import timedelta
from fractions import Fraction

from models.errors import BadInput
from models.rates import rate_of

_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}


def lasting(text: str | None) -> timedelta | None:
    """How long `30d`, `12h` or `45m` are, each 1 to 99999; None where nothing was said. Raises `BadInput`."""
    if text is None:
        return None
    amount = re.fullmatch(r"([1-9]\d{0,4})([dhm])", text.strip())
    if not amount:
        raise BadInput(
            f"The time {text!r} cannot be read.", hint="Write days, hours or minutes: 30d, 12h, 45m."
        )
    return int(amount[1]) * _UNITS[amount[2]]


def size_of(text: str | None) -> tuple[int, int] | None:
    """Width and height in pixels of `832x480`, each 1 to 99999; None where nothing was said.

    Raises:
        BadInput: it is no such pair.
    """
    if text is None:
        return None
    pair = re.fullmatch(r"([1-9]\d{0,4})[xX×]([1-9]\d{0,4})", text.strip())
    if not pair:
        raise BadInput(
            f"The size {text!r} cannot be read.", hint="Write width x height in pixels: --size 832x480."
        )
    return int(pair[1]), int(pair[2])


def rate_said(text: str | None) -> int | Fraction | None:
    """Frames a second, as `24`, `23.976` or `24000/1001`; None where nothing was said. Raises `BadInput`."""
    try:
        return None if text is None else rate_of(text)
    except ValueError as error:
        raise BadInput(
            f"The rate {text!r} cannot be used: {error}.", hint="Write --fps 24, or 23.976."
        ) from error
