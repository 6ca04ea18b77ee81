"""Pictures that a render starts from: inside the allowed folders or the artifact store, and really pictures."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

from farm.roots import confined
from models.errors import OrderRefused
from models.recipe import InputPicture

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from farm.settings import Settings

_HEAD_BYTES = 64 * 1024
#: JPEG markers of a frame header; those between them mean other things
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def named(raw: str, settings: Settings, what: str) -> InputPicture:
    """The picture a person names, known by its content; `what` is what a refusal calls it.

    Raises:
        OrderRefused: it lies outside the allowed folders, is too large, or is no PNG, JPEG or WebP picture.
        UnknownName: there is no such file.
    """
    path = confined(raw, (*settings.roots, settings.artifacts_dir), what)
    return InputPicture(path=str(path), sha256=_checked(path, raw, what, settings.max_input_bytes))


def has_picture_header(data: bytes) -> bool:
    """Whether a file that begins so is a PNG, JPEG or WebP picture with a width and a height above zero."""
    size = next((read(data) for magic, read in _FORMATS if data.startswith(magic)), None)
    return size is not None and min(size) > 0


def _checked(path: Path, raw: str, what: str, max_bytes: int) -> str:
    try:
        found = path.stat()
        if found.st_size > max_bytes:
            raise OrderRefused(
                f"The {what} '{raw}' is larger than {max_bytes // 2**20} MiB.",
                hint="FARM_MAX_INPUT_BYTES sets how large a file may be.",
            )
        sha256, is_picture = _read(path, found.st_size, found.st_mtime_ns)
    except OSError as error:
        raise OrderRefused(
            f"The {what} '{raw}' cannot be read: {error.strerror or error}.", hint="Check its rights."
        ) from error
    if not is_picture:
        raise OrderRefused(f"The {what} '{raw}' is no picture.", hint="Give a PNG, JPEG or WebP file.")
    return sha256


@lru_cache(maxsize=4096)
def _read(path: Path, size: int, changed_at: int) -> tuple[str, bool]:
    """SHA-256 and whether it is a picture; read again only when size or time changed."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        file.seek(0)
        # A JPEG may carry a long profile before its size: then the whole file is looked at.
        is_picture = has_picture_header(head) or (size > len(head) and has_picture_header(path.read_bytes()))
        return hashlib.file_digest(file, "sha256").hexdigest(), is_picture


def _png_size(data: bytes) -> tuple[int, int] | None:
    if data[12:16] != b"IHDR" or len(data) < 24:
        return None
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        if data[at + 1] in _FRAME_HEADERS:
            return int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(data[at + 5 : at + 7], "big")
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def _webp_size(data: bytes) -> tuple[int, int] | None:
    if data[8:12] != b"WEBP" or len(data) < 30:
        return None
    if data[12:16] == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if data[12:16] == b"VP8L" and data[20] == 0x2F:
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if data[12:16] == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        return int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF
    return None


_FORMATS: tuple[tuple[bytes, Callable[[bytes], tuple[int, int] | None]], ...] = (
    (b"\x89PNG\r\n\x1a\n", _png_size),
    (b"\xff\xd8\xff", _jpeg_size),
    (b"RIFF", _webp_size),
)
