"""What the database does with a session of ours whose process vanished, sleeps, or waits for another's lock."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from db.engine import Database, Patience, translated_errors
from farm.servers.supervisor import wait_until
from models.errors import Locked, Unavailable
from tests.support.queue_jobs import add_jobs, add_project, one

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from db.engine import Session

SHORT = timedelta(milliseconds=300)
_LIVES = "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE pid = :pid) AS lives"
_LOCK_JOB = "SELECT 1 FROM render_queue WHERE job_id = :job FOR UPDATE"


@pytest.fixture
def hasty(database_url: str) -> Iterator[Callable[..., Database]]:
    """Opens this module's database with other limits than ours."""
    opened: list[Database] = []

    def open_with(**limits: timedelta) -> Database:
        opened.append(Database(database_url, patience=Patience(**limits)))
        return opened[-1]

    yield open_with
    for each in opened:
        each.close()


@pytest.fixture
def job(database: Database) -> UUID:
    (job_id,) = add_jobs(database, add_project(database), 1)
    return job_id


def lock(session: Session, job: UUID) -> None:
    session.execute(text(_LOCK_JOB), {"job": job})


def test_every_session_says_how_long_it_may_hold_what_others_wait_for(database):
    names = "idle_in_transaction_session_timeout", "lock_timeout", "statement_timeout", "tcp_user_timeout"
    names += "tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count"

    with database.transaction() as session:
        limits = {name: session.execute(text(f"SHOW {name}")).scalar_one() for name in names}

    assert "0" not in limits.values()


def test_a_client_that_sleeps_in_a_transaction_holds_its_rows_no_longer_than_the_limit(database, hasty, job):
    with ExitStack() as stack:
        sleeping = stack.enter_context(hasty(idle=SHORT).transaction())
        lock(sleeping, job)
        pid = sleeping.execute(text("SELECT pg_backend_pid()")).scalar_one()
        assert wait_until(lambda: not one(database, _LIVES, pid=pid).lives, 20)

        with database.transaction() as session:
            lock(session, job)

        # What it wakes up to: the transaction is over.
        with pytest.raises(Unavailable), translated_errors():
            sleeping.execute(text("SELECT 1"))
        sleeping.rollback()


def test_whoever_waits_in_vain_for_a_lock_is_told_so_and_nothing_is_written(database, hasty, job):
    with database.transaction() as holder:
        lock(holder, job)

        with (
            pytest.raises(Locked, match="Somebody else holds") as refusal,
            hasty(lock=SHORT).transaction() as mine,
        ):
            lock(mine, job)

    assert "run it again" in refusal.value.hint


def test_two_that_wait_for_each_other_are_told_so(database):
    first, second = add_jobs(database, add_project(database), 2)
    both_hold_one = threading.Barrier(2)
    refused: list[Locked] = []

    def cross(mine: UUID, others: UUID) -> None:
        try:
            with database.transaction() as session:
                lock(session, mine)
                both_hold_one.wait(20)
                lock(session, others)
        except Locked as error:
            refused.append(error)

    threads = [threading.Thread(target=cross, args=pair) for pair in ((first, second), (second, first))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert [error.message for error in refused] == [
        "Two commands waited for each other, and the database ended this one."
    ]


def test_a_statement_without_end_is_ended_and_named(hasty):
    with (
        pytest.raises(Unavailable, match="one statement for too long"),
        hasty(statement=SHORT).transaction() as session,
    ):
        session.execute(text("SELECT pg_sleep(60)"))


def test_a_migration_waits_for_another_for_as_long_as_that_takes(blank_database):
    hasty = Database(
        blank_database.engine.url.render_as_string(hide_password=False),
        patience=Patience(lock=SHORT, statement=timedelta(seconds=5)),
    )
    waits = "SELECT count(*) AS longer FROM pg_stat_activity WHERE datname = current_database()"
    waits += " AND wait_event = 'advisory' AND now() - query_start > interval '0.6 s'"
    second = threading.Thread(target=hasty.migrate)

    with blank_database.transaction() as first:
        first.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": 0x6661726D})
        second.start()
        assert wait_until(lambda: bool(one(blank_database, waits).longer), 20)
    second.join(60)
    hasty.close()

    blank_database.require_schema()
