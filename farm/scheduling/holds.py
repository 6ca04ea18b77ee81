"""What follows when a machine cannot do its work: its worker steps aside, its pool pauses, or its job is held.

A full disk fails a job faster than a healthy worker renders one: one sick worker would fail a whole queue. What
its machine causes is handed back uncounted, and it looks again by itself, after a pause that doubles while its
looks find nothing and work comes back all the same. Where one job comes back from worker after worker, and no
other does, it is a job that no machine here can do, and a person has to look at it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from models.scheduling import NewHold
from models.vocabulary import HoldScope

if TYPE_CHECKING:
    from models.scheduling import Sickness

SEVERAL = 3
"""So many workers with one cause are no accident of one machine."""

POOL_PAUSE = timedelta(minutes=1)
"""How long a pool is held: its healthy workers, where it has some, go on after that."""


def of_the_machine(
    sickness: Sickness, *, worker_id: str, lane: str, reason: str, pause: timedelta
) -> tuple[NewHold, ...]:
    """What is held when a worker cannot work: itself, and its lane when several fell out for one cause.

    A worker that is known to stand aside tells nothing new of its lane.
    """
    itself = NewHold(scope=HoldScope.WORKER, target=worker_id, reason=reason, pause=pause)
    if sickness.is_known or sickness.others_aside + 1 < SEVERAL:
        return (itself,)
    everybodys = f"{sickness.others_aside + 1} of its workers have the same cause: {reason}"
    return itself, NewHold(scope=HoldScope.POOL, target=lane, reason=everybodys, pause=POOL_PAUSE)


def is_the_jobs_own(sickness: Sickness) -> bool:
    """Whether the job is to blame: several workers handed it back, and too few of them anything else."""
    return sickness.handed_back_by + 1 >= SEVERAL and sickness.others_aside + 1 < SEVERAL
