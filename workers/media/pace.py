"""How evenly a file shows its frames: an average rate can be right while no frame comes when it should."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction

#: Matroska, WebM and many a remuxed file keep whole milliseconds
MILLISECOND = 0.001
#: share of a frame's time by which a step may miss it
_SLACK = 0.1


class Pace:
    """The shortest and the longest step from one frame to the next, in seconds."""

    def __init__(self, tick_s: float = MILLISECOND) -> None:
        """`tick_s` is what the file rounds its times to."""
        self._tick_s = tick_s
        self._before: float | None = None
        #: when the latest frame that names its time comes; 0 before any does
        self.ends_s = 0.0
        self.shortest_s = math.inf
        self.longest_s = 0.0

    def show(self, at_s: float | None) -> None:
        """The next frame comes at this time; None where the file names none."""
        if at_s is not None and self._before is not None:
            self.hold(at_s - self._before)
        self._before = at_s
        if at_s is not None:
            self.ends_s = max(self.ends_s, at_s)

    def hold(self, seconds: float) -> None:
        """Take one frame's time on screen into account."""
        self.shortest_s = min(self.shortest_s, seconds)
        self.longest_s = max(self.longest_s, seconds)

    def __str__(self) -> str:
        shortest, longest = (f"{1000 * seconds:.0f}" for seconds in (self.shortest_s, self.longest_s))
        return f"{shortest} ms" if shortest == longest else f"{shortest} to {longest} ms"

    def keeps(self, fps: Fraction) -> bool:
        """Whether every step is that of the rate, but for rounding; True too where the file names no times."""
        if self.shortest_s > self.longest_s or not fps:
            return True
        step_s = float(1 / fps)
        # Both ends of a step are rounded.
        most_s = _SLACK * step_s + 2 * self._tick_s
        return max(self.longest_s - step_s, step_s - self.shortest_s) <= most_s
