"""Where a clip is cut: every metric is measured inside one shot, a cut is never bad motion."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shots:
    """The shots of a clip, by the frames at which a new one begins."""

    #: number of the first frame of each shot but the first, rising
    cuts: tuple[int, ...] = ()

    def shot_of(self, frame: int) -> int:
        """Which shot, counted from 0, a frame belongs to.

        >>> Shots((10, 20)).shot_of(10)
        1
        """
        return bisect_right(self.cuts, frame)

    def together(self, *frames: int) -> bool:
        """Whether all these frames belong to one shot."""
        return len({self.shot_of(frame) for frame in frames}) == 1
