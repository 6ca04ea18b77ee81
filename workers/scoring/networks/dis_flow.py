"""DIS optical flow as the interpolator of motion smoothness: the frame between two frames."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAME = "dis-flow"


class DisFlow:
    """Interpolates by dense inverse search; there are no weights, so the hash names the library instead."""

    name = NAME
    device = "cpu"

    def __init__(self) -> None:
        self.sha256 = hashlib.sha256(f"opencv {cv2.__version__} DIS medium".encode()).hexdigest()
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._places = np.zeros((0, 0, 2), dtype=np.float32)

    def between(self, before: NDArray[np.uint8], after: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The frame halfway from `before` to `after`, both `(H, W, 3)` uint8 RGB.

        Each side is moved halfway along its own flow and the two are averaged; where the flows disagree with
        the pictures (something is uncovered) the average is a blend, as with any interpolator of this kind.
        """
        if self._places.shape[:2] != before.shape[:2]:
            self._places = _places(*before.shape[:2])
        one, other = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (before, after))
        # The search begins at the flow it is given: at none.
        forward = self._flow.calc(one, other, np.zeros_like(self._places))
        backward = self._flow.calc(other, one, np.zeros_like(self._places))
        moved = [self._moved(before, forward), self._moved(after, backward)]
        return cv2.addWeighted(moved[0], 0.5, moved[1], 0.5, 0.0)  # type: ignore[return-value]

    def _moved(self, frame: NDArray[np.uint8], flow: cv2.typing.MatLike) -> NDArray[np.uint8]:
        """`frame` carried halfway along `flow` `(H, W, 2)` in pixels, sampled backwards."""
        source = cv2.scaleAdd(flow, -0.5, self._places)
        return cv2.remap(frame, source, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload,no-any-return]


def _places(height: int, width: int) -> NDArray[np.float32]:
    """Where each pixel is, x and y, `(H, W, 2)`."""
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return np.stack([x, y], axis=-1)
