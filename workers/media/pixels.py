"""What a frame is: 8-bit RGB with nothing behind it, and one hash for what it shows in whatever file."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from av.video.format import VideoFormat
    from numpy.typing import NDArray

_STRIP_ROWS = 64


class PixelHash:
    """SHA-256 over shape, raw RGB and number of frames, fed one frame at a time.

    Equal exactly when the frames are equal; names of files, containers and metadata do not enter.
    """

    def __init__(self) -> None:
        self._sha = hashlib.sha256(b"farm pixels 1: uint8 rgb\n")
        self.frames = 0

    def add(self, frame: NDArray[np.uint8]) -> None:
        """Add one frame `(H, W, 3)` uint8 RGB; the order of frames counts.

        Raises:
            ValueError: the array has another shape or type.
        """
        require_rgb(frame)
        height, width, _ = frame.shape
        self._sha.update(f"{width}x{height}\n".encode())
        self._sha.update(np.ascontiguousarray(frame).data)
        self.frames += 1

    def hexdigest(self) -> str:
        """The hash of all frames so far, 64 hex digits."""
        closed = self._sha.copy()
        closed.update(f"{self.frames} frames\n".encode())
        return closed.hexdigest()


def over_white(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """RGBA `(H, W, 4)` uint8 -> RGB `(H, W, 3)` as it looks on white paper.

    The one place that decides what stands behind a transparent picture, still or moving.
    """
    height, width, _ = rgba.shape
    rgb = np.empty((height, width, 3), np.uint8)
    # In strips, because the sums need four times the memory of the picture.
    for top in range(0, height, _STRIP_ROWS):
        strip = rgba[top : top + _STRIP_ROWS].astype(np.uint16)
        alpha = strip[..., 3:]
        rgb[top : top + _STRIP_ROWS] = (strip[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255
    return rgb


def is_transparent(stored: VideoFormat | None) -> bool:
    """Whether a clip's pixels carry their own alpha."""
    return stored is not None and any(component.is_alpha for component in stored.components)


def require_rgb(frame: NDArray[np.uint8]) -> None:
    """Refuse anything but `(H, W, 3)` uint8: a float or BGRA frame would be written, and be wrong."""
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or 0 in frame.shape:
        raise ValueError(f"A frame is (H, W, 3) uint8 RGB, not {frame.shape} {frame.dtype}.")
