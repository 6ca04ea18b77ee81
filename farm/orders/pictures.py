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

    from PIL.ImageFile import ImageFile

    from farm.settings import Settings

#: no model here takes more, and a decoder would unpack such a file to gigabytes
_MAX_SIDE_PX = 16384
#: under these ComfyUI lists a picture
_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp"})


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


def size_of(path: Path) -> tuple[int, int] | None:
    """Width and height as a picture's header tells them; None for any other file. Raises `OSError`."""
    with path.open("rb") as file:
        reader = _reader(file)
        picture = _header(reader, file) if reader else None
        return picture.size if picture else None


def _checked(path: Path, raw: str, what: str, max_bytes: int) -> str:
    try:
        status = path.stat()
        if status.st_size > max_bytes:
            raise OrderRefused(
                f"The {what} '{raw}' is larger than {max_bytes // 2**20} MiB.",
                hint="FARM_MAX_INPUT_BYTES sets how large a file may be.",
            )
        sha256, fault = _read(path, status.st_size, status.st_mtime_ns)
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
        fault = _fault(path, file)
        file.seek(0)
        return hashlib.file_digest(file, "sha256").hexdigest(), fault


def _fault(path: Path, file: BinaryIO) -> str:
    """What forbids to start from this file, as the end of a sentence; empty for nothing."""
    if not path.suffix:
        return "has no extension"
    if path.suffix.lower() not in _SUFFIXES:
        return f"has the extension '{path.suffix}', which is no picture's"
    reader = _reader(file)
    if reader is None:
        return "is no picture"
    picture = _header(reader, file)
    if picture is None:
        return "is damaged or holds no pixels"
    if max(picture.size) > _MAX_SIDE_PX:
        return f"is {picture.width}x{picture.height}; a side may have {_MAX_SIDE_PX} pixels at most"
    return "is an animation" if getattr(picture, "is_animated", False) else ""


def _reader(file: BinaryIO) -> Callable[[BinaryIO], ImageFile] | None:
    """What reads a file that begins so; None where it is no PNG, JPEG or WebP.

    Not `Image.open`, which refuses large pictures in its own words before their size is known.
    """
    from PIL.JpegImagePlugin import JpegImageFile
    from PIL.PngImagePlugin import PngImageFile
    from PIL.WebPImagePlugin import WebPImageFile

    readers: dict[bytes, Callable[[BinaryIO], ImageFile]] = {
        b"\x89PNG": PngImageFile,
        b"\xff\xd8\xff": JpegImageFile,
        b"RIFF": WebPImageFile,
    }
    magic = file.read(4)
    file.seek(0)
    return next((reader for start, reader in readers.items() if magic.startswith(start)), None)


def _header(reader: Callable[[BinaryIO], ImageFile], file: BinaryIO) -> ImageFile | None:
    """The picture with its size, nothing of it decoded; None where its header cannot be read."""
    try:
        return reader(file)
    except OSError as error:
        # Pillow's own errors have no `errno`; the disk's have.
        if error.errno is not None:
            raise
    except (SyntaxError, ValueError, RuntimeError):
        pass
    return None
