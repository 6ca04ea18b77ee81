"""What a disk refuses, as one sentence; how a file safely reaches the disk, and its hash."""

from __future__ import annotations

import errno
import hashlib
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from models.errors import StepFailed
from models.vocabulary import ErrorKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: to a writer, a full disk, a used-up quota and a file at its size limit are the same
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
#: the folder is gone, another user's, read-only, something else lies there, or its disk does not answer
_NO_FOLDER = frozenset(
    {
        *(errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.ESTALE, errno.EBUSY),
        *(errno.ENOENT, errno.ENOTDIR, errno.EEXIST, errno.ELOOP),
    }
)


def is_full(error: BaseException) -> bool:
    """Whether the error says that the disk, or the quota on it, is full."""
    return isinstance(error, OSError) and error.errno in _NO_SPACE


def sentence(error: OSError, refused: str) -> str:
    """Why the disk refused, with what it `refused`: "the folder X cannot be written", without a full stop."""
    if is_full(error):
        return f"The disk is full: {refused}."
    return f"{refused[:1].upper()}{refused[1:]}: {error.strerror or error}."


@contextmanager
def step_errors(refused: str) -> Iterator[None]:
    """Raise what the disk says as a step's failure; any other error stays what it is.

    Raises:
        StepFailed: the disk is full (DISK_FULL) or the folder cannot be written (STORE_UNAVAILABLE).
    """
    try:
        yield
    except OSError as error:
        if is_full(error):
            kind, hint = ErrorKind.DISK_FULL, "Free some space or use another disk."
        elif error.errno in _NO_FOLDER:
            kind = ErrorKind.STORE_UNAVAILABLE
            hint = "Check that the folder exists, is mounted, and belongs to the farm's user."
        else:
            raise
        raise StepFailed(sentence(error, refused), error_kind=kind, hint=hint) from error


def replace_text(path: Path, text: str) -> None:
    """Replace a file's text as a whole: a reader sees the old text or the new one, never a part."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def sync(path: Path) -> None:
    """Bring a file's bytes, or a folder's names, to the disk: without it a power cut may undo a rename."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
