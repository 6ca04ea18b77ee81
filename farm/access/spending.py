"""What a key may spend in a day, from midnight to midnight UTC."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from models.errors import TooMuch

if TYPE_CHECKING:
    from models.access import Caps, Spent

_DAY = timedelta(days=1)


def midnight_before(now: datetime) -> datetime:
    """When the present day began; `now` in UTC."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def refuse_beyond(prefix: str, caps: Caps, spent: Spent, new_jobs: int) -> None:
    """Whether `new_jobs`, which `spent` counts already, are within what the key may spend.

    GPU time is known once it was spent: a key that has used up its own orders nothing more, and what it ordered
    before is still made.

    Raises:
        TooMuch: they are not; the sentence says by what, the hint when it begins anew.
    """
    most, before = caps.jobs_per_day, spent.jobs - new_jobs
    if most is not None and spent.jobs > most:
        asked = "this is one more" if new_jobs == 1 else f"these are {new_jobs} more"
        raise _too_much(
            f"The key {prefix} may order {most} jobs a day: {before} were ordered, {asked}.", spent.at
        )
    seconds = caps.gpu_seconds_per_day
    if seconds is not None and spent.gpu_seconds >= seconds:
        used = f"{spent.gpu_seconds:.0f} are used"
        raise _too_much(f"The key {prefix} may use {seconds} GPU seconds a day: {used}.", spent.at)


def _too_much(sentence: str, now: datetime) -> TooMuch:
    anew = midnight_before(now) + _DAY
    return TooMuch(sentence, hint=f"The next day begins at {anew:%Y-%m-%d %H:%M} UTC.", retry_after=anew - now)
