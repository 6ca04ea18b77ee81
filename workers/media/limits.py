"""How much a file may unpack to before it is refused: by frame, by shape and in all."""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING

from models.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

#: 64 megapixels are 192 MiB of RGB: room for 8K and a poster, not for a file that unpacks to gigabytes
MAX_FRAME_PX = 64 * 1024 * 1024
#: a decoder of clips keeps up to 18 frames at a time: room for 8K, in about 1 GiB
MAX_CLIP_FRAME_PX = 36 * 1024 * 1024
#: a longer strip is no picture, and scaled to a network's short side it would grow without bound
MAX_ASPECT = 64
#: progressive JPEGs have about ten
MAX_JPEG_SCANS = 100
_SCAN = b"\xff\xda"
#: what any file may unpack to: 4,100 frames of 1080p, a few minutes of work
_FREE_PX = 8 * 1024**3
#: what each byte of a file may unpack to beyond that; a still picture held for hours in H.264 stays below
_PX_A_BYTE = 4096


def require_bounded(path: Path, width: int, height: int, most_px: int = MAX_FRAME_PX) -> None:
    """Refuse a frame that is too large to decode safely.

    Raises:
        BadInput: more than `most_px` pixels, or more than `MAX_ASPECT` times as long as wide.
    """
    if width * height > most_px:
        raise BadInput(
            f"{path.name} is {width}x{height}; a frame may have {most_px // 1024**2} megapixels at most.",
            hint="Scale it down.",
        )
    if max(width, height) > MAX_ASPECT * max(1, min(width, height)):
        raise BadInput(
            f"{path.name} is {width}x{height}; no side may be more than {MAX_ASPECT} times the other.",
            hint="Cut a picture out of it.",
        )


def require_few_scans(path: Path, picture: bytes | None = None) -> None:
    """Refuse a JPEG of very many scans: each may be a hundred bytes and costs a pass over the whole picture.

    `picture` is one of those in a clip of them; without it the file itself is the picture.

    Raises:
        BadInput: more than `MAX_JPEG_SCANS`.
    """
    if picture is not None:
        scans = picture.count(_SCAN)
    else:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as jpeg:
            scans, at = 0, jpeg.find(_SCAN)
            while at >= 0 and scans <= MAX_JPEG_SCANS:
                scans, at = scans + 1, jpeg.find(_SCAN, at + 2)
    if scans > MAX_JPEG_SCANS:
        raise BadInput(
            f"{path.name} comes in more than {MAX_JPEG_SCANS} scans: it looks like a decompression bomb.",
            hint="Render or export it again.",
        )


class Unpacked:
    """Counts what a file has unpacked to, so that a small file cannot keep a worker busy for days."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._left_px = _FREE_PX + _PX_A_BYTE * path.stat().st_size

    def add(self, width: int, height: int) -> None:
        """Count one more frame.

        Raises:
            BadInput: the file unpacks to far more than its size can honestly hold.
        """
        self._left_px -= width * height
        if self._left_px < 0:
            raise BadInput(
                f"{self._path.name} unpacks to more than {_FREE_PX // 1024**3} gigapixels and is only "
                f"{self._path.stat().st_size} bytes long: it looks like a decompression bomb.",
                hint="Render or export it again.",
            )
