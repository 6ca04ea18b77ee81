"""A file that appears whole or not at all."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from models import disk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class PartialFile:
    """The temporary neighbour `partial` of a file that is still being written."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.partial = target.with_name(f".{target.name}.{os.getpid()}.partial")

    def publish(self) -> None:
        """Bring the bytes to the disk and give the file its name; before this it is not visible."""
        with disk_errors_told(self.target):
            disk.sync(self.partial)
            self.partial.replace(self.target)
            # A name lives in its folder: without this a power cut may undo the rename.
            disk.sync(self.target.parent)

    def discard(self) -> None:
        """Remove what was written; harmless after `publish`."""
        self.partial.unlink(missing_ok=True)


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """Give the body a temporary path to write to; publish it as `target`, or remove it when the body raises.

    Raises:
        StepFailed: the disk is full (DISK_FULL) or the folder cannot be written (STORE_UNAVAILABLE).
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
    with disk.step_errors(f"the file {target.name} could not be written to {target.parent}"):
        yield
