"""Events and endpoints through the SDK: whom the farm may call, what is shown once, what the audit keeps."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from farm.client import Farm
from farm.events import signing
from models.errors import BadInput, Forbidden, UnknownName
from models.events import EventType
from tests.support.factories import settings_for
from tests.support.queue_jobs import add_jobs, one

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from db.engine import Database
    from models.shows import StoredShow

URL = "https://hooks.example.com/farm?key=abc"


@pytest.fixture
def farm(database_url: str, tmp_path: Path) -> Iterator[Farm]:
    settings = settings_for(tmp_path, given_database_url=database_url, callback_hosts=("hooks.example.com",))
    with Farm(settings) as farm:
        yield farm


def test_what_happened_can_be_read_without_waiting_for_the_beat(
    farm: Farm, database: Database, show: StoredShow
) -> None:
    jobs = add_jobs(database, show.project_id, 2)
    farm.cancel(jobs)

    page = farm.events(project=show.project)

    assert {each.job_id for each in page.items} == set(jobs)
    assert farm.newest_event() == page.items[-1].id
    assert farm.events(after=farm.newest_event()).items == ()
    assert farm.events(project=show.project, types=["phase.opened"]).items == ()
    (only,) = farm.events(job=jobs[0], after=0).items
    assert set(only.to_json()) >= {"id", "webhook_id", "event_type", "job_id", "timestamp", "data"}
    with pytest.raises(UnknownName, match="event type"):
        farm.events(types=["job.complete"])


def test_a_secret_is_shown_once_and_stands_nowhere_else(
    farm: Farm, database: Database, show: StoredShow
) -> None:
    added = farm.add_endpoint(URL, types=[EventType.JOB_COMPLETED], project=show.project)
    rotated = farm.rotate_secret(added.endpoint.id)

    secrets = [str(each.secret).removeprefix(signing.PREFIX) for each in (added, rotated)]
    entries = farm.audit(subject=f"endpoint {added.endpoint.id}").items
    assert [each.action for each in entries] == ["endpoint.rotate", "endpoint.add"]
    assert entries[1].after == {
        "url": "https://hooks.example.com/farm",
        "types": ["job.completed"],
        "job": None,
        "task_id": None,
    }
    for shown in (added, rotated, farm.endpoints(), entries):
        assert not any(secret in repr(shown) for secret in secrets)
    assert rotated.endpoint.previous_secret_until is not None
    row = one(database, "SELECT * FROM endpoints WHERE id = :id", id=added.endpoint.id)
    assert (row.secret, row.previous_secret) == (rotated.secret, added.secret)


def test_a_callback_belongs_to_the_order_and_is_signed_only_with_a_secret_that_was_given(
    farm: Farm, database: Database, show: StoredShow
) -> None:
    (job,) = add_jobs(database, show.project_id)
    secret = signing.new_secret()

    bare = farm.add_endpoint(URL, job=job, task_id="t-1")
    signed = farm.add_endpoint(URL, job=job, task_id="t-1", secret=secret)

    assert (bare.secret, bare.endpoint.is_signed) == (None, False)
    assert (signed.secret, signed.endpoint.task_id) == (secret, "t-1")
    assert {each.id for each in farm.endpoints(job=job)} == {bare.endpoint.id, signed.endpoint.id}
    assert bare.endpoint.id not in {each.id for each in farm.endpoints()}


def test_an_address_that_is_not_on_the_list_is_refused_and_nothing_is_stored(farm: Farm) -> None:
    before = farm.endpoints()

    for url, refusal in (
        ("http://169.254.169.254/latest", Forbidden),
        ("http://localhost:8309/", Forbidden),
        ("file:///etc/passwd", BadInput),
    ):
        with pytest.raises(refusal):
            farm.add_endpoint(url)

    assert farm.endpoints() == before


def test_a_rehearsal_adds_no_endpoint(farm: Farm) -> None:
    before = farm.endpoints()
    with farm.as_one(keep=False) as rehearsal:
        added = rehearsal.add_endpoint(URL)
        assert added.endpoint in rehearsal.endpoints()

    assert farm.endpoints() == before


def test_a_person_pauses_resumes_replays_and_removes_an_endpoint(
    farm: Farm, database: Database, show: StoredShow
) -> None:
    known = farm.add_endpoint(URL, project=show.project).endpoint
    farm.cancel(add_jobs(database, show.project_id, 3))
    first = farm.events(project=show.project).items[0]

    assert farm.pause_endpoint(known.id, why="moving house").paused_reason == (
        f"{farm.caller.actor} paused it: moving house"
    )
    assert farm.resume_endpoint(known.id).paused_at is None
    assert farm.replay(known.id, after=first.id) == 2
    assert farm.replay(known.id, since=datetime(2020, 1, 1, tzinfo=UTC)) == 3
    assert farm.endpoints()[-1].waiting == 3
    farm.remove_endpoint(known.id)

    with pytest.raises(UnknownName, match="no endpoint"):
        farm.resume_endpoint(known.id)
    actions = [each.action for each in farm.audit(subject=f"endpoint {known.id}").items]
    assert actions == [f"endpoint.{word}" for word in ("remove", "replay", "replay", "resume", "pause", "add")]


def test_what_cannot_be_understood_is_refused_in_a_sentence(farm: Farm) -> None:
    known = farm.add_endpoint(URL).endpoint

    with pytest.raises(BadInput, match="no endpoint's id"):
        farm.rotate_secret("mine")
    with pytest.raises(BadInput, match="From where"):
        farm.replay(known.id)
    with pytest.raises(BadInput, match="no zone"):
        farm.replay(known.id, since=datetime(2020, 1, 1))
    with pytest.raises(Forbidden, match="needs a reason"):
        farm.pause_endpoint(known.id, why=" ")
    with pytest.raises(BadInput, match="task id"):
        farm.add_endpoint(URL, task_id="t" * 300)
