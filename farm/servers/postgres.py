"""The embedded Postgres: loopback TCP, SCRAM, checksums, small settings, nothing lost on a kill."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import closing, suppress
from typing import TYPE_CHECKING
from urllib.parse import quote

import psutil
import psycopg2

from farm.servers import programs
from farm.servers.ports import LOOPBACK
from farm.servers.privileges import give, make_home, reachable
from farm.servers.server import Server
from farm.servers.supervisor import end_all_in
from models.errors import NotHere

if TYPE_CHECKING:
    from pathlib import Path

    from farm.servers.privileges import Account
    from farm.servers.state import ServerRecord

_USER = _DATABASE = "farm"
_CONFIG = "farm.conf"
_SETTINGS = """\
# Written anew by the farm at each start.
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
max_connections = 100
shared_buffers = '64MB'
max_wal_size = '512MB'
fsync = {fsync}
full_page_writes = on
synchronous_commit = on
logging_collector = off
log_destination = 'stderr'
log_line_prefix = '%m [%p] '
timezone = 'UTC'
lc_messages = 'C'
"""
_ACCESS = f"host all all {LOOPBACK}/32 scram-sha-256\n"
#: what a server at its limit of connections says; it is busy, not dead
_BUSY = ("too many clients", "connection slots are reserved", "too many connections")


class Postgres(Server):
    """One Postgres server on a data folder of its own."""

    name = "PostgreSQL"
    programs = frozenset({"postgres"})
    #: fast shutdown (rolls back and disconnects), then immediate (recovers at the next start)
    stop_steps = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0))

    def __init__(self, home: Path, logs: Path, account: Account | None, *, temporary: bool = False) -> None:
        """`temporary` data need not survive a power cut (a kill -9 they do), and so never wait for the disk."""
        super().__init__(home, "postgres", logs, account)
        self._fsync = "off" if temporary else "on"

    def url(self, record: ServerRecord) -> str:
        """In SQLAlchemy's form, for psycopg2."""
        return f"postgresql+psycopg2://{_USER}:{quote(record.password)}@{LOOPBACK}:{record.port}/{_DATABASE}"

    def prepare(self, record: ServerRecord) -> list[str]:
        """Create the cluster at the first start; write the settings; clear what a kill left."""
        installation = reachable(programs.find_postgres(), self.account)
        if not (self.folder / "PG_VERSION").exists():
            self._create_cluster(installation, record)
        self._require_same_version(installation)
        settings = self.folder / _CONFIG
        settings.write_text(_SETTINGS.format(port=record.port, fsync=self._fsync))
        give(settings, self.account)
        self._clear_stale_pid()
        return [str(installation / "bin/postgres"), "-D", str(self.folder)]

    def answers(self, record: ServerRecord) -> bool:
        """Whether `SELECT 1` is answered."""
        try:
            with closing(_connect(record)) as connection, connection.cursor() as cursor:
                cursor.execute("SELECT 1")
                return True
        except psycopg2.OperationalError as error:
            return any(words in str(error) for words in _BUSY)

    def _create_cluster(self, installation: Path, record: ServerRecord) -> None:
        """Make cluster and database in a temporary folder: a half-made one is never taken for a whole one."""
        self._require_nothing_there()
        self._clear_halves()
        fresh = self.folder.with_name(f"postgres.new.{os.getpid()}")
        make_home(fresh, self.account)
        password = self.home / "initdb.password"
        descriptor = os.open(password, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(record.password)
            give(password, self.account)
            command = ["initdb", "-D", str(fresh), "-U", _USER, "-A", "scram-sha-256", f"--pwfile={password}"]
            command += ["--data-checksums", "--encoding=UTF8", "--locale=C"]
            self._run(installation, [*command, *(["--no-sync"] if self._fsync == "off" else [])], fresh)
        finally:
            password.unlink(missing_ok=True)
        single = ["postgres", "--single", "-D", str(fresh), "-c", "exit_on_error=on", "postgres"]
        self._run(installation, single, fresh, stdin=f"CREATE DATABASE {_DATABASE}\n")
        (fresh / "pg_hba.conf").write_text(_ACCESS)
        with (fresh / "postgresql.conf").open("a") as file:
            file.write(f"\ninclude_if_exists = '{_CONFIG}'\n")
        fresh.rename(self.folder)

    def _clear_halves(self) -> None:
        """Remove what starts that were killed had begun, and first end what still writes there."""
        for half in self.home.glob("postgres.new*"):
            end_all_in(half)
            shutil.rmtree(half, ignore_errors=True)

    def _require_nothing_there(self) -> None:
        """A data folder that lost its version file is somebody's database, not a place for a new one."""
        if self.folder.is_dir():
            if any(self.folder.iterdir()):
                raise NotHere(
                    f"{self.folder} holds files and is no PostgreSQL data folder.",
                    hint="Restore it, or move it away to begin with an empty database.",
                )
            self.folder.rmdir()

    def _run(self, installation: Path, command: list[str], cwd: Path, *, stdin: str = "") -> None:
        """Run one of Postgres's programs to its end as the servers' account, with `stdin` as its input."""
        account = self.account
        done = subprocess.run(
            [str(installation / "bin" / command[0]), *command[1:]],
            input=stdin.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            cwd=cwd,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            check=False,
        )
        if done.returncode:
            shutil.rmtree(cwd, ignore_errors=True)
            self._tell_failure(done.stdout.decode(errors="replace"))

    def _tell_failure(self, output: str) -> None:
        # Postgres says the second when a write was cut short rather than refused.
        if any(words in output.lower() for words in ("no space left", "check free disk space")):
            raise NotHere(
                f"The disk is full: a database cannot be created in {self.home}.",
                hint="Free some space, or set FARM_STATE_DIR to a folder on another disk.",
            )
        self.log.write_text(output)
        raise NotHere(
            "The embedded PostgreSQL cannot create a database.", hint=f"What it said is in {self.log}."
        )

    def _require_same_version(self, installation: Path) -> None:
        ours = (self.folder / "PG_VERSION").read_text().strip()
        printed = subprocess.run(
            [str(installation / "bin/postgres"), "--version"], capture_output=True, text=True, check=True
        ).stdout
        installed = printed.split()[2].split(".")[0]
        if installed != ours:
            raise NotHere(
                f"{self.folder} was made by PostgreSQL {ours}, and PostgreSQL {installed} is installed.",
                hint=f"Install PostgreSQL {ours}, or move that folder away to begin with an empty database.",
            )

    def _clear_stale_pid(self) -> None:
        """Remove the note of a killed server when its process id now belongs to another program.

        Postgres itself removes a note whose process is gone, and rightly refuses one whose process lives; it
        cannot tell that a process id was given to somebody else.
        """
        note = self.folder / "postmaster.pid"
        with suppress(OSError, ValueError, IndexError, psutil.NoSuchProcess, psutil.AccessDenied):
            process = psutil.Process(int(note.read_text().split()[0]))
            if process.name() not in self.programs:
                note.unlink()


def _connect(record: ServerRecord) -> psycopg2.extensions.connection:
    return psycopg2.connect(
        host=LOOPBACK,
        port=record.port,
        user=_USER,
        password=record.password,
        dbname=_DATABASE,
        connect_timeout=2,
        application_name="farm servers",
    )
