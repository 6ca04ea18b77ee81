"""Deliverables: takes under the names a studio's editorial expects, in versions that never change.

{show}/ep001/sc010/c0010/{phase}/v001/{show}_001_010_0010_{phase}_v001.1001.png

A version is one take, known by its pixels and its rate, which the `take.json` in its folder names. It appears
whole: its files are written into a hidden folder beside it, which one rename brings into place.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from models import disk, failpoints
from models.errors import BadInput, Conflict, StepFailed
from models.takes import SIDECAR
from models.vocabulary import ErrorKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from models.vocabulary import Phase

#: the first frame of a picture sequence carries this number in every studio
FIRST_FRAME = 1001
#: a delivery that is still being written adds a file every few seconds; one this old was killed
_ABANDONED_AFTER_S = 3600
_TAKEN = frozenset({errno.ENOTEMPTY, errno.EEXIST})


class VersionTaken(Conflict):
    """Somebody else has delivered this version in the meantime."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryName:
    """Which phase of which cut; numbers are those of the show, not of rows."""

    show: str
    episode: int
    scene: int
    cut: int
    phase: Phase

    def __post_init__(self) -> None:
        if min(self.episode, self.scene, self.cut) < 0:
            raise BadInput("Episode, scene and cut are numbers from 0.", hint="Look at the show's file.")

    @property
    def place(self) -> str:
        """The folder that holds the versions, relative, with forward slashes."""
        cut = f"ep{self.episode:03d}/sc{self.scene:03d}/c{self.cut:04d}"
        return f"{slug(self.show)}/{cut}/{self.phase}"

    def file(self, version: int, suffix: str, frame: int | None = None) -> str:
        """The name of a file; `frame` numbers the pictures of a sequence and is left out for a clip."""
        numbers = f"{self.episode:03d}_{self.scene:03d}_{self.cut:04d}"
        number = f".{frame:04d}" if frame is not None else ""
        return f"{slug(self.show)}_{numbers}_{self.phase}_{version_name(version)}{number}{suffix}"

    def pictures(self, version: int, frames: int) -> tuple[str, ...]:
        """The names of a sequence of so many frames, the first of them number 1001."""
        return tuple(self.file(version, ".png", FIRST_FRAME + index) for index in range(frames))


def version_name(version: int) -> str:
    """How a version is called: `v001`."""
    return f"v{version:03d}"


def version_of(
    place: Path, known_by: Mapping[str, Any], names: Callable[[int], Sequence[str]] = lambda _: ()
) -> int:
    """The version under which a take was delivered in `place`, or else the next that is free; 1 and up.

    It is the one whose sidecar tells all that the take is `known_by`, as `{"pixel_sha256": ...}`, and that has
    all the files that `names` gives for it: in another form it is another version, because none ever changes.

    What deliveries that were killed left in `place` is cleared away first.

    Raises:
        BadInput: the folder cannot be looked into.
    """
    with _disk_errors(place):
        _remove_abandoned(place)
        folders = {int(each.name[1:]): each for each in _versions(place)}
        same = [
            version
            for version, folder in folders.items()
            if known_by.items() <= _take_of(folder).items() and not missing(folder, names(version))
        ]
    return min(same) if same else max(folders, default=0) + 1


def missing(folder: Path, names: Sequence[str]) -> tuple[str, ...]:
    """Those of the files that are not in a version's folder yet."""
    return tuple(name for name in names if not (folder / name).is_file())


@contextmanager
def writing(place: Path, version: int) -> Iterator[Path]:
    """A new, empty folder; the files in it become those of the version at a clean end, and vanish at any other.

    Raises:
        BadInput: the disk is full, or the folder cannot be written; nothing was left there.
        VersionTaken: somebody else has delivered this version in the meantime.
    """
    target = place / version_name(version)
    partial = place / f".{target.name}.{uuid4().hex}.partial"
    try:
        with _disk_errors(place):
            partial.mkdir(parents=True)
            yield partial
            for file in partial.iterdir():
                file.chmod(0o444)
                # After a power cut a file whose bytes were lost would look delivered for ever.
                disk.sync(file)
            failpoints.hit(failpoints.Window.DELIVER)
            _publish(partial, target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        _remove_empty(place)


def slug(text: str) -> str:
    """`text` in the characters A-Z a-z 0-9 . _ - alone, and no hidden file or folder.

    Raises:
        BadInput: nothing is left.
    """
    words = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")
    if not words:
        raise BadInput(f"{text!r} makes no file name.", hint="Give the project a name with letters or digits.")
    return words


def _versions(place: Path) -> list[Path]:
    try:
        # Not by glob, which finds nothing in a folder that may not be read.
        names = os.listdir(place)
    except FileNotFoundError:
        return []
    return [place / name for name in sorted(names) if re.fullmatch(r"v\d{3,}", name)]


def _take_of(folder: Path) -> dict[str, Any]:
    """What the sidecar in a version's folder tells of its take; nothing where it is none of ours."""
    try:
        sidecar = json.loads((folder / SIDECAR).read_text(encoding="utf-8"))
        return dict(sidecar["take"])
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        # It was not written by us: it is left alone, and its number counts as taken.
        return {}


def _publish(partial: Path, target: Path) -> None:
    try:
        partial.rename(target)
    except OSError as error:
        if error.errno in _TAKEN:
            raise VersionTaken from error
        raise
    failpoints.hit(failpoints.Window.DELIVERED)
    for folder in (target, target.parent):
        disk.sync(folder)


def _remove_abandoned(place: Path) -> None:
    for folder in place.glob(".v*.partial"):
        try:
            age = time.time() - folder.stat().st_mtime
        except FileNotFoundError:
            # Another delivery was done with it just now.
            continue
        if age > _ABANDONED_AFTER_S:
            shutil.rmtree(folder, ignore_errors=True)


def _remove_empty(place: Path) -> None:
    """Remove the empty folders of a delivery that failed, so that no cut is left without a version."""
    for folder in (place, *list(place.parents)[:4]):
        try:
            folder.rmdir()
        except OSError:
            # Something lies in it, or it never came to be.
            return


@contextmanager
def _disk_errors(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        refused = disk.sentence(error, f"nothing can be delivered to {place}")
        raise BadInput(refused, hint=_disk_hint(disk.is_full(error))) from error
    except StepFailed as error:
        is_full = error.error_kind is ErrorKind.DISK_FULL
        raise BadInput(
            f"Nothing can be delivered to {place}: {error.message}", hint=_disk_hint(is_full)
        ) from error


def _disk_hint(is_full: bool) -> str:
    if is_full:
        return "Free some space there, or name another folder with --to."
    return "Name a folder with --to that the farm's user may write to."
