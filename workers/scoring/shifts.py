"""By how much the whole picture moved from one frame to the next, apart from what moves in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Luma = NDArray[np.float32]

_ROWS, _COLUMNS = 3, 4
#: a block whose luma varies less has nothing to be followed by
_FLAT = 0.01


class ShiftFinder:
    """Follows each of twelve blocks and says what half of them did: a jumping figure shakes no camera."""

    def __init__(self) -> None:
        self._window: Luma | None = None

    def shift(self, before: Luma, after: Luma) -> tuple[float, float]:
        """How far the picture went, x and y in % of the width, from two lumas `(H, W)` of one size in 0..1.

        The median over the blocks that show anything; (0, 0) when none does.
        """
        shifts = [_followed(*pair, self._hann(pair[0])) for pair in _blocks(before, after)]
        if not shifts:
            return 0.0, 0.0
        x, y = np.median(np.array(shifts), axis=0) * 100.0 / before.shape[1]
        return float(x), float(y)

    def _hann(self, block: Luma) -> Luma:
        """A window that hides a block's borders, across which things come and go."""
        if self._window is None or self._window.shape != block.shape:
            self._window = cv2.createHanningWindow(block.shape[::-1], cv2.CV_32F).astype(np.float32)
        return self._window


def _blocks(before: Luma, after: Luma) -> list[tuple[Luma, Luma]]:
    height, width = before.shape[0] // _ROWS, before.shape[1] // _COLUMNS
    pairs = []
    for row in range(_ROWS):
        for column in range(_COLUMNS):
            place = np.s_[row * height : (row + 1) * height, column * width : (column + 1) * width]
            if float(before[place].std()) >= _FLAT:
                pairs.append((np.ascontiguousarray(before[place]), np.ascontiguousarray(after[place])))
    return pairs


def _followed(before: Luma, after: Luma, window: Luma) -> tuple[float, float]:
    (x, y), _ = cv2.phaseCorrelate(before, after, window)
    return x, y
