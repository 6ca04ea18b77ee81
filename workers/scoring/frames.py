"""One decoded frame as every gauge sees it: shrunk once, for all of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]

#: LPIPS depends on size, so every clip is measured at this one
SHORT_SIDE_PX = 256
_LUMA_SIDE_PX = 128
#: levels of 255 by which a held frame may differ from the one before: what a codec adds, less than any line
_HELD_LEVELS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame of a take and what is derived from it."""

    index: int  #: position in the file
    full: Picture  #: (H, W, 3) uint8 RGB as decoded
    small: Picture  #: the same with its short side at `SHORT_SIDE_PX`
    luma: NDArray[np.float32]  #: (h, w) luma in 0..1 with a short side of 128 px
    held: bool  #: shows the same picture as the frame before


class Shrinker:
    """Derives a `Frame` from each decoded picture; remembers the one before and the last distinct one."""

    def __init__(self) -> None:
        self._before: Frame | None = None
        self._distinct: Picture | None = None

    def take(self, index: int, full: Picture) -> Frame:
        """The next frame `(H, W, 3)` uint8 RGB of a clip whose frames all have one size."""
        before = self._before
        # Drawn on twos, every other frame equals the one before bit by bit: seen at once, and never shrunk.
        if before is not None and _equal(before.full, full):
            frame = replace(before, index=index, full=full, held=True)
        else:
            frame = self._shrunk(index, full)
        self._before = frame
        return frame

    def _shrunk(self, index: int, full: Picture) -> Frame:
        small = short_side(full, SHORT_SIDE_PX)
        held = self._distinct is not None and _most(small, self._distinct) <= _HELD_LEVELS
        if not held:
            self._distinct = small
        grey = cv2.cvtColor(short_side(small, _LUMA_SIDE_PX), cv2.COLOR_RGB2GRAY)
        luma = grey.astype(np.float32) / np.float32(255.0)
        return Frame(index=index, full=full, small=small, luma=luma, held=held)


def _equal(one: Picture, other: Picture) -> bool:
    """Whether two pictures are the same; a few rows in the middle tell most that are not."""
    middle = slice(len(one) // 2, len(one) // 2 + 8)
    return _most(one[middle], other[middle]) == 0 and _most(one, other) == 0


def _most(one: Picture, other: Picture) -> int:
    """The largest difference, in levels of 255."""
    return int(cv2.absdiff(one, other).max())


def short_side(picture: Picture, side_px: int) -> Picture:
    """The picture scaled so that its shorter side is `side_px`, averaged over areas when it shrinks."""
    return _scaled(picture, side_px / min(picture.shape[:2]))


def of_height(picture: Picture, height_px: int) -> Picture:
    """The picture scaled to a height of `height_px`, averaged over areas when it shrinks.

    A framing, from close-up to wide, says how much of a person's height is seen: so what is drawn has one size
    in pictures of all shapes, where at one shorter side it is half as large again in an upright one. A strip
    stays a quarter as wide as high, to be a picture at all.
    """
    height, width = picture.shape[:2]
    return _scaled(picture, max(height_px / height, height_px / (4 * width)))


def _scaled(picture: Picture, scale: float) -> Picture:
    height, width = picture.shape[:2]
    if scale == 1.0:
        return picture
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    how = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, size, interpolation=how), dtype=np.uint8)


def square_around(
    picture: Picture, x: float, y: float, side: int, side_px: int, *, how: int | None = None
) -> Picture:
    """The square of `side` pixels around a point, scaled to `side_px`; beyond an edge the edge goes on.

    `how` is OpenCV's way of scaling, where it is not chosen by whether the square shrinks.
    """
    left, top = round(x - side / 2), round(y - side / 2)
    rows = np.clip(np.arange(top, top + side), 0, picture.shape[0] - 1)
    columns = np.clip(np.arange(left, left + side), 0, picture.shape[1] - 1)
    square = np.ascontiguousarray(picture[rows][:, columns])
    if how is None:
        how = cv2.INTER_AREA if side > side_px else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(square, (side_px, side_px), interpolation=how), dtype=np.uint8)
