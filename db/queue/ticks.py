"""When each beat job last ran, by the database's clock: two beats, or a late one, cause no double work."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class Turn(StrEnum):
    """Whose turn a beat job is."""

    MINE = "mine"  #: run it in this transaction, and what takes longer after it
    TAKEN = "somebody is at it"
    TOO_EARLY = "ran just now"


# Held until the transaction ends; whoever finds it taken has nothing to do.
_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended('farm tick ' || :name, 0))")

# Half a period must have passed: a second beat is refused, a beat that comes a little early is not. A time that
# has not come yet was written before the database's clock was set back.
_TAKE = text("""
INSERT INTO ticks AS t (name, ran_at) VALUES (:name, now())
ON CONFLICT (name) DO UPDATE SET ran_at = now()
WHERE t.ran_at <= now() - CAST(:every AS interval) / 2 OR t.ran_at > now()
RETURNING name
""")

# The clock of a beat that never ran starts when somebody first asks; so does one that ran in time to come.
_START = text("""
INSERT INTO ticks AS t (name, ran_at) VALUES (:name, now())
ON CONFLICT (name) DO UPDATE SET ran_at = now() WHERE t.ran_at > now()
""")
_SILENCE = text("SELECT now() - ran_at FROM ticks WHERE name = :name")
_MARK = text("""
INSERT INTO ticks (name, ran_at) VALUES (:name, now()) ON CONFLICT (name) DO UPDATE SET ran_at = now()
""")


def take_turn(session: Session, name: str, every: timedelta) -> Turn:
    """Whether beat job `name` should run now; nobody else gets a turn while this transaction has one."""
    if not session.execute(_LOCK, {"name": name}).scalar_one():
        return Turn.TAKEN
    took = session.execute(_TAKE, {"name": name, "every": every}).scalar_one_or_none() is not None
    return Turn.MINE if took else Turn.TOO_EARLY


def mark_tick(session: Session, name: str) -> None:
    """Note that `name` happened now."""
    session.execute(_MARK, {"name": name})


def since(session: Session, name: str) -> timedelta | None:
    """How long ago `name` last happened; None: never."""
    passed: timedelta | None = session.execute(_SILENCE, {"name": name}).scalar_one_or_none()
    return passed


def silence_of(session: Session, name: str) -> timedelta:
    """How long ago `name` last happened; a name never seen counts from the first time it is asked for."""
    session.execute(_START, {"name": name})
    passed: timedelta = session.execute(_SILENCE, {"name": name}).scalar_one()
    return passed
