"""What tests ask of whole files and whole clips at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.media.pixels import PixelHash
from workers.media.reading import FrameReader

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from workers.media.reading import MediaInfo


def probe(path: Path) -> MediaInfo:
    """Count and measure a file by decoding all of it; headers are not believed.

    Raises:
        BadInput: as `read_frames`.
    """
    reader = FrameReader(path)
    for _ in reader:
        pass
    return reader.info


def pixel_sha256(frames: Iterable[NDArray[np.uint8]]) -> str:
    """The pixel hash of a whole clip, or of a still as a clip of one frame."""
    pixels = PixelHash()
    for frame in frames:
        pixels.add(frame)
    return pixels.hexdigest()
