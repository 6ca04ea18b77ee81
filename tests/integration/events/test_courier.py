"""Events arrive: signed, in order for each job, at least once, and where they may be sent alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from standardwebhooks import WebhookVerificationError

from db import catalogue
from db.events import deliveries, outbox
from farm.events import signing
from farm.events.policy import PAUSES, TOLERATED
from models import failpoints
from models.errors import Unavailable
from models.events import EventType
from models.failpoints import Window
from tests.support.factories import settings_for
from tests.support.happenings import COMPLETED, OPENED, PASSED, SECRET, add, happens, seen, time_passes
from tests.support.hook_receiver import Receiver, running_receiver
from tests.support.queue_jobs import add_jobs, add_project, execute, one

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from db.engine import Database
    from tests.support.hook_receiver import Call


def test_an_event_arrives_as_the_contract_says_and_the_receivers_library_believes_it(
    database: Database, project: UUID, receiver: Receiver, send: Callable[..., int]
) -> None:
    job = uuid4()
    add(database, receiver.url, task_id="task-7")
    happens(database, project, (COMPLETED, job))

    assert send() == 1

    (call,) = receiver.calls
    event = call.verified(SECRET)
    assert set(event) == {"event_type", "task_id", "job_id", "timestamp", "data"}
    assert (event["event_type"], event["job_id"], event["task_id"]) == ("job.completed", str(job), "task-7")
    assert call.headers["host"] == receiver.host
    with pytest.raises(WebhookVerificationError):
        call.verified(signing.new_secret())
    assert send() == 0
    assert len(receiver.calls) == 1


def test_what_a_job_could_not_deliver_holds_its_later_events_back_and_no_other_jobs(
    database: Database, project: UUID, receiver: Receiver, send: Callable[..., int]
) -> None:
    unlucky, lucky = uuid4(), uuid4()
    endpoint = add(database, receiver.url)
    happens(database, project, (COMPLETED, unlucky), (PASSED, unlucky), (COMPLETED, lucky), (PASSED, lucky))
    receiver.status = lambda call: 500 if call.event["job_id"] == str(unlucky) else 200

    assert send() == 2
    first = receiver.calls[0]
    assert [call.event["job_id"] for call in receiver.calls] == [str(unlucky), str(lucky), str(lucky)]
    assert seen(database, endpoint).last_error is None  # it took events since

    receiver.status = lambda _: 200
    assert send() == 0  # it is tried again later, and the one behind it waits
    time_passes(database)
    assert send() == 2
    again, behind = receiver.calls[3:]
    assert again.id == first.id
    assert [each.event["event_type"] for each in (again, behind)] == ["job.completed", "quality.passed"]


def test_an_endpoint_that_is_gone_is_paused_and_what_happens_meanwhile_waits_for_it(
    database: Database, project: UUID, receiver: Receiver, send: Callable[..., int]
) -> None:
    endpoint = add(database, receiver.url)
    receiver.status = lambda _: 410
    happens(database, project, (COMPLETED, uuid4()), (COMPLETED, uuid4()))
    assert send() == 0
    assert len(receiver.calls) == 1
    paused = seen(database, endpoint)
    assert paused.paused_at is not None
    assert "410" in str(paused.paused_reason)

    happens(database, project, (OPENED, None))
    time_passes(database)
    assert send() == 0
    assert len(receiver.calls) == 1
    assert seen(database, endpoint).waiting == 3

    receiver.status = lambda _: 200
    with database.transaction() as session:
        catalogue.resume_endpoint(session, endpoint.id)
    assert send() == 3
    assert seen(database, endpoint).failing_since is None


def test_an_endpoint_that_takes_an_event_for_three_days_not_is_paused(
    database: Database, project: UUID, receiver: Receiver, send: Callable[..., int]
) -> None:
    endpoint = add(database, receiver.url)
    receiver.status = lambda _: 503
    happens(database, project, (COMPLETED, uuid4()))
    for _ in PAUSES:
        send()
        assert seen(database, endpoint).paused_at is None
        time_passes(database)
    send()

    assert len(receiver.calls) == len(PAUSES) + 1
    assert len({call.id for call in receiver.calls}) == 1
    assert "three days. It answered 503." in str(seen(database, endpoint).paused_reason)


def test_an_endpoint_that_is_away_is_not_asked_for_every_event_that_waits(
    database: Database, project: UUID, receiver: Receiver, send: Callable[..., int]
) -> None:
    endpoint = add(database, receiver.url)
    receiver.status = lambda _: 502
    happens(database, project, *((COMPLETED, uuid4()) for _ in range(10)))
    send()

    assert len(receiver.calls) == TOLERATED
    assert seen(database, endpoint).failing_since is not None


def test_a_slow_endpoint_keeps_no_other_waiting(
    database: Database, project: UUID, receiver: Receiver, send: Callable[..., int]
) -> None:
    receiver.awake.clear()
    add(database, receiver.url)
    with running_receiver() as quick:
        add(database, quick.url)
        happens(database, project, (COMPLETED, uuid4()))

        def answered(call: Call) -> int:
            # Meanwhile something more happens, and arrives in the same round.
            if len(quick.calls) == 1:
                happens(database, project, (OPENED, None))
            else:
                receiver.awake.set()
            return 200

        quick.status = answered
        assert send(receiver.host, quick.host, timeout=8) == 4

    assert quick.words() == receiver.words() == ["job.completed", "phase.opened"]


def test_a_courier_that_is_killed_before_it_notes_an_answer_sends_the_event_again_under_its_id(
    database: Database, project: UUID, receiver: Receiver, send: Callable[..., int], tmp_path: Path
) -> None:
    add(database, receiver.url)
    happens(database, project, (COMPLETED, uuid4()), (PASSED, uuid4()))
    execute(database, "DELETE FROM ticks")
    environment = {
        "FARM_STATE_DIR": str(tmp_path),
        "FARM_DATABASE_URL": database.engine.url.render_as_string(hide_password=False),
        "FARM_REDIS_URL": "redis://127.0.0.1:1/0",
        "FARM_CALLBACK_HOSTS": receiver.host,
        "FARM_TESTING": "1",
        "FARM_FAILPOINTS": f"{Window.CALLED}:1",
    }
    command = [sys.executable, "-c", "from tasks.beat.events import deliver_now; deliver_now()"]
    env = os.environ | environment
    died = subprocess.run(command, env=env, check=False, capture_output=True, text=True, timeout=60)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert len(receiver.calls) == 1

    time_passes(database)
    assert send() == 2

    first, again, other = receiver.calls
    assert (first.id, first.body) == (again.id, again.body)
    assert other.id != first.id
    assert SECRET.removeprefix("whsec_") not in died.stderr


def test_events_that_got_their_numbers_and_no_courier_are_delivered_by_the_next(
    database: Database, project: UUID, receiver: Receiver, send: Callable[..., int], tmp_path: Path
) -> None:
    add(database, receiver.url)
    happens(database, project, (COMPLETED, uuid4()))
    failpoints.arm(f"{Window.EVENTS}:1:raise", tmp_path)
    try:
        with pytest.raises(Unavailable):
            send()
    finally:
        failpoints.arm("", tmp_path)

    assert receiver.calls == []
    assert send() == 1


def test_two_couriers_send_each_event_once(
    database: Database, project: UUID, receiver: Receiver, send: Callable[..., int]
) -> None:
    add(database, receiver.url)
    happens(database, project, *((COMPLETED, uuid4()) for _ in range(20)))
    together = threading.Barrier(2)

    def deliver() -> int:
        together.wait(10)
        return send()

    with ThreadPoolExecutor(2) as both:
        taken = [each.result() for each in [both.submit(deliver) for _ in range(2)]]

    assert sum(taken) == len(receiver.calls) == len({call.id for call in receiver.calls}) == 20


def test_a_round_of_the_beat_delivers_and_says_how_much(
    database: Database,
    project: UUID,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    from tasks.beat import events
    from tasks.process import runtime

    settings = settings_for(tmp_path, callback_hosts=(receiver.host,))
    monkeypatch.setattr(runtime, "database", lambda: database)
    monkeypatch.setattr(events, "settings", lambda: settings)
    execute(database, "DELETE FROM ticks")
    add(database, receiver.url)
    happens(database, project, (COMPLETED, uuid4()))

    assert events.deliver_now() == "1 events delivered"
    assert events.deliver_now() == "ran just now"


def test_a_new_secret_is_believed_and_the_one_before_still_is(
    database: Database, project: UUID, receiver: Receiver, send: Callable[..., int]
) -> None:
    endpoint, new = add(database, receiver.url), signing.new_secret()
    with database.transaction() as session:
        catalogue.rotate_secret(session, endpoint.id, new, keep=timedelta(hours=1))
    happens(database, project, (COMPLETED, uuid4()))
    send()
    for secret in (SECRET, new):
        assert receiver.calls[0].verified(secret)

    execute(database, "UPDATE endpoints SET previous_secret_until = now() - interval '1 s'")
    happens(database, project, (COMPLETED, uuid4()))
    send()
    assert receiver.calls[1].verified(new)
    with pytest.raises(WebhookVerificationError):
        receiver.calls[1].verified(SECRET)


def test_what_was_delivered_is_sent_again_under_its_ids_when_somebody_asks(
    database: Database, project: UUID, receiver: Receiver, send: Callable[..., int]
) -> None:
    endpoint = add(database, receiver.url)
    happens(database, project, *((kind, uuid4()) for kind in (COMPLETED, PASSED, COMPLETED)))
    send()
    with database.transaction() as session:
        first = catalogue.events_after(session, 0)[0]
        assert catalogue.replay(session, endpoint.id, after=first.id) == 2
    assert send() == 2

    ids = [call.id for call in receiver.calls]
    assert ids[3:] == ids[1:3]
    with database.transaction() as session:
        assert catalogue.replay(session, endpoint.id, since=first.at + timedelta(hours=1)) == 0


def test_an_endpoint_hears_what_it_asked_for(
    database: Database, project: UUID, receiver: Receiver, send: Callable[..., int]
) -> None:
    other = add_project(database)
    add(database, receiver.url, types=(PASSED, OPENED), project_id=project)
    happens(database, project, (COMPLETED, uuid4()), (PASSED, uuid4()), (OPENED, None))
    happens(database, other, (PASSED, uuid4()))

    assert send() == 2
    assert receiver.words() == ["quality.passed", "phase.opened"]


def test_a_callback_of_one_order_hears_of_its_takes_alone_and_is_not_signed_without_a_secret(
    database: Database, project: UUID, receiver: Receiver, send: Callable[..., int]
) -> None:
    mine, other, retake = add_jobs(database, project, 3)
    execute(
        database, "UPDATE jobs SET root_job_id = :root, take_number = 2 WHERE id = :id", root=mine, id=retake
    )
    add(database, receiver.url, job_id=mine, task_id="echo-1", secret=None)
    happens(database, project, *((COMPLETED, job) for job in (mine, other, retake)), (OPENED, None))

    assert send() == 2
    assert [call.event["job_id"] for call in receiver.calls] == [str(mine), str(retake)]
    assert {call.event["task_id"] for call in receiver.calls} == {"echo-1"}
    assert all("webhook-signature" not in call.headers for call in receiver.calls)


def test_whoever_is_paused_in_the_middle_is_sent_no_more(
    database: Database, project: UUID, receiver: Receiver, send: Callable[..., int]
) -> None:
    endpoint = add(database, receiver.url)
    happens(database, project, *((COMPLETED, uuid4()) for _ in range(5)))

    def pausing(_: Call) -> int:
        with database.transaction() as session:
            catalogue.pause_endpoint(session, endpoint.id, "Ada is at it")
        return 200

    receiver.status = pausing
    send()
    assert len(receiver.calls) == 1
    assert seen(database, endpoint).waiting == 4


def test_old_events_go_unless_somebody_who_is_not_paused_waits_for_them(
    database: Database, project: UUID, receiver: Receiver
) -> None:
    for word in (OPENED, PASSED):
        add(database, receiver.url, types=(word,))
    (job,) = add_jobs(database, project)
    of_order = add(database, receiver.url, job_id=job, types=(COMPLETED,))
    happens(database, project, (OPENED, None), (PASSED, None), (EventType.PHASE_CLOSED, None))
    with database.transaction() as session:
        outbox.number(session)
    execute(database, "UPDATE endpoints SET paused_at = now() WHERE types = '{quality.passed}'")

    def left() -> set[str]:
        with database.transaction() as session:
            deliveries.tidy(session, keep=timedelta(days=14))
            return {each.type for each in catalogue.events_after(session, 0)}

    assert len(left()) == 3
    execute(database, "UPDATE events SET at = now() - interval '15 days'")
    execute(database, "UPDATE endpoints SET created_at = now() - interval '15 days'")
    assert left() == {"phase.opened"}
    assert seen(database, of_order).job_id == job  # the order is still under way

    execute(database, "UPDATE render_queue SET status = 'completed' WHERE job_id = :job", job=job)
    execute(database, "UPDATE jobs SET verdict = 'review' WHERE id = :job", job=job)
    left()
    assert seen(database, of_order).job_id == job  # a person may still decide

    execute(database, "UPDATE jobs SET verdict = 'approved' WHERE id = :job", job=job)
    left()
    assert one(database, "SELECT count(*) AS n FROM endpoints WHERE job_id = :job", job=job).n == 0
    assert one(database, "SELECT count(*) AS n FROM endpoints").n == 2
