"""Which takes of the cuts beside it a take is held against for continuity: like is compared with like alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farm.judging.best_take import best_so_far

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.recipe import Recipe
    from models.takes import CutTake, TakeToScore

#: by how much of itself a picture's width to height may differ from another's of one shape: 640x360 and 832x480
#: are both called 16:9
_SAME_SHAPE = 0.04


def neighbours(take: TakeToScore) -> tuple[CutTake | None, CutTake | None]:
    """The takes of the cut before and of the cut after; None where that cut has none to compare with."""
    return _nearest(take.before, take.recipe), _nearest(take.after, take.recipe)


def _nearest(takes: Sequence[CutTake], recipe: Recipe) -> CutTake | None:
    """The best take of the same phase and shape; a still stands in for no clip."""
    alike = [take for take in takes if take.phase is recipe.job_type.phase and _same_shape(take, recipe)]
    return best_so_far(alike) if alike else None


def _same_shape(take: CutTake, recipe: Recipe) -> bool:
    """Whether both show a scene cut to one shape, whatever their sizes: networks bring them to one scale."""
    own, other = recipe.width * take.height, take.width * recipe.height
    return abs(own - other) <= _SAME_SHAPE * max(own, other)
