"""The way into Postgres: one pool of connections, short transactions, and the schema's version."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from db import schema
from models.errors import BadInput, Locked, Unavailable

__all__ = ["Database", "Patience", "Session", "show_life", "translated_errors"]

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alembic.config import Config
    from sqlalchemy import URL, Connection, Engine

#: SQLSTATE of a standby that was not promoted yet, or was chosen to be read only: it may take writes later
_READ_ONLY = "25006"
#: what the database ended because of somebody else, by SQLSTATE: nothing was written, and may be next time
_HELD_BY_OTHERS = {
    "55P03": "Somebody else holds what this needs, and did not let go in time.",
    "40P01": "Two commands waited for each other, and the database ended this one.",
}
_TOO_LONG = "57014"
#: what the driver says of a text that holds a zero byte, which Postgres cannot
_NO_TEXT = "cannot contain NUL"
#: Alembic keeps what it runs in globals of the process; between processes an advisory lock does the same
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long the server lets a session of ours be, whatever became of the process that opened it.

    A transaction of ours holds rows and locks that others wait for, and does nothing but SQL.
    """

    #: a transaction that does nothing is ended, and what it holds is free
    idle: timedelta = timedelta(seconds=20)
    #: a statement that waits for a lock fails with `Locked`
    lock: timedelta = timedelta(seconds=10)
    #: a statement that works for longer is ended
    statement: timedelta = timedelta(minutes=2)
    #: a connection whose other end was not heard of for this long is given up, by both sides
    silence: timedelta = timedelta(seconds=50)


class Database:
    """One Postgres database; cheap to make, connects when first used, safe to share between threads."""

    def __init__(self, url: str, *, patience: Patience | None = None) -> None:
        """`url` as `postgresql://user:password@host:port/name`; raises `BadInput` for any other kind."""
        self.engine = _engine(_parse(url), patience or Patience())

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One transaction: committed at the end of the block, rolled back when the block raises.

        Objects stay readable after the commit. Keep renders and network calls out of it.

        Raises:
            Unavailable: the database does not answer, or is too busy to answer now; try again later.
            Locked: somebody else held what a statement waited for.
        """
        with translated_errors(), Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def as_one(self, *, keep: bool = True) -> Iterator[Database]:
        """A database whose transactions are savepoints of one: kept together at the end of the block, or none.

        With `keep` false nothing stays, whatever the block did: a rehearsal. Belongs to one thread.
        """
        with translated_errors(), self.engine.connect() as connection, connection.begin() as whole:
            yield _AsOne(self.engine, connection)
            if not keep:
                whole.rollback()

    def ping(self) -> None:
        """Raises `Unavailable` unless the database answers `SELECT 1`."""
        with self.transaction() as session:
            session.execute(text("SELECT 1"))

    def migrate(self, revision: str = "head") -> None:
        """Bring the schema up to `revision`; two at once are harmless, the second finds nothing to do."""
        # Alembic is loaded where it is used: a script that only submits never migrates.
        from alembic import command

        with translated_errors(), _ONE_AT_A_TIME:
            command.upgrade(self._config(), revision)

    def downgrade(self, revision: str) -> None:
        """Take the schema back to `revision` (`base` is an empty database), with the data of what goes."""
        from alembic import command

        with translated_errors(), _ONE_AT_A_TIME:
            command.downgrade(self._config(), revision)

    def revision(self) -> str | None:
        """The schema's present revision; None for a database that was never migrated."""
        from alembic.runtime.migration import MigrationContext

        with translated_errors(), self.engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()

    def require_schema(self) -> None:
        """Raises `NotHere` unless this code works on the schema that is there."""
        with self.transaction() as session:
            schema.require_fitting(session)

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()

    def _config(self) -> Config:
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(schema.MIGRATIONS).replace("%", "%%"))
        config.attributes["engine"] = self.engine
        return config


