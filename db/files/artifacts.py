"""The artifact store: the files of takes, each whole, in place for good, and inside one folder.

    takes/{job}/{epoch}/master.mkv     a published take; counts only once its row is committed
    scratch/{job}-{epoch}/             what one attempt is writing, on the same file system
    unknown/{day}/...                  what the database does not know, set aside (`db.files.store_walk`)
    farm.json                          whose store it is (`db.files.ownership`)

An attempt writes into its scratch folder. `publish` brings the bytes to the disk and moves the whole folder
into place by one rename, before the row is committed: there is never a row without a file. A file without a row
(the worker was fenced or killed in between) is an orphan, which `discard` removes.
An equal take of another job is borrowed: the same bytes under a name of one's own.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from uuid import UUID

from models import disk, failpoints
from models.errors import BadInput, StepFailed
from models.vocabulary import ErrorKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

_READ_ONLY = 0o444
_PROBE_BYTES = 2**20
#: other file system, other owner, too many names already, or a file system without links
_NO_LINKS = frozenset(
    {errno.EXDEV, errno.EPERM, errno.EACCES, errno.EMLINK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}
)


@dataclass(frozen=True, slots=True)
class StoredTake:
    """Where a take's files lie, relative to the store's root, with forward slashes."""

    master: str
    proxy: str | None


class ArtifactStore:
    """Files of takes below one root; every path that goes in or out is confined to it."""

    def __init__(self, root: Path, *, min_free_bytes: int = 256 * 1024**2) -> None:
        """Touches nothing yet; `min_free_bytes` must be left on the disk for a new attempt to begin."""
        self.root = root.absolute()
        self._min_free_bytes = min_free_bytes
        self._takes_are_synced = False

    @contextmanager
    def scratch(self, job_id: UUID, epoch: int) -> Iterator[Path]:
        """A new, empty folder for one attempt; removed with what is still in it at the end.

        Raises:
            StepFailed: the disk is too full to begin, or full (DISK_FULL); the store cannot be written
                (STORE_UNAVAILABLE).
        """
        folder = self._scratch(job_id, epoch)
        with self._disk_errors():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            self.require_room()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def publish(
        self,
        job_id: UUID,
        epoch: int,
        master: Path,
        proxy: Path | None = None,
        *,
        beside: Sequence[Path] = (),
    ) -> StoredTake:
        """Move an attempt's finished files to their place for good; all of them appear at once.

        `beside` are files that belong to the take and that no row names. All keep their names and leave their
        folder. Until the row is committed nobody reads them.

        Raises:
            StepFailed: the disk is full (DISK_FULL) or the store cannot be written (STORE_UNAVAILABLE).
        """
        final = self._take(job_id, epoch)
        partial = final.with_name(f".{epoch}.partial")
        files = [master, *([proxy] if proxy else []), *beside]
        with self._disk_errors():
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            for file in files:
                shutil.move(file, partial / file.name)
                _make_read_only(partial / file.name)
                disk.sync(partial / file.name)
            disk.sync(partial)
            failpoints.hit(failpoints.Window.FILES)
            # A first try of this very attempt that ended in between: its row was never committed.
            shutil.rmtree(final, ignore_errors=True)
            partial.rename(final)
            for folder in (final.parent, final.parent.parent):
                disk.sync(folder)
            self._sync_takes_once()
        failpoints.hit(failpoints.Window.RENAMED)
        return StoredTake(
            master=self._relative(final / master.name),
            proxy=self._relative(final / proxy.name) if proxy else None,
        )

    def borrow(self, relative: str, into: Path) -> Path:
        """Give a published file a second name in the folder `into`, or a copy where links are impossible.

        Either name can be removed without the other; the bytes are on the disk once.

        Raises:
            OSError: it is not there any more, cannot be read, or its copy cannot be written.
            BadInput: the path leaves the store.
        """
        source = self.path(relative)
        target = into / source.name
        try:
            os.link(source, target)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            shutil.copyfile(source, target)
        return target

    def discard_scratch(self, job_id: UUID, epoch: int) -> None:
        """Remove what one attempt was writing, and nothing that it published."""
        shutil.rmtree(self._scratch(job_id, epoch), ignore_errors=True)

    def discard(self, job_id: UUID, epoch: int) -> None:
        """Remove everything of one attempt; harmless when there is nothing."""
        self.discard_scratch(job_id, epoch)
        final = self._take(job_id, epoch)
        for folder in (final.with_name(f".{epoch}.partial"), final):
            shutil.rmtree(folder, ignore_errors=True)
        try:
            final.parent.rmdir()
        except OSError as error:
            # Another attempt's take is there, or nothing ever was.
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT):
                raise

    def path(self, relative: str) -> Path:
        """The file a row names.

        Raises:
            BadInput: the path leaves the store, by `..`, by being absolute or through a symbolic link.
        """
        pure = PurePosixPath(relative)
        inside = bool(relative) and "\0" not in relative and not pure.is_absolute() and ".." not in pure.parts
        if inside:
            file = (self.root / pure).resolve()
            if file.is_relative_to(self.root.resolve()):
                return file
        raise BadInput(
            f"The path {relative!r} does not lie inside the artifact store.",
            hint="Name a file relative to it, as the job's record does.",
        )

    def require_usable(self, *, writes: bool, tries: bool = False) -> None:
        """Refuse to begin what cannot be finished, before anything is claimed for it.

        Whoever `writes` needs room; with `tries` a mebibyte is written, because a quota shows in no other way.

        Raises:
            StepFailed: the store is not there or cannot be written (STORE_UNAVAILABLE), or is full (DISK_FULL).
        """
        with self._disk_errors():
            if not writes:
                os.scandir(self.root).close()
                return
            self.root.mkdir(parents=True, exist_ok=True)
            if not os.access(self.root, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            self.require_room()
            if tries:
                with tempfile.NamedTemporaryFile(dir=self.root, prefix=".room-") as file:
                    file.write(bytes(_PROBE_BYTES))

    def require_room(self, needed_bytes: int = 0) -> None:
        """Refuse to begin what cannot be finished.

        Raises:
            StepFailed: less than `needed_bytes` and the reserve are free (DISK_FULL).
        """
        free = shutil.disk_usage(self.root).free
        if free < self._min_free_bytes + needed_bytes:
            raise StepFailed(
                f"Only {free // 1024**2} MiB are free in {self.root}; a render begins with "
                f"{(self._min_free_bytes + needed_bytes) // 1024**2} MiB or more.",
                error_kind=ErrorKind.DISK_FULL,
                hint="Free some space or point the farm at another disk.",
            )

    def _sync_takes_once(self) -> None:
        """The folder of all takes may be new itself, and whoever made it may have died before it was synced."""
        if not self._takes_are_synced:
            disk.sync(self.root)
            self._takes_are_synced = True

    def _disk_errors(self) -> AbstractContextManager[None]:
        return disk.step_errors(f"the artifact store {self.root} cannot be written")

    def _take(self, job_id: UUID, epoch: int) -> Path:
        return self.root / "takes" / str(job_id) / str(epoch)

    def _scratch(self, job_id: UUID, epoch: int) -> Path:
        return self.root / "scratch" / f"{job_id}-{epoch}"

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


def _make_read_only(path: Path) -> None:
    """A take never changes: another job's take may be a second name of this very file."""
    # A borrowed one is read-only already, and may belong to another user of this store.
    if path.stat().st_mode & 0o777 != _READ_ONLY:
        path.chmod(_READ_ONLY)
