"""How equal two takes are, frame by frame: the same pixels, nearly the same picture, or another one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from models.plain import plain_fields
from workers.media.pixels import PixelHash
from workers.media.reading import FrameReader

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Frame = NDArray[np.uint8]

#: up to these a difference is rounding on another card or driver, which no one sees
EQUIVALENT_LPIPS = 0.02
EQUIVALENT_MEAN_ERROR = 2.0  #: of 255 levels, mean over a frame's pixels and channels
#: mean over any spot: a hard JPEG or a shift by a tenth of a pixel stay below 9, other eyes reach 37
EQUIVALENT_SPOT_ERROR = 16.0
SPOT_PX = 8


class Equality(StrEnum):
    """What a reproduction turned out to be."""

    IDENTICAL = "identical"
    EQUIVALENT = "equivalent"
    DIFFERENT = "different"


class Distance(Protocol):
    """How different two frames look, 0 upwards; None: nothing here can say."""

    def __call__(self, one: Frame, other: Frame) -> float | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two takes held against each other; the numbers are those of the worst frame."""

    equality: Equality
    #: frames of the first and of the second take
    frames: tuple[int, int]
    #: frames that are the same in both, pixel by pixel
    equal_frames: int
    #: mean and greatest difference of a pixel's channel, in levels of 255; None where sizes differ
    mean_error: float | None
    max_error: float | None
    #: mean difference in the spot of `SPOT_PX` x `SPOT_PX` pixels that differs most; None where sizes differ
    spot_error: float | None
    #: None when it was not needed, or nothing here can measure it
    lpips: float | None
    #: number of the frame that differs most; None when none does
    worst_frame: int | None
    #: of what was decoded, as `PixelHash` counts it
    pixel_sha256: tuple[str, str]
    #: one sentence where the takes cannot be compared frame by frame
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        return plain_fields(self)


def compare(
    one: Path,
    other: Path,
    distance: Distance | None,
    *,
    alive: Callable[[], None] = lambda: None,
) -> Comparison:
    """Decode both takes side by side, once and to their ends, and compare every frame.

    `distance` is asked only for frames that differ; without its answer differing pixels are never more than
    `different`, because nobody has looked. `alive` is called once a frame and raises when the work is not ours.

    Raises:
        BadInput: one of them cannot be decoded.
    """
    tally = _Tally(distance)
    for number, (first, second) in enumerate(zip_longest(FrameReader(one), FrameReader(other))):
        alive()
        tally.look(number, first, second)
    return tally.comparison()


class _Tally:
    """What is known of two takes after the frames seen so far."""

    def __init__(self, distance: Distance | None) -> None:
        self._distance = distance
        self._pixels = (PixelHash(), PixelHash())
        self._equal = 0
        self._mean = self._max = self._spot = 0.0
        self._lpips: float | None = 0.0
        self._frame: int | None = None
        self._odd_size = ""

    def look(self, number: int, one: Frame | None, other: Frame | None) -> None:
        """The next frame of each; None past its end."""
        for pixels, frame in zip(self._pixels, (one, other), strict=True):
            if frame is not None:
                pixels.add(frame)
        if one is None or other is None or self._odd_size:
            return
        if one.shape != other.shape:
            self._odd_size = f"Frame {number} has {_size(one)} in the one and {_size(other)} in the other."
        elif np.array_equal(one, other):
            self._equal += 1
        else:
            self._differ(number, one, other)

    def comparison(self) -> Comparison:
        """What is known after the last frame."""
        frames = (self._pixels[0].frames, self._pixels[1].frames)
        reason = self._odd_size
        if frames[0] != frames[1]:
            reason = reason or f"The one has {frames[0]} frames, the other {frames[1]}."
        seen = self._frame is not None and self._lpips is not None
        return Comparison(
            equality=Equality.DIFFERENT if reason else self._equality(),
            frames=frames,
            equal_frames=self._equal,
            mean_error=None if reason else round(self._mean, 4),
            max_error=None if reason else self._max,
            spot_error=None if reason else round(self._spot, 2),
            lpips=round(self._lpips, 5) if seen and not reason and self._lpips is not None else None,
            worst_frame=None if reason else self._frame,
            pixel_sha256=(self._pixels[0].hexdigest(), self._pixels[1].hexdigest()),
            reason=reason,
        )

    def _differ(self, number: int, one: Frame, other: Frame) -> None:
        error = np.abs(one.astype(np.int16) - other.astype(np.int16))
        mean = float(error.mean())
        if self._frame is None or mean > self._mean:
            self._mean, self._frame = mean, number
        self._max = max(self._max, float(error.max()))
        self._spot = max(self._spot, _worst_spot(error))
        apart = self._distance(one, other) if self._distance is not None else None
        if apart is None or self._lpips is None or not math.isfinite(apart):
            # One frame that could not be measured leaves the distance of the whole take unknown.
            self._lpips = None
        else:
            self._lpips = max(self._lpips, apart)

    def _equality(self) -> Equality:
        if self._frame is None:
            return Equality.IDENTICAL
        looks_equal = self._lpips is not None and self._lpips <= EQUIVALENT_LPIPS
        is_near = self._mean <= EQUIVALENT_MEAN_ERROR and self._spot <= EQUIVALENT_SPOT_ERROR
        return Equality.EQUIVALENT if looks_equal and is_near else Equality.DIFFERENT


def _worst_spot(error: NDArray[np.int16]) -> float:
    """The greatest mean of `error` `(H, W, 3)` over any spot; what is left of a side belongs to its last one.

    Means over the frame do not see two eyes of another colour, and nor does LPIPS.
    """
    height, width, channels = error.shape
    rows, columns = (np.arange(0, max(1, side - SPOT_PX + 1), SPOT_PX) for side in (height, width))
    sums = np.add.reduceat(np.add.reduceat(error.sum(axis=2, dtype=np.int64), rows), columns, axis=1)
    sizes = np.outer(np.diff(rows, append=height), np.diff(columns, append=width)) * channels
    return float((sums / sizes).max())


def _size(frame: Frame) -> str:
    return f"{frame.shape[1]} x {frame.shape[0]} pixels"
