"""Scores and gates over HTTP in the shapes of old, and questions that only a score worker can answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farm.client.routes import PREFIX
from models.vocabulary import Phase
from tests.support.factories import judged, ordered, whole
from workers.scoring.profiles import EMBEDDED

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi.testclient import TestClient

    from db.engine import Database
    from farm.client import Farm
    from models.shows import StoredShow


def test_jobs_are_weighed_as_a_gate_weighs_cuts(http: TestClient, database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        jobs = ordered(session, show, count=5, profile="embedded")
        for place, job in enumerate(jobs):
            seen = whole(EMBEDDED, Phase.STILL, **({} if place else {"identity": 0.0}))
            judged(session, job, *seen)
    named = [str(job) for job in jobs]

    report = http.post(f"{PREFIX}/quality/phase-gate/still", json=named).json()
    assert (report["tests_run"], report["tests_passed"], report["can_advance"]) == (5, 4, True)
    assert report["blocking_issues"][0]["metric"] == "identity"
    few = http.post(f"{PREFIX}/quality/phase-gate/still", json=named[:4])
    assert (few.status_code, few.json()["kind"]) == (400, "WrongJobs")
    other = http.post(f"{PREFIX}/quality/phase-gate/loop", json=named)
    assert (other.status_code, other.json()["kind"]) == (400, "WrongJobs")


def test_a_question_waits_for_a_score_worker_where_it_can_be_asked_for(http: TestClient, home: Farm) -> None:
    (home.settings.roots[0] / "a.png").write_bytes(b"no picture")

    asked = http.post(f"{PREFIX}/measurements/recipe", json={"file": "a.png"})

    assert asked.status_code == 202, asked.text
    address = f"{PREFIX}/measurements/{asked.json()['id']}"
    assert http.get(address).json()["answer"] is None
    assert "score worker" in http.get(f"{address}/why").json()
    assert http.delete(address).json() is True
    assert http.get(address).json()["status"] == "cancelled"


def test_what_was_not_measured_is_said_so(http: TestClient, database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        job = ordered(session, show)[0]

    answer = http.get(f"{PREFIX}/jobs/{job}/quality")

    assert (answer.status_code, answer.json()["kind"]) == (404, "UnknownName")
    assert http.get(f"{PREFIX}/jobs/{job}/params").json()["recipe"]["seed"] >= 0
    assert http.post(f"{PREFIX}/jobs/{job}/cancel").json()["items"] == [str(job)]


def test_a_key_is_shown_once(http: TestClient, key_for: Callable[..., str]) -> None:
    body = {"name": "nightly", "scopes": ["submit"]}
    first = http.post(f"{PREFIX}/keys", json=body, headers={"Idempotency-Key": "a key"})
    again = http.post(f"{PREFIX}/keys", json=body, headers={"Idempotency-Key": "a key"})

    assert first.status_code == 201
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (409, "true")
    assert "was shown once" in again.json()["detail"]
    assert first.json()["text"] not in again.text
