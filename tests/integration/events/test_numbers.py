"""Numbers rise in the order of commits: a reader that goes on from the last one misses nothing."""

from __future__ import annotations

import select
import threading
from typing import TYPE_CHECKING
from uuid import UUID

import psycopg2
import pytest

from db import catalogue
from db.events import outbox
from models.errors import BadInput
from models.events import EventType, NewEvent
from tests.support.queue_jobs import add_project, execute, one

if TYPE_CHECKING:
    from db.engine import Database, Session


@pytest.fixture
def project(database: Database) -> UUID:
    return add_project(database)


def put(session: Session, project: UUID, mark: str, kind: EventType = EventType.PHASE_OPENED) -> None:
    outbox.put(session, [NewEvent(type=kind, project_id=project, facts={"mark": mark})])


def read_on(database: Database, after: int) -> tuple[list[str], int]:
    """Number what can be, and read on as a stream does: the marks, and from where to go on."""
    with database.transaction() as session:
        outbox.number(session)
    with database.transaction() as session:
        events = catalogue.events_after(session, after)
    return [each.facts["mark"] for each in events], events[-1].id if events else after


def test_a_transaction_that_wrote_first_and_commits_last_is_not_missed(
    database: Database, project: UUID
) -> None:
    with database.transaction() as slow:
        put(slow, project, "slow")
        with database.transaction() as quick:
            put(quick, project, "quick")
        first, mark = read_on(database, 0)

    second, _ = read_on(database, mark)

    assert (first, second) == (["quick"], ["slow"])


def test_events_of_one_transaction_keep_their_order(database: Database, project: UUID) -> None:
    with database.transaction() as session:
        for mark in "abc":
            put(session, project, mark)

    assert read_on(database, 0)[0] == ["a", "b", "c"]


def test_nobody_numbers_while_somebody_else_does(database: Database, project: UUID) -> None:
    with database.transaction() as session:
        put(session, project, "a")

    with database.transaction() as one_hand:
        assert outbox.number(one_hand) == 1
        with database.transaction() as another:
            put(another, project, "b")
        with database.transaction() as another:
            assert outbox.number(another) == 0
            assert catalogue.events_after(another, 0) == ()

    assert read_on(database, 0)[0] == ["a", "b"]


def test_many_hands_give_each_event_one_number_and_readers_miss_none(database: Database, project: UUID) -> None:
    written, stop = [str(number) for number in range(60)], threading.Event()

    def write(marks: list[str]) -> None:
        for mark in marks:
            with database.transaction() as session:
                put(session, project, mark)

    def keep_numbering() -> None:
        while not stop.is_set():
            with database.transaction() as session:
                outbox.number(session, at_most=3)

    hands = [threading.Thread(target=write, args=(written[part::3],)) for part in range(3)]
    clerks = [threading.Thread(target=keep_numbering) for _ in range(2)]
    for thread in (*hands, *clerks):
        thread.start()
    seen, mark = [], 0
    while any(hand.is_alive() for hand in hands) or len(seen) < len(written):
        new, mark = read_on(database, mark)
        seen += new
    stop.set()
    for thread in (*hands, *clerks):
        thread.join()

    assert sorted(seen) == sorted(written)


def test_whoever_listens_hears_once_that_there_is_something_to_read(database: Database, project: UUID) -> None:
    ear = psycopg2.connect(database.engine.url.set(drivername="postgresql").render_as_string(False))
    ear.autocommit = True
    with ear.cursor() as cursor:
        cursor.execute(f"LISTEN {outbox.CHANNEL}")
    with database.transaction() as session:
        put(session, project, "a")
    for _ in range(2):  # the second finds nothing and says nothing
        with database.transaction() as session:
            outbox.number(session)

    assert select.select([ear], [], [], 10)[0]
    ear.poll()
    with database.transaction() as session:
        newest = catalogue.newest_event_id(session)
    assert [each.payload for each in ear.notifies] == [str(newest)]
    ear.close()


def test_pages_of_events_are_of_a_job_a_project_or_some_types(database: Database, project: UUID) -> None:
    other, job = add_project(database), UUID(int=7)
    with database.transaction() as session:
        put(session, other, "a")
        for mark in "bcd":
            put(session, project, mark, EventType.PHASE_CLOSED)
        cancelled = NewEvent(type=EventType.JOB_CANCELLED, project_id=project, job_id=job, facts={"mark": "e"})
        outbox.put(session, [cancelled])
    with database.transaction() as session:
        outbox.number(session)

        def marks(**asked: object) -> str:
            return "".join(each.facts["mark"] for each in catalogue.events(session, **asked).items)

        assert marks(project_id=project) == "bcde"
        assert marks(job_id=job) == "e"
        assert marks(types=[EventType.PHASE_CLOSED], after="0") == "bcd"
        assert marks(limit=2) == "de"
        page = catalogue.events(session, after="0", limit=2)
        assert page.next is not None
        assert marks(after=page.next) == "cde"
        with pytest.raises(BadInput, match="cannot be read"):
            catalogue.events(session, after="1; DROP")


def test_how_long_events_have_waited_for_their_number_can_be_asked(database: Database, project: UUID) -> None:
    with database.transaction() as session:
        assert outbox.waiting_for(session) == 0
        put(session, project, "a")
    execute(database, "UPDATE outbox SET at = now() - interval '5 min'")

    with database.transaction() as session:
        assert outbox.waiting_for(session) >= 300


def test_a_word_of_a_later_release_is_read_as_it_is(database: Database, project: UUID) -> None:
    later = "INSERT INTO outbox (type, project_id) VALUES ('take.sold', :project) RETURNING id"
    one(database, later, project=project)

    with database.transaction() as session:
        outbox.number(session)
        assert [each.type for each in catalogue.events_after(session, 0)] == ["take.sold"]
