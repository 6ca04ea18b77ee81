"""Which name a worker takes that starts: `host:role:slot`, held like a lease and never by two at once."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from models.fleet import Holder


def is_taken(holder: Holder, lease: timedelta) -> bool:
    """Whether somebody else's name is still theirs: they beat within `lease`, or their process surely runs.

    Who left, or surely died, holds nothing. A worker that only sleeps keeps its name while it is seen to live.
    """
    if holder.has_left or holder.is_running is False:
        return False
    return holder.is_running is True or holder.silent < lease


def free_slot(holders: Iterable[Holder], *, lease: timedelta, asked: int | None = None) -> int | None:
    """The slot to take: the lowest that is free, or exactly the one `asked` for; None: that one is taken."""
    taken = {holder.slot for holder in holders if is_taken(holder, lease)}
    if asked is not None:
        return None if asked in taken else asked
    return next(slot for slot in count() if slot not in taken)
