"""Which colours a cropped head holds, and where: histograms of zones that say nothing of the shapes in them."""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SIDE_PX = 64
#: values of each of red, green and blue that pixels are shared out between
_STEPS = 5
_ZONES = 5


def colours(square: NDArray[np.uint8], width: float) -> NDArray[np.float32]:
    """Roots of the shares of 125 colours in the 5 zones of a head, `(625,)`, from a square around it.

    The square is `width` head widths wide. A pixel is shared out between the eight colours next to its own, so
    that a little more light changes the numbers a little.
    """
    small = cv2.resize(square, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA).reshape(-1, 3)
    place = small.astype(np.float32) * ((_STEPS - 1) / 255.0)
    low = np.minimum(place.astype(np.int64), _STEPS - 2)
    above = place - low
    base = _zones(width) * _STEPS**3 + low @ np.array([_STEPS**2, _STEPS, 1])
    shares = np.zeros(_ZONES * _STEPS**3)
    for corner in product((0, 1), repeat=3):
        weight = np.prod(np.where(corner, above, 1.0 - above), axis=1)
        index = base + corner[0] * _STEPS**2 + corner[1] * _STEPS + corner[2]
        shares += np.bincount(index, weight, minlength=len(shares))
    each = shares.reshape(_ZONES, -1)
    return np.asarray(np.sqrt(each / each.sum(axis=1, keepdims=True)).reshape(-1), dtype=np.float32)


@lru_cache(maxsize=2)
def _zones(width: float) -> NDArray[np.int64]:
    """The zone of each pixel: crown, eyes, mouth and chin, the rest of the head, what is around it."""
    y, x = (np.indices((_SIDE_PX, _SIDE_PX)) + 0.5) / _SIDE_PX * width - width / 2
    zone = np.full((_SIDE_PX, _SIDE_PX), 4)
    zone[np.hypot(x, y) < 0.55] = 3
    zone[(np.abs(x) < 0.34) & (y > -0.48) & (y < -0.12)] = 0
    zone[(np.abs(x) < 0.34) & (y >= -0.12) & (y < 0.22)] = 1
    zone[(np.abs(x) < 0.30) & (y >= 0.22) & (y < 0.50)] = 2
    return zone.reshape(-1)
