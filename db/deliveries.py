"""Deliverables: a take under the name a studio's editorial expects, in versions that never change.

{show}/ep001/sc010/c0010/{phase}/v001/{show}_001_010_0010_{phase}_v001.1001.png
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

    from db.artifacts import ArtifactStore
    from models.vocabulary import Phase

#: the first frame of a picture sequence carries this number in every studio
FIRST_FRAME = 1001


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryName:
    """Which take of which cut; numbers are those of the show, not of rows."""

    show: str
    episode: int
    scene: int
    cut: int
    phase: Phase
    version: int  #: 1 and up

    def __post_init__(self) -> None:
        if min(self.episode, self.scene, self.cut) < 0 or self.version < 1:
            raise BadInput("Episode, scene and cut are numbers from 0, a version is a number from 1.")

    @property
    def folder(self) -> str:
        """The version's folder, relative, with forward slashes."""
        place = f"ep{self.episode:03d}/sc{self.scene:03d}/c{self.cut:04d}"
        return f"{slug(self.show)}/{place}/{self.phase}/v{self.version:03d}"

    def file(self, suffix: str, frame: int | None = None) -> str:
        """The file's name; `frame` numbers the pictures of a sequence and is left out for a clip."""
        numbers = f"{self.episode:03d}_{self.scene:03d}_{self.cut:04d}"
        number = f".{frame:04d}" if frame is not None else ""
        return f"{slug(self.show)}_{numbers}_{self.phase}_v{self.version:03d}{number}{suffix}"


def deliver(store: ArtifactStore, master: str, name: DeliveryName, *, into: Path | None = None) -> Path:
    """Put a take's master under its delivery name, below `into` (the store's `deliveries` by default).

    A still becomes frame 1001; a clip keeps its container. On one file system this costs no space. Delivering
    the same take again changes nothing.

    Raises:
        BadInput: the master is not in the store, or another take was delivered as this version.
    """
    source = store.path(master)
    if not source.is_file():
        raise BadInput(f"There is no file {master} in the artifact store.", hint="Deliver a finished take.")
    is_still = source.suffix.lower() in (".png", ".jpg", ".webp")
    folder = (into or store.root / "deliveries") / name.folder
    target = folder / name.file(source.suffix, FIRST_FRAME if is_still else None)
    if target.exists():
        if _same(source, target):
            return target
        raise BadInput(
            f"{target.name} was delivered from another take, and a delivered version never changes.",
            hint=f"Deliver it as version {name.version + 1}.",
        )
    folder.mkdir(parents=True, exist_ok=True)
    _link_or_copy(source, target)
    return target


def slug(text: str) -> str:
    """`text` in the characters A-Z a-z 0-9 . _ - alone, and no hidden file or folder.

    Raises:
        BadInput: nothing is left.
    """
    words = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")
    if not words:
        raise BadInput(f"{text!r} makes no file name.", hint="Give the project a name with letters or digits.")
    return words


def _link_or_copy(source: Path, target: Path) -> None:
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    partial.unlink(missing_ok=True)
    try:
        try:
            partial.hardlink_to(source)
        except OSError:
            # Another file system, or one without hard links.
            shutil.copyfile(source, partial)
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)


def _same(source: Path, target: Path) -> bool:
    if source.samefile(target):
        return True
    return source.stat().st_size == target.stat().st_size and source.read_bytes() == target.read_bytes()
