"""One hash for what a picture shows, whatever file it is kept in."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


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


def pixel_sha256(frames: Iterable[NDArray[np.uint8]]) -> str:
    """The pixel hash of a whole clip, or of a still as a clip of one frame."""
    pixels = PixelHash()
    for frame in frames:
        pixels.add(frame)
    return pixels.hexdigest()


def require_rgb(frame: NDArray[np.uint8]) -> None:
    """Refuse anything but `(H, W, 3)` uint8: a float or BGRA frame would be written, and be wrong."""
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or 0 in frame.shape:
        raise ValueError(f"A frame is (H, W, 3) uint8 RGB, not {frame.shape} {frame.dtype}.")
