"""What is remembered of the embedded servers: ports, passwords and marks, in one 0600 file, behind one lock."""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from filelock import FileLock, Timeout
from pydantic import TypeAdapter, ValidationError

from farm.servers.supervisor import ProcessMark
from models import disk
from models.errors import Busy, NotHere, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

Record = TypeVar("Record")

_LOCK_TIMEOUT_S = 90.0
#: with less than this neither Postgres nor Valkey can start
_LEAST_FREE_BYTES = 1024**2


@dataclass(frozen=True, slots=True)
class ServerUrls:
    """Where Postgres and Redis answer; both carry passwords, so they are never logged."""

    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """What tells a process where they are."""
        return {"FARM_DATABASE_URL": self.database_url, "FARM_REDIS_URL": self.redis_url}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerRecord:
    """One server as it was last started; without a mark it is stopped."""

    port: int = 0
    password: str = field(default="", repr=False)
    mark: ProcessMark | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServersRecord:
    """Both servers, and the watchdog that ends them with their parent."""

    postgres: ServerRecord = ServerRecord()
    valkey: ServerRecord = ServerRecord()
    watchdog: ProcessMark | None = None
    #: where the data lies: not always inside the state folder (see `privileges`)
    home: str = ""


class ServersState:
    """The state folder, as far as the servers are concerned."""

    def __init__(self, state_dir: Path) -> None:
        self.folder = state_dir
        self.logs = state_dir / "logs"
        self._file = state_dir / "servers.json"

    def prepare(self) -> None:
        """Create the folders.

        Raises:
            NotHere: they cannot be written, or the disk is full.
        """
        with folder_errors_told(self.folder):
            with suppress(FileExistsError):
                self.folder.mkdir(parents=True)
                # Passable, so that an unprivileged server reaches its data; each secret is a 0600 file.
                self.folder.chmod(0o711)
            self.logs.mkdir(mode=0o755, exist_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One start or stop at a time.

        Raises:
            Unavailable: another command holds the lock for too long.
        """
        lock = FileLock(self.folder / "servers.lock", timeout=_LOCK_TIMEOUT_S)
        try:
            with folder_errors_told(self.folder), lock:
                yield
        except Timeout as error:
            raise Unavailable(
                f"Another command has been starting or stopping the servers of {self.folder} for "
                f"{_LOCK_TIMEOUT_S:.0f} seconds.",
                hint="Wait for it or end it, then try again.",
            ) from error

    def load(self) -> ServersRecord:
        """What was last saved; empty before the first start."""
        return read_as(ServersRecord, self._file)

    def save(self, record: ServersRecord) -> None:
        """Keep it, readable for this user alone."""
        with folder_errors_told(self.folder):
            write_json(self._file, asdict(record))


def one_start(state_dir: Path) -> AbstractContextManager[None]:
    """One `farm up` at a time in a state folder: of two, each would take down what the other starts.

    Raises:
        Busy: another one is starting.
        NotHere: the folder cannot be written, or the disk is full.
    """
    ServersState(state_dir).prepare()
    return alone(
        state_dir / "up.lock",
        f"Another `farm up` is starting the farm in {state_dir}.",
        hint="Wait until it is up and use it, or stop it with `farm down`.",
    )


@contextmanager
def alone(lock_file: Path, otherwise: str, *, hint: str) -> Iterator[None]:
    """Hold `lock_file`, whose folder exists, without waiting for it.

    Raises:
        Busy: `otherwise`, with its hint, when somebody else holds it.
        NotHere: it cannot be written, or the disk is full.
    """
    # The kernel gives the lock back when its holder is killed, so a file left behind hinders nobody.
    lock = FileLock(lock_file, timeout=0)
    try:
        with folder_errors_told(lock_file.parent):
            lock.acquire()
    except Timeout as error:
        raise Busy(otherwise, hint=hint) from error
    try:
        yield
    finally:
        lock.release()


def with_password(record: ServerRecord) -> ServerRecord:
    """The record with a generated password, if it has none yet."""
    return record if record.password else replace(record, password=secrets.token_urlsafe(24))


def read_as(kind: type[Record], path: Path) -> Record:
    """A dataclass as `write_json` wrote it; with its defaults where there is no file; raises as `read_json`."""
    try:
        return TypeAdapter(kind).validate_python(read_json(path))
    except ValidationError as error:
        raise NotHere(f"{path} does not hold what the farm wrote there.", hint="Remove it.") from error


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object; empty when there is no file.

    Raises:
        NotHere: the file is damaged or belongs to somebody else.
    """
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise NotHere(f"{path} cannot be read: {error.strerror}.", hint="Check FARM_STATE_DIR.") from error
    except ValueError as error:
        raise NotHere(f"{path} cannot be read: {error}.", hint="Correct or remove it.") from error
    if not isinstance(content, dict):
        raise NotHere(f"{path} does not hold what the farm wrote there.", hint="Remove it.")
    return content


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Replace a 0600 JSON file as a whole."""
    write_private(path, json.dumps(content, indent=1))


def write_private(path: Path, text: str) -> None:
    """Replace a 0600 file as a whole: a kill or a power cut leaves the old one or the new one."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            file.write(text.encode())
            os.fsync(file.fileno())
        partial.replace(path)
        disk.sync(path.parent)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def folder_errors_told(folder: Path) -> Iterator[None]:
    """Translate what the operating system says about the state folder into one sentence."""
    try:
        yield
    except Timeout:
        raise
    except OSError as error:
        hint = (
            "Free some space, or set FARM_STATE_DIR to a folder on another disk."
            if disk.is_full(error)
            else "Set FARM_STATE_DIR to a folder you may write to."
        )
        refused = disk.sentence(error, f"the farm's state folder {folder} cannot be used")
        raise NotHere(refused, hint=hint) from error


def refuse_full_disk(folder: Path) -> None:
    """Raises `NotHere` when the disk of `folder` has no room for the servers' next write."""
    with folder_errors_told(folder):
        if shutil.disk_usage(folder).free < _LEAST_FREE_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
