"""Which takes of the cuts beside it a take is held against for continuity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farm.judging.best_take import best_so_far
from models.vocabulary import Phase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.takes import CutTake, TakeToScore


def neighbours(take: TakeToScore) -> tuple[CutTake | None, CutTake | None]:
    """The takes of the cut before and of the cut after; None where that cut has none."""
    return _nearest(take.before, take.phase), _nearest(take.after, take.phase)


def _nearest(takes: Sequence[CutTake], phase: Phase) -> CutTake | None:
    """The best take of the same phase, else the best still, else the best of all."""
    for nearest in (phase, Phase.STILL):
        if of_phase := [take for take in takes if take.phase is nearest]:
            return best_so_far(of_phase)
    return best_so_far(takes) if takes else None