class _AsOne(Database):
    """A database within one transaction that somebody else begins and ends."""

    def __init__(self, engine: Engine, connection: Connection) -> None:
        self.engine, self._connection = engine, connection

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A savepoint; what it holds stays locked until the whole ends."""
        with (
            translated_errors(),
            Session(
                self._connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
            ) as session,
            session.begin(),
        ):
            yield session

    def close(self) -> None:
        """Leave everything open: it belongs to whoever began the whole."""


def show_life(session: Session) -> None:
    """Ask something small: whoever computes within a transaction is not taken for one that vanished."""
    session.execute(text("SELECT 1"))


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn the driver's "I could not reach or use the server now" into `Unavailable`; let bugs through.

    A text that no row can hold, because a zero byte is in it, is `BadInput`.
    """
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise _locked(error) or _unavailable(error) from error
    except DBAPIError as error:
        if error.connection_invalidated or getattr(error.orig, "pgcode", None) == _READ_ONLY:
            raise _unavailable(error) from error
        raise
    except ValueError as error:
        if _NO_TEXT not in str(error):
            raise
        # Whoever asks, by whichever door: no row has such a text, and the driver refuses to look.
        raise BadInput("A text with a zero byte in it is nobody's.", hint="Leave the zero byte out.") from error


def _locked(error: DBAPIError) -> Locked | None:
    message = _HELD_BY_OTHERS.get(getattr(error.orig, "pgcode", None) or "")
    return Locked(message, hint="Nothing was written: run it again.") if message else None


def _unavailable(error: DBAPIError) -> Unavailable:
    if getattr(error.orig, "pgcode", None) == _TOO_LONG:
        return Unavailable(
            "The database was at one statement for too long, and ended it.",
            hint="See what else it is busy with, and try again.",
        )
    reason = (
        str(error.orig).strip().splitlines()[0] if error.orig and str(error.orig).strip() else "no reason given"
    )
    return Unavailable(
        f"The database does not answer: {reason.rstrip('.')}.", hint="See whether it runs, and try again."
    )


def _parse(raw: str) -> URL:
    try:
        # `postgres://` is what hosting providers hand out.
        url = make_url(raw.replace("postgres://", "postgresql://", 1))
    except ArgumentError:
        # `from None`: the driver's message repeats the address with its password.
        raise BadInput(
            "The database address cannot be read.", hint="Write postgresql://user:password@host:5432/name."
        ) from None
    if url.get_backend_name() != "postgresql":
        raise BadInput(
            f"The database must be PostgreSQL, not {url.get_backend_name()}.",
            hint="Write postgresql://user:password@host:5432/name.",
        )
    return url.set(drivername="postgresql+psycopg2")


def _milliseconds(time: timedelta) -> int:
    return round(time.total_seconds() * 1000)


def _session_options(patience: Patience) -> str:
    """What any user may set: a client that vanished must not hold its rows and locks for hours."""
    fifth = round(patience.silence.total_seconds() / 5)
    options = {
        "timezone": "UTC",
        "idle_in_transaction_session_timeout": _milliseconds(patience.idle),
        "lock_timeout": _milliseconds(patience.lock),
        "statement_timeout": _milliseconds(patience.statement),
        "tcp_keepalives_idle": 2 * fifth,
        "tcp_keepalives_interval": fifth,
        "tcp_keepalives_count": 3,
        "tcp_user_timeout": _milliseconds(patience.silence),
    }
    return " ".join(f"-c {name}={value}" for name, value in options.items())


def _engine(url: URL, patience: Patience) -> Engine:
    return create_engine(
        url,
        pool_pre_ping=True,
        # A statement that fails says so without its values: among them are secrets.
        hide_parameters=True,
        pool_size=5,
        max_overflow=10,
        connect_args={
            "connect_timeout": 5,
            "application_name": "farm",
            # A server that vanished without a goodbye is noticed in about a minute instead of in hours.
            "keepalives_idle": 20,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            "tcp_user_timeout": _milliseconds(patience.silence),
            "options": _session_options(patience),
        },
    )
