"""Streams: nothing that matters is missed, however often they drop, and many cost no more than one."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import requests

from db.events import outbox
from farm.client.routes import PREFIX
from models.access import Scope
from tests.support.served import served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fastapi.testclient import TestClient

    from farm.client import Farm
    from models.shows import StoredShow


@pytest.fixture
def url(home: Farm) -> Iterator[str]:
    with served(home) as url:
        yield url


def lines_of(answer: requests.Response) -> Iterator[dict[str, Any]]:
    """The events of a stream as they come."""
    event: dict[str, Any] = {}
    for line in answer.iter_lines(decode_unicode=True):
        name, _, value = line.partition(": ")
        if name in ("event", "id"):
            event[name] = value
        elif name == "data":
            event["data"] = json.loads(value)
        elif not line and event:
            yield event
            event = {}


def follow(url: str, path: str, key: str, after: str | None = None) -> requests.Response:
    headers = {"Authorization": f"Bearer {key}"} | ({"Last-Event-ID": after} if after else {})
    answer = requests.get(f"{url}{PREFIX}{path}", headers=headers, stream=True, timeout=30)
    answer.raise_for_status()
    return answer


def number(farm: Farm) -> None:
    """As the beat does, after the commits."""
    with farm.database.transaction() as session:
        outbox.number(session)


def test_a_job_is_followed_from_where_it_stands_to_its_end(
    home: Farm, url: str, show: StoredShow, key_for: Callable[..., str]
) -> None:
    job = home.submit(project=show.project, cut=next(iter(show.cuts)))
    with closing(follow(url, f"/jobs/{job.job_id}/stream", key_for(Scope.READ))) as answer:
        events = lines_of(answer)
        first = next(events)
        assert (first["event"], first["data"]["state"]) == ("progress", "queued")
        home.cancel([job.job_id])
        number(home)
        rest = list(events)

    kinds = [event["event"] for event in rest]
    assert kinds[-2:] == ["job.cancelled", "end"]
    assert {event["data"]["state"] for event in rest if event["event"] == "progress"} <= {"queued", "cancelled"}


def test_a_stream_that_drops_goes_on_where_it_was(
    home: Farm, url: str, show: StoredShow, key_for: Callable[..., str]
) -> None:
    key, cut = key_for(Scope.READ), next(iter(show.cuts))
    jobs = [home.submit(project=show.project, cut=cut, seed=seed).job_id for seed in range(6)]
    seen: list[str] = []
    after: str | None = str(home.newest_event())
    for part in (jobs[:2], jobs[2:4], jobs[4:]):
        # It happens while nobody is there.
        for job_id in part:
            home.cancel([job_id])
        number(home)
        with closing(follow(url, "/events/stream", key, after)) as answer:
            events = lines_of(answer)
            for _ in part:
                event = next(events)
                after = event["id"]
                seen.append(event["data"]["job_id"])

    assert seen == [str(job_id) for job_id in jobs]


def test_forty_streams_ask_no_more_than_one(
    home: Farm, url: str, show: StoredShow, key_for: Callable[..., str], statements: list[str]
) -> None:
    key = key_for(Scope.READ)
    job = home.submit(project=show.project, cut=next(iter(show.cuts)))
    answers = [follow(url, f"/jobs/{job.job_id}/stream", key) for _ in range(40)]
    streams = [lines_of(answer) for answer in answers]
    for events in streams:
        assert next(events)["event"] == "progress"
    statements.clear()
    home.cancel([job.job_id])
    number(home)
    ends = [[event["event"] for event in events] for events in streams]

    assert all(kinds[-1] == "end" and "job.cancelled" in kinds for kinds in ends)
    # Each asks once more, at its own end, whether it was the end; the reading itself is shared.
    assert len([each for each in statements if "FROM events" in each]) <= 3
    for answer in answers:
        answer.close()


def test_nobody_follows_without_a_key_or_what_is_not_there(url: str, key_for: Callable[..., str]) -> None:
    missing = "00000000-0000-0000-0000-000000000000"

    assert requests.get(f"{url}{PREFIX}/jobs/{missing}/stream", timeout=10).status_code == 401
    answer = requests.get(
        f"{url}{PREFIX}/jobs/{missing}/stream",
        headers={"Authorization": f"Bearer {key_for(Scope.READ)}"},
        timeout=10,
    )
    assert (answer.status_code, answer.json()["kind"]) == (404, "UnknownName")


def test_old_callers_follow_over_a_web_socket(home: Farm, http: TestClient, show: StoredShow) -> None:
    job = home.submit(project=show.project, cut=next(iter(show.cuts)))
    home.cancel([job.job_id])
    with http.websocket_connect(f"{PREFIX}/ws/jobs/{job.job_id}", headers=dict(http.headers)) as socket:
        news = socket.receive_json()

    assert (news["type"], news["job_id"], news["progress"]) == ("progress", str(job.job_id), 0.0)
    assert news["job"]["state"] == "cancelled"


def test_a_web_socket_without_a_key_is_told_so_and_closed(http: TestClient) -> None:
    del http.headers["Authorization"]
    with http.websocket_connect(f"{PREFIX}/ws/jobs/1") as socket:
        assert "needs a key" in socket.receive_json()["error"]
