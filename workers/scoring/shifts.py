"""By how much each part of the picture moved from one frame to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from workers.scoring.diagnostics import DARK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Luma = NDArray[np.float32]

_ROWS, _COLUMNS = 3, 4
#: a block whose luma varies by less of the picture's has nothing to be followed by
_FLAT = 0.02
#: the shifts of a step that nobody looked at
NOT_FOLLOWED: NDArray[np.float64] = np.full((_ROWS * _COLUMNS, 2), np.nan)


class ShiftFinder:
    """Follows each of twelve blocks by phase correlation (Kuglin and Hines, 1975)."""

    def __init__(self) -> None:
        self._window: Luma | None = None

    def shifts(self, before: Luma, after: Luma) -> NDArray[np.float64]:
        """How far each block went, `(12, 2)`, x and y in % of the width, from two lumas `(H, W)` in 0..1.

        NaN for a block that shows nothing to be followed by.
        """
        height, width = _block(before.shape[0] // _ROWS), _block(before.shape[1] // _COLUMNS)
        window = self._hann(height, width)
        flat = _FLAT * max(float(before.mean()), DARK)
        pixels = NOT_FOLLOWED.copy()
        for block in range(len(pixels)):
            row, column = divmod(block, _COLUMNS)
            top, left = row * (before.shape[0] // _ROWS), column * (before.shape[1] // _COLUMNS)
            place = np.s_[top : top + height, left : left + width]
            if float(before[place].std()) >= flat:
                pair = (np.ascontiguousarray(before[place]), np.ascontiguousarray(after[place]))
                pixels[block] = cv2.phaseCorrelate(*pair, window)[0]
        pixels *= 100.0 / before.shape[1]
        return pixels

    def _hann(self, height: int, width: int) -> Luma:
        """A window that hides a block's borders, across which things come and go."""
        if self._window is None or self._window.shape != (height, width):
            self._window = cv2.createHanningWindow((width, height), cv2.CV_32F).astype(np.float32)
        return self._window


def _block(room: int) -> int:
    """The longest side within `room` pixels that a Fourier transform takes as it is, and that is even.

    Any other is padded, and to an odd size half a pixel beside itself: then a picture that stands still moves.

    >>> _block(85), _block(113)
    (80, 108)
    """
    return max(side for side in range(2, room + 1, 2) if cv2.getOptimalDFTSize(side) == side)
