"""Logs of bounded size: the older part of a long one is copied beside it and taken off its head.

Whoever writes keeps the file open, in append mode, and notices nothing: it need not be asked to open it anew,
and nothing stands between it and its file that could block it.
"""

from __future__ import annotations

import ctypes
import os
import shutil
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

_LARGEST_BYTES = 10 * 1024**2
_OLDER_PARTS = 2
#: fallocate's mode that takes a range out of a file and moves the rest up
_COLLAPSE_RANGE = 0x08


def shorten_all(folder: Path, *, largest_bytes: int = _LARGEST_BYTES) -> None:
    """Take the older part off every log in `folder` that is larger than that.

    Raises:
        OSError: one cannot be read, or its part cannot be written; it goes on growing.
    """
    for log in sorted(folder.glob("*.log")):
        if log.stat().st_size > largest_bytes:
            _shorten(log)


def _shorten(log: Path) -> None:
    """Move all but the end of it to `{name}.log.1`, after what that held moved to `{name}.log.2`."""
    parts = [log.with_name(f"{log.name}.{number}") for number in range(1, _OLDER_PARTS + 1)]
    draft = log.with_name(f".{log.name}.part")
    try:
        with log.open("r+b") as source, draft.open("wb") as older:
            _take_off(source, older)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    for part, next_part in reversed(list(pairwise(parts))):
        with suppress(FileNotFoundError):
            part.replace(next_part)
    draft.replace(parts[0])


def _take_off(source: BinaryIO, older: BinaryIO) -> None:
    """Copy whole blocks from the head of `source` and take them off; what is written meanwhile stays."""
    block = os.fstatvfs(source.fileno()).f_bsize
    length = (os.fstat(source.fileno()).st_size - 1) // block * block
    _copy(source, older, length)
    if not _collapsed(source, length):
        # A file system that cannot: only a line written between these two statements is lost.
        shutil.copyfileobj(source, older)
        source.truncate(0)


def _copy(source: BinaryIO, older: BinaryIO, length: int) -> None:
    while length > 0 and (chunk := source.read(min(length, 2**20))):
        older.write(chunk)
        length -= len(chunk)


def _collapsed(file: BinaryIO, length: int) -> bool:
    """Whether the file system took that many bytes off the head of the file, in one stroke for all writers."""
    try:
        fallocate = ctypes.CDLL(None, use_errno=True).fallocate
    except AttributeError:
        return False
    fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
    return bool(fallocate(file.fileno(), _COLLAPSE_RANGE, 0, length) == 0)
