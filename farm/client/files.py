"""Verbs about the files of takes."""

from __future__ import annotations

import shutil
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from farm.client.connection import Connection, job_id_of
from models.errors import BadInput, UnknownName
from models.takes import SIDECAR, THUMBNAIL

if TYPE_CHECKING:
    from uuid import UUID

    from models.metrics import Metric


class TakeFile(StrEnum):
    """The files of a take."""

    MASTER = "master"  #: lossless: PNG, or FFV1 in Matroska
    PROXY = "proxy"  #: small and playable: WebP, or MP4
    THUMBNAIL = "thumbnail"  #: the first frame, as WebP
    SIDECAR = "sidecar"  #: everything needed to make it again, as JSON


class Files(Connection):
    """Where the files of takes are, and copies of them."""

    def take_file(self, job_id: UUID | str, which: TakeFile | str = TakeFile.MASTER) -> Path:
        """Where a file of a job's take lies in the store.

        Raises:
            UnknownName: there is no such job, it has no take yet, or its take has no such file.
            BadInput: takes have no file of that name.
        """
        from db import catalogue

        if which not in tuple(TakeFile):
            raise BadInput(f"Takes have no file '{which}'.", hint=f"Choose from: {', '.join(TakeFile)}.")
        with self.database.transaction() as session:
            take = catalogue.job_detail(session, job_id_of(job_id)).take
        if take is None:
            raise UnknownName(f"The job {job_id} has no take yet.", hint=f"`farm job {job_id}` says why.")
        beside = {TakeFile.THUMBNAIL: THUMBNAIL, TakeFile.SIDECAR: SIDECAR}.get(TakeFile(which))
        master = self.store.path(take.master_path)
        path = master.with_name(beside) if beside else master
        if which == TakeFile.PROXY:
            path = self.store.path(take.proxy_path) if take.proxy_path else master.with_name("proxy")
        if not path.is_file():
            raise UnknownName(
                f"The take of job {job_id} has no {which} in the store.",
                hint="`farm reproduce` makes the take again.",
            )
        return path

    def fetch(self, job_id: UUID | str, to: Path | str, which: TakeFile | str = TakeFile.MASTER) -> Path:
        """Copy a file of a job's take to `to`, a folder or a new name; where it is now.

        Raises:
            UnknownName: as `take_file`.
            BadInput: there is something of that name already, or it cannot be written.
        """
        return _copied(self.take_file(job_id, which), Path(to))

    def worst_frame(self, job_id: UUID | str, metric: Metric | str) -> Path:
        """Where the picture lies that scoring kept of the frames at which a metric that failed is worst.

        Raises:
            UnknownName: there is no such job, or no such picture of its take.
        """
        from db import catalogue
        from models.metrics import WORST_PICTURE

        with self.database.transaction() as session:
            scores = catalogue.job_detail(session, job_id_of(job_id)).scores
        for measured in scores.measurements if scores else ():
            kept = measured.detail.get(WORST_PICTURE) if measured.metric == metric else None
            if isinstance(kept, str) and (path := self.store.path(kept)).is_file():
                return path
        raise UnknownName(
            f"There is no picture of the worst frame of job {job_id} by '{str(metric)[:80]}'.",
            hint="What failed and names a frame has one, four of a take at most; `farm job` lists the scores.",
        )

    def fetch_worst_frame(self, job_id: UUID | str, metric: Metric | str, to: Path | str) -> Path:
        """Copy the picture of a metric's worst frames to `to`, a folder or a new name; where it is now.

        Raises:
            UnknownName: as `worst_frame`.
            BadInput: there is something of that name already, or it cannot be written.
        """
        return _copied(self.worst_frame(job_id, metric), Path(to))


def _copied(source: Path, to: Path) -> Path:
    target = target_of(to, source.name)
    try:
        with source.open("rb") as given, target.open("xb") as copy:
            shutil.copyfileobj(given, copy)
    except OSError as error:
        raise not_written(target, error) from error
    return target


def target_of(to: Path, name: str) -> Path:
    """Where a file of this name goes that is to be put there."""
    return to / name if to.is_dir() else to


def not_written(target: Path, error: OSError) -> BadInput:
    """The refusal of a copy that could not be made."""
    if isinstance(error, FileExistsError):
        return BadInput(f"There is a {target} already.", hint="Name another file; nothing is written over.")
    return BadInput(f"{target} cannot be written: {error.strerror}.", hint="Name another place.")
