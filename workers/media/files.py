"""A file that appears whole or not at all."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from models.errors import StepFailed
from models.vocabulary import ErrorKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: a full disk, a used-up quota and a file that may not grow any further look the same to a render
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_FOLDER = frozenset({errno.EACCES, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EIO})


class PartialFile:
    """The temporary neighbour `partial` of a file that is still being written."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.partial = target.with_name(f".{target.name}.{os.getpid()}.partial")

    def publish(self) -> None:
        """Bring the bytes to the disk and give the file its name; before this nobody sees it."""
        with disk_errors_told(self.target):
            _sync(self.partial, os.O_RDONLY)
            self.partial.replace(self.target)
            # A name lives in its folder: without this a power cut may undo the rename.
            _sync(self.target.parent, os.O_RDONLY | os.O_DIRECTORY)

    def discard(self) -> None:
        """Remove what was written; harmless after `publish`."""
        self.partial.unlink(missing_ok=True)


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """Give the body a temporary path to write to; publish it as `target`, or remove it when the body raises.

    Raises:
        StepFailed: the disk is full (DISK_FULL) or the folder cannot be written (UNAVAILABLE).
    """
    file = PartialFile(target)
    try:
        with disk_errors_told(target):
            yield file.partial
        file.publish()
    finally:
        file.discard()


@contextmanager
def disk_errors_told(target: Path) -> Iterator[None]:
    """Translate what the operating system says about writing `target` into one sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise StepFailed(
                f"The disk is full: {target.name} could not be written to {target.parent}.",
                error_kind=ErrorKind.DISK_FULL,
                hint="Free some space there or point the farm at another disk, then retake the job.",
            ) from error
        if error.errno in _NO_FOLDER:
            raise StepFailed(
                f"{target.name} could not be written to {target.parent}: {os.strerror(error.errno or 0)}.",
                error_kind=ErrorKind.UNAVAILABLE,
                hint="Check that the folder exists and that the farm's user may write there.",
            ) from error
        raise


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
