"""Which places of a picture stand from one frame to the next, whatever moves before them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Luma = NDArray[np.float32]
    Cells = NDArray[np.float32]

_CELL_PX = 8
#: pixels that a cell which stands may have gone, at most
_STANDS_PX = 0.5
#: luma a pixel, in the direction in which it changes least: less is lost in the rounding to 255 levels
_FAINT = 0.0025


def standing(before: Luma, after: Luma) -> Cells:
    """1 for a cell of 8 x 8 pixels that cannot have moved by half a pixel, 0 for others, NaN without corners.

    `(h, w)` of two lumas `(H, W)` in 0..1. What moves by d pixels changes by at least d times its slope in the
    direction in which it is flattest: the square root of the smaller eigenvalue of its structure tensor (Shi
    and Tomasi, 1994).
    """
    slope = _least_slope(before)
    stands = np.sqrt(_by_cell((after - before) ** 2)) < _STANDS_PX * slope
    return np.where(slope > _FAINT, stands, np.float32(np.nan)).astype(np.float32)


def share_standing(one: Cells, other: Cells) -> float:
    """The share of cells with corners that stand in both of two steps, 0..1; 0 where there is none."""
    both = one * other
    known = np.isfinite(both)
    return float(both[known].mean()) if known.any() else 0.0


def _least_slope(luma: Luma) -> Luma:
    x, y = (cv2.Sobel(luma, cv2.CV_32F, *order, scale=1 / 8) for order in ((1, 0), (0, 1)))
    xx, yy, xy = _by_cell(x * x), _by_cell(y * y), _by_cell(x * y)
    least = (xx + yy) / 2 - np.hypot((xx - yy) / 2, xy)
    slope: Luma = np.sqrt(np.maximum(least, 0.0))
    return slope


def _by_cell(values: cv2.typing.MatLike) -> Luma:
    """The mean of each cell."""
    height, width = (side // _CELL_PX for side in values.shape[:2])
    whole = values[: height * _CELL_PX, : width * _CELL_PX]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), dtype=np.float32)
