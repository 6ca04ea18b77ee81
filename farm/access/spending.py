"""What a key may spend in a day, from midnight to midnight UTC; every `now` here is in UTC."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from models.errors import TooMuch

if TYPE_CHECKING:
    from datetime import datetime


def refuse_more_jobs(prefix: str, most: int, ordered: int, new: int, now: datetime) -> None:
    """Raises `TooMuch` where a key ordered more than its `most` jobs today, with the `new` ones among them."""
    if ordered <= most:
        return
    asked = "this is one more" if new == 1 else f"these are {new} more"
    sentence = f"The key {prefix} may order {most} jobs a day: {ordered - new} were ordered, {asked}."
    raise _too_much(sentence, now)


def refuse_more_time(prefix: str, most: int, used: float, now: datetime) -> None:
    """Raises `TooMuch` where the jobs of a key used up its `most` GPU seconds of today.

    How long a job takes is known once it was made: such a key orders nothing more, and what it ordered before
    is still made.
    """
    if used >= most:
        raise _too_much(f"The key {prefix} may use {most} GPU seconds a day: {used:.0f} are used.", now)


def _too_much(sentence: str, now: datetime) -> TooMuch:
    anew = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return TooMuch(sentence, hint=f"The next day begins at {anew:%Y-%m-%d %H:%M} UTC.", retry_after=anew - now)
