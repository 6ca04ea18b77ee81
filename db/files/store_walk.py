"""A slow walk over an artifact store: its names are listed once, then looked at a few at a time.

Where it stands is kept in the store, `walk.json` with the list beside it in `walk.names`, so that whichever
worker has the next turn goes on from there. What nobody knows is moved to `unknown/{day}/`, under its own path.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from models import disk

if TYPE_CHECKING:
    from collections.abc import Iterator

_TAKES, _SCRATCH, _ASIDE = "takes", "scratch", "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """Where a walk stands."""

    began_at: datetime
    #: of jobs and of scratch folders in the store when it began
    names: int
    #: bytes of the list that were looked at
    position: int = 0
    #: folders of attempts that the database does not know, relative to the store
    unknown: tuple[str, ...] = ()
    #: how many of those were moved aside when it ended
    set_aside: int = 0
    is_over: bool = False
    #: it ended early and moved nothing: too much is unknown
    is_stopped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFolder:
    """A folder that one attempt left, published or not."""

    relative: str
    job_id: UUID
    epoch: int

    @property
    def attempt(self) -> tuple[UUID, int]:
        return self.job_id, self.epoch

    @property
    def is_scratch(self) -> bool:
        return self.relative.startswith(f"{_SCRATCH}/")


class StoreWalk:
    """The walks of one store; `root` is the store's."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._state, self._names = root / "walk.json", root / "walk.names"

    def load(self) -> Walk | None:
        """The last walk, which may still be on its way; None: there never was one, or its note is damaged."""
        try:
            kept = json.loads(self._state.read_text(encoding="utf-8"))
            began_at = datetime.fromisoformat(kept.pop("began_at"))
            return Walk(**kept | {"began_at": began_at, "unknown": tuple(kept["unknown"])})
        except (FileNotFoundError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def save(self, walk: Walk) -> None:
        """Keep where it stands; of one that is over the list goes."""
        disk.replace_text(self._state, json.dumps(asdict(walk) | {"began_at": walk.began_at.isoformat()}))
        if walk.is_over:
            self._names.unlink(missing_ok=True)

    def begin(self) -> Walk:
        """List the store's names, and nothing below them."""
        draft = self._names.with_name(f".{self._names.name}.{os.getpid()}")
        names = 0
        with draft.open("w", encoding="utf-8") as file:
            for name in _names(self._root):
                file.write(f"{name}\n")
                names += 1
        draft.replace(self._names)
        return Walk(began_at=datetime.now(UTC), names=names)

    def go_on(self, walk: Walk, at_most: int) -> tuple[Walk, list[AttemptFolder]]:
        """Look at the next names; the walk after them, and the folders of attempts below them."""
        folders: list[AttemptFolder] = []
        try:
            with self._names.open(encoding="utf-8") as file:
                file.seek(walk.position)
                for _ in range(at_most):
                    name = file.readline().strip()
                    if not name:
                        return replace(walk, position=file.tell(), is_over=True), folders
                    folders += _attempts_of(self._root, name)
                return replace(walk, position=file.tell()), folders
        except FileNotFoundError:
            # Somebody else's walk ended and took the list away.
            return replace(walk, is_over=True), folders

    def is_younger(self, relative: str, than: timedelta) -> bool:
        """Whether the folder was written to since then; one that is gone is not."""
        with suppress(FileNotFoundError):
            return (self._root / relative).stat().st_mtime > (datetime.now(UTC) - than).timestamp()
        return False

    def set_aside(self, relative: str) -> bool:
        """Move a folder to today's unknown ones; False: it was gone, or one of its name lies there already."""
        target = self._root / _ASIDE / f"{datetime.now(UTC):%F}" / relative
        if target.exists():
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            (self._root / relative).rename(target)
        except FileNotFoundError:
            return False
        for folder in (target.parent, (self._root / relative).parent):
            disk.sync(folder)
        _remove_if_empty((self._root / relative).parent)
        return True

    def aside(self) -> Iterator[tuple[date, AttemptFolder]]:
        """What lies aside, and since which day."""
        for day, root in self._days():
            for name in _names(root):
                for folder in _attempts_of(root, name):
                    yield day, folder

    def bring_back(self, day: date, folder: AttemptFolder) -> bool:
        """Move a folder that lay aside back to its place; False: another is there, or it is gone."""
        source, target = self._root / _ASIDE / f"{day:%F}" / folder.relative, self._root / folder.relative
        if target.exists():
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            source.rename(target)
        except FileNotFoundError:
            return False
        disk.sync(target.parent)
        return True

    def forget_aside(self, before: date) -> None:
        """Remove for good what lay aside on days before this one."""
        for day, folder in self._days():
            if day < before:
                shutil.rmtree(folder, ignore_errors=True)

    def _days(self) -> Iterator[tuple[date, Path]]:
        for folder in sorted(_listed(self._root / _ASIDE)):
            with suppress(ValueError):
                yield date.fromisoformat(folder), self._root / _ASIDE / folder


def folder_of(relative: str) -> AttemptFolder:
    """The folder of an attempt by its path in the store; raises `ValueError` when it is none."""
    kind, _, rest = relative.partition("/")
    job_id, _, epoch = rest.rpartition("-" if kind == _SCRATCH else "/")
    number = int(epoch.removeprefix(".").removesuffix(".partial"))
    return AttemptFolder(relative=relative, job_id=UUID(job_id), epoch=number)


def some_attempts(root: Path) -> Iterator[AttemptFolder]:
    """The folders of attempts that are published in a store, in no order, found one by one."""
    for name in _names(root):
        if name.startswith(f"{_TAKES}/"):
            yield from _attempts_of(root, name)


def _names(root: Path) -> Iterator[str]:
    """Jobs' and scratch folders below a store's root; whatever is not ours is left out."""
    for job_id in _listed(root / _TAKES):
        if _is_job(job_id):
            yield f"{_TAKES}/{job_id}"
    for name in _listed(root / _SCRATCH):
        if _is_job(name.rpartition("-")[0]):
            yield f"{_SCRATCH}/{name}"


def _attempts_of(root: Path, name: str) -> Iterator[AttemptFolder]:
    """The folders of attempts that one of the `_names` stands for."""
    inside = [name] if name.startswith(f"{_SCRATCH}/") else [f"{name}/{each}" for each in _listed(root / name)]
    for relative in sorted(inside):
        # Whatever else somebody put there is left alone.
        with suppress(ValueError):
            yield folder_of(relative)


def _listed(folder: Path) -> Iterator[str]:
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in entries:
            yield entry.name


def _is_job(name: str) -> bool:
    with suppress(ValueError):
        return str(UUID(name)) == name
    return False


def _remove_if_empty(folder: Path) -> None:
    # Another attempt's take is there, or it is gone already.
    with suppress(OSError):
        folder.rmdir()
