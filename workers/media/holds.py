"""How many frames a picture of an animation stands for: savers keep a held drawing once, with its time."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: share of a frame's time by which a picture's may miss a whole number of frames
_SLACK = Fraction(1, 6)


def frames_held(
    shown_ms: Sequence[Fraction], *, tick_ms: Fraction, rate: Fraction = Fraction(0)
) -> tuple[int, ...]:
    """Frames for each of the times on screen, which a file rounds to `tick_ms`; one each where none fits all.

    The times alone say how many times the shortest each is. Only the ordered `rate` (frames per second, 0 for
    none) knows that even the shortest is held: 120 ms are three frames at 25 a second.

    >>> frames_held([Fraction(40), Fraction(480)], tick_ms=Fraction(1))
    (1, 12)
    """
    once = (1,) * len(shown_ms)
    if not shown_ms or min(shown_ms) <= 0:
        return once
    counts = tuple(round(each / min(shown_ms)) for each in shown_ms)
    step_ms = sum(shown_ms, Fraction(0)) / sum(counts)
    # Both ends of a time are rounded, each by half a tick at most.
    most_ms = min(tick_ms, _SLACK * step_ms)
    if any(abs(each - count * step_ms) >= most_ms for each, count in zip(shown_ms, counts, strict=True)):
        return once
    frames_a_step = _frames_a_step(step_ms, tick_ms, rate)
    return tuple(count * frames_a_step for count in counts)


def _frames_a_step(step_ms: Fraction, tick_ms: Fraction, rate: Fraction) -> int:
    """How many frames at `rate` the shortest picture stands; 1 where they do not fill its time."""
    if not rate:
        return 1
    frame_ms = 1000 / rate
    count = max(1, round(step_ms / frame_ms))
    # Savers cut a frame's time down to whole ticks before they add up.
    fits = abs(step_ms - count * frame_ms) <= min(2 * tick_ms, frame_ms / 4)
    return count if fits else 1
