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

    def between(self, before: NDArray[np.uint8], after: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The frame halfway from `before` to `after`, both `(H, W, 3)` uint8 RGB.

        Each side is moved halfway along its own flow and the two are averaged; where the flows disagree with
        the pictures (something is uncovered) the average is a blend, as with any interpolator of this kind.
        """
        grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (before, after)]
        # A flow to start from is required by the signature and ignored by this method.
        start = np.zeros((*grey[0].shape, 2), dtype=np.float32)
        forward = np.asarray(self._flow.calc(grey[0], grey[1], start.copy()), dtype=np.float32)
        backward = np.asarray(self._flow.calc(grey[1], grey[0], start.copy()), dtype=np.float32)
        return cv2.addWeighted(_moved(before, forward), 0.5, _moved(after, backward), 0.5, 0.0)  # type: ignore[return-value]


def _moved(frame: NDArray[np.uint8], flow: NDArray[np.float32]) -> NDArray[np.uint8]:
    """`frame` carried halfway along `flow` `(H, W, 2)` in pixels, sampled backwards."""
    height, width = frame.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return cv2.remap(  # type: ignore[return-value]
        frame, x - 0.5 * flow[..., 0], y - 0.5 * flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
