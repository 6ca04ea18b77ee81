"""Hears of events as they are numbered, on a connection of its own that asks nothing."""

from __future__ import annotations

import select
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2.extensions import ISOLATION_LEVEL_AUTOCOMMIT
from sqlalchemy import text

from db.engine import translated_errors
from db.events.outbox import CHANNEL
from models.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from db.engine import Database


@contextmanager
def listening(database: Database) -> Iterator[Callable[[float], bool]]:
    """A function that waits up to so many seconds, and says whether events were numbered meanwhile.

    Raises `Unavailable` when the connection cannot be opened, or is lost.
    """
    with translated_errors(), database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text(f"LISTEN {CHANNEL}"))
        raw: Any = connection.connection.dbapi_connection
        raw.set_isolation_level(ISOLATION_LEVEL_AUTOCOMMIT)
        try:
            yield lambda seconds: _heard(raw, seconds)
        finally:
            # It goes back to a pool whose others are told nothing.
            connection.invalidate()


def _heard(raw: Any, seconds: float) -> bool:
    if not raw.notifies and select.select([raw], [], [], seconds)[0]:
        try:
            raw.poll()
        except psycopg2.Error as error:
            raise Unavailable(
                "The database ended the connection on which events are heard of.", hint="It is opened again."
            ) from error
    heard = bool(raw.notifies)
    raw.notifies.clear()
    return heard
