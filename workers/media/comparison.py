"""How equal two takes are, frame by frame: the same pixels, nearly the same picture, or another one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from workers.media.reading import FrameReader

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

#: up to these a difference is rounding on another card or driver, which no one sees
EQUIVALENT_LPIPS = 0.02
EQUIVALENT_MEAN_ERROR = 2.0  #: of 255 levels, mean over a frame's pixels and channels


class Equality(StrEnum):
    """What a reproduction turned out to be."""

    IDENTICAL = "identical"
    EQUIVALENT = "equivalent"
    DIFFERENT = "different"


class Distance(Protocol):
    """How different two frames look, 0 upwards."""

    def __call__(self, one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two takes held against each other; the numbers are those of the worst frame."""

    equality: Equality
    #: frames of the first and of the second take
    frames: tuple[int, int]
    #: mean and greatest difference of a pixel's channel, in levels of 255; None where sizes differ
    mean_error: float | None
    max_error: float | None
    #: None when it was not needed, or nothing here can measure it
    lpips: float | None
    #: number of the frame that differs most; None when none does
    worst_frame: int | None
    #: one sentence where the takes cannot be compared frame by frame
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "equality": self.equality.value,
            "frames": list(self.frames),
            "mean_error": self.mean_error,
            "max_error": self.max_error,
            "lpips": self.lpips,
            "worst_frame": self.worst_frame,
            "reason": self.reason,
        }


def compare(
    one: Path,
    other: Path,
    distance: Distance | None,
    *,
    alive: Callable[[], None] = lambda: None,
) -> Comparison:
    """Decode both takes side by side, once, and compare every frame.

    `distance` is asked only for frames that differ; without it differing pixels are never more than
    `different`, because nobody has looked. `alive` is called once a frame and raises when the work is not ours.

    Raises:
        BadInput: one of them cannot be decoded.
    """
    counts = [0, 0]
    worst = _Worst()
    for number, pair in enumerate(zip_longest(FrameReader(one), FrameReader(other))):
        alive()
        first, second = pair
        counts[0] += first is not None
        counts[1] += second is not None
        if first is None or second is None:
            continue
        if first.shape != second.shape:
            reason = f"Frame {number} has {_size(first)} in the one and {_size(second)} in the other."
            return _unlike((counts[0], counts[1]), reason)
        worst.look(number, first, second, distance)
    if counts[0] != counts[1]:
        return _unlike((counts[0], counts[1]), f"The one has {counts[0]} frames, the other {counts[1]}.")
    return worst.told((counts[0], counts[1]))


class _Worst:
    """The greatest differences seen so far."""

    def __init__(self) -> None:
        self._mean = self._max = 0.0
        self._lpips: float | None = None
        self._frame: int | None = None

    def look(
        self, number: int, one: NDArray[np.uint8], other: NDArray[np.uint8], distance: Distance | None
    ) -> None:
        if np.array_equal(one, other):
            return
        error = np.abs(one.astype(np.int16) - other.astype(np.int16))
        mean = float(error.mean())
        if self._frame is None or mean > self._mean:
            self._mean, self._frame = mean, number
        self._max = max(self._max, float(error.max()))
        if distance is not None:
            self._lpips = max(self._lpips or 0.0, distance(one, other))

    def told(self, frames: tuple[int, int]) -> Comparison:
        return Comparison(
            equality=self._equality(),
            frames=frames,
            mean_error=round(self._mean, 4),
            max_error=self._max,
            lpips=None if self._lpips is None else round(self._lpips, 5),
            worst_frame=self._frame,
        )

    def _equality(self) -> Equality:
        if self._frame is None:
            return Equality.IDENTICAL
        looks_equal = self._lpips is not None and self._lpips <= EQUIVALENT_LPIPS
        return (
            Equality.EQUIVALENT if looks_equal and self._mean <= EQUIVALENT_MEAN_ERROR else Equality.DIFFERENT
        )


def _unlike(frames: tuple[int, int], reason: str) -> Comparison:
    return Comparison(
        equality=Equality.DIFFERENT,
        frames=frames,
        mean_error=None,
        max_error=None,
        lpips=None,
        worst_frame=None,
        reason=reason,
    )


def _size(frame: NDArray[np.uint8]) -> str:
    return f"{frame.shape[1]} x {frame.shape[0]} pixels"
