"""Pictures that a render starts from: inside the allowed folders or the artifact store, and really pictures."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, BinaryIO

from farm.paths import confined
from models.errors import OrderRefused
from models.recipe import InputPicture

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from farm.settings import Settings

_HEAD_BYTES = 64 * 1024
#: no model here takes more, and a decoder would unpack such a file to gigabytes
_MAX_SIDE_PX = 16384
#: under these ComfyUI lists a picture
_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp"})
_PNG = b"\x89PNG\r\n\x1a\n"
#: what stands before a PNG's pixels is a handful of chunks; thousands are no picture
_MAX_PNG_CHUNKS = 1000
_WEBP_ANIMATED = 0x02
#: JPEG markers of a frame header; those between them mean other things
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def named(raw: str, settings: Settings, what: str) -> InputPicture:
    """The picture a person names, known by its content; `what` is what a refusal calls it.

    Only what its header tells is looked at here; the worker decodes it before it is used.

    Raises:
        Forbidden: it lies outside the allowed folders.
        OrderRefused: it is too large, moves, or is no picture in PNG, JPEG or WebP.
        UnknownName: there is no such file.
    """
    path = confined(raw, (*settings.roots, settings.artifacts_dir), what)
    return InputPicture(path=str(path), sha256=_checked(path, raw, what, settings.max_input_bytes))


def has_picture_header(data: bytes) -> bool:
    """Whether a file that begins so is a PNG, JPEG or WebP picture with a width and a height above zero."""
    size = _size(data)
    return size is not None and min(size) > 0


def _size(data: bytes) -> tuple[int, int] | None:
    return next((read(data) for magic, read in _FORMATS if data.startswith(magic)), None)


def _checked(path: Path, raw: str, what: str, max_bytes: int) -> str:
    try:
        found = path.stat()
        if found.st_size > max_bytes:
            raise OrderRefused(
                f"The {what} '{raw}' is larger than {max_bytes // 2**20} MiB.",
                hint="FARM_MAX_INPUT_BYTES sets how large a file may be.",
            )
        sha256, fault = _read(path, found.st_size, found.st_mtime_ns)
    except OSError as error:
        raise OrderRefused(
            f"The {what} '{raw}' cannot be read: {error.strerror or error}.", hint="Check its rights."
        ) from error
    if fault:
        raise OrderRefused(f"The {what} '{raw}' {fault}.", hint="Give one still PNG, JPEG or WebP picture.")
    return sha256


@lru_cache(maxsize=4096)
def _read(path: Path, size: int, changed_at: int) -> tuple[str, str]:
    """SHA-256, and what forbids to start from it; read again only when size or time changed."""
    with path.open("rb") as file:
        fault = _fault(path, file, size)
        file.seek(0)
        return hashlib.file_digest(file, "sha256").hexdigest(), fault


def _fault(path: Path, file: BinaryIO, size: int) -> str:
    """What of its header forbids to start from this file, as the end of a sentence; empty for nothing."""
    if path.suffix.lower() not in _SUFFIXES:
        return (
            f"has the extension '{path.suffix}', which is no picture's" if path.suffix else "has no extension"
        )
    head = file.read(_HEAD_BYTES)
    if not has_picture_header(head) and size > len(head):
        # A JPEG may carry a long profile before its size: then the whole file is looked at.
        head += file.read()
    sides = _size(head)
    if sides is None or min(sides) == 0:
        return "is no picture"
    if max(sides) > _MAX_SIDE_PX:
        return f"is {sides[0]}x{sides[1]}; a side may have {_MAX_SIDE_PX} pixels at most"
    if head.startswith(_PNG):
        return _png_fault(file)
    is_animated = head[12:16] == b"VP8X" and head[20] & _WEBP_ANIMATED
    return "is an animation" if is_animated else ""


def _png_fault(file: BinaryIO) -> str:
    """A PNG says before its pixels whether it has more than one frame."""
    at = len(_PNG)
    for _ in range(_MAX_PNG_CHUNKS):
        file.seek(at)
        chunk = file.read(12)
        if len(chunk) < 12 or chunk[4:8] == b"IEND":
            break
        if chunk[4:8] == b"acTL" and int.from_bytes(chunk[8:12], "big") > 1:
            return "is an animation"
        if chunk[4:8] == b"IDAT":
            return ""
        at += 12 + int.from_bytes(chunk[:4], "big")
    return "holds no pixels"


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
    (_PNG, _png_size),
    (b"\xff\xd8\xff", _jpeg_size),
    (b"RIFF", _webp_size),
)
