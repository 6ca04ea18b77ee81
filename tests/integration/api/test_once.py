"""A change that is sent again, twice at once, or only for trial, over HTTP."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from db import catalogue
from farm.client import Farm
from farm.client.routes import PREFIX
from models.access import Scope
from tests.support.factories import SHOW
from tests.support.queue_jobs import one

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi.testclient import TestClient

    from models.shows import StoredShow

#: everything that calls write, but for the use of keys
_COUNTED = ("jobs", "audit", "events", "projects", "api_keys", "people", "endpoints", "idempotent_answers")


@pytest.fixture
def order(show: StoredShow) -> dict[str, Any]:
    return {"project": show.project, "cut": next(iter(show.cuts)), "seed": 7}


def jobs_of(http: TestClient, show: StoredShow) -> int:
    return len(http.get(f"{PREFIX}/jobs", params={"project": show.project}).json()["items"])


def test_the_same_key_again_is_the_same_answer_to_the_letter(
    http: TestClient, show: StoredShow, order: dict[str, Any]
) -> None:
    first, again = (http.post(f"{PREFIX}/jobs", json=order, headers={"Idempotency-Key": "a"}) for _ in range(2))

    assert (first.status_code, first.content) == (again.status_code, again.content) == (201, again.content)
    assert first.headers["Location"] == again.headers["Location"]
    assert first.headers["Content-Type"] == again.headers["Content-Type"]
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert jobs_of(http, show) == 1


def test_the_same_key_for_anything_else_is_refused(
    http: TestClient, show: StoredShow, order: dict[str, Any]
) -> None:
    key = {"Idempotency-Key": "b"}
    job = http.post(f"{PREFIX}/jobs", json=order, headers=key).json()["job_id"]

    for path, body in (
        ("/jobs", order | {"seed": 8}),
        ("/jobs/batch", {"orders": [order]}),
        ("/jobs/cancel", {"job_ids": [job]}),
    ):
        answer = http.post(PREFIX + path, json=body, headers=key)
        assert (answer.status_code, answer.json()["kind"]) == (409, "Conflict")
        assert "'b' was used for another request" in answer.json()["detail"]
    assert jobs_of(http, show) == 1


def test_another_caller_has_keys_of_its_own(
    http: TestClient, show: StoredShow, order: dict[str, Any], key_for: Callable[..., str]
) -> None:
    jobs = set()
    for _ in range(2):
        headers = {"Idempotency-Key": "shared", "Authorization": f"Bearer {key_for(Scope.SUBMIT)}"}
        jobs.add(http.post(f"{PREFIX}/jobs", json=order, headers=headers).json()["job_id"])

    assert len(jobs) == jobs_of(http, show) == 2


def test_what_was_refused_may_be_sent_again_under_its_key(
    http: TestClient, show: StoredShow, order: dict[str, Any]
) -> None:
    key = {"Idempotency-Key": "c"}
    refused = http.post(f"{PREFIX}/jobs", json=order | {"cut": "9/9/9"}, headers=key)
    mended = http.post(f"{PREFIX}/jobs", json=order, headers=key)

    assert (refused.status_code, mended.status_code) == (404, 201)
    assert jobs_of(http, show) == 1


def test_while_the_first_is_answered_the_second_is_told_when_to_come_back(
    http: TestClient, show: StoredShow, order: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end = threading.Event(), threading.Event()
    submit = Farm.submit

    def slow(farm: Farm, *given: Any, **fields: Any) -> Any:
        begun.set()
        assert may_end.wait(60)
        return submit(farm, *given, **fields)

    monkeypatch.setattr(Farm, "submit", slow)

    def ask() -> Any:
        return http.post(f"{PREFIX}/jobs", json=order, headers={"Idempotency-Key": "d"})

    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(ask)
        assert begun.wait(60)
        early = ask()
        may_end.set()
        first = running.result(60)

    assert (early.status_code, early.json()["kind"], early.headers["Retry-After"]) == (409, "Busy", "1")
    assert (first.status_code, ask().content) == (201, first.content)
    assert jobs_of(http, show) == 1


def test_many_at_once_are_one_order(http: TestClient, show: StoredShow, order: dict[str, Any]) -> None:
    def ask(_: int) -> Any:
        return http.post(f"{PREFIX}/jobs", json=order, headers={"Idempotency-Key": "e"})

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(ask, range(8)))

    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert jobs_of(http, show) == 1


def test_a_crash_between_the_change_and_its_answer_leaves_neither(
    http: TestClient, show: StoredShow, order: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    key = {"Idempotency-Key": "f"}
    with monkeypatch.context() as patch:

        def crash(*given: Any) -> None:
            raise RuntimeError("the power went")

        patch.setattr(catalogue, "keep_answer", crash)
        assert http.post(f"{PREFIX}/jobs", json=order, headers=key).status_code == 500
    assert jobs_of(http, show) == 0

    assert http.post(f"{PREFIX}/jobs", json=order, headers=key).status_code == 201
    assert jobs_of(http, show) == 1


def _changes(home: Farm, show: StoredShow) -> list[tuple[str, str, dict[str, Any] | None]]:
    """A call of each changing kind that would be done."""
    cut = next(iter(show.cuts))
    order = {"project": show.project, "cut": cut, "seed": 7}
    job = str(home.submit(order).job_id)
    home.add_person("Ren", "paper lanterns at dusk", scopes=[Scope.READ])
    prefix = home.create_key("old", scopes=[Scope.READ], actor="Ada").view.prefix
    by = {"by": "Ada", "reason": "she says so"}
    return [
        ("POST", "/jobs", order | {"seed": 8}),
        ("POST", "/jobs/batch", {"orders": [order | {"seed": 9}]}),
        (
            "POST",
            "/generate",
            {"project_id": show.project, "character_ids": ["mio"], "width": 832, "height": 480},
        ),
        ("POST", "/jobs/cancel", {"job_ids": [job]}),
        ("POST", f"/projects/{show.project}/gates/loop/open", by),
        ("POST", f"/projects/{show.project}/gates/still/close", by),
        ("PUT", f"/projects/{show.project}/profile", {"name": "spec", "by": "Ada"}),
        ("POST", "/shows", {"show": SHOW}),
        ("POST", "/keys", {"name": "n", "scopes": ["read"], "actor": "Ada"}),
        ("DELETE", f"/keys/{prefix}", None),
        ("POST", "/people", {"name": "Mira", "password": "paper lanterns at dusk", "scopes": ["read"]}),
        ("DELETE", "/people/Ren", None),
    ]


def _counts(home: Farm) -> list[int]:
    counts = (f"SELECT count(*) AS count FROM {table}" for table in _COUNTED)  # noqa: S608  # names of ours
    return [one(home.database, statement).count for statement in counts]


def _shape(value: Any) -> Any:
    """An answer without what differs from one call to the next: ids, times, secrets."""
    if isinstance(value, dict):
        return {name: _shape(each) for name, each in value.items() if name not in _OF_THE_CALL}
    return [_shape(each) for each in value] if isinstance(value, list) else value


_OF_THE_CALL = {
    "job_id", "generation_params_id", "websocket_url", "project_id", "text", "prefix", "seed_used",
    "seed_used_text", "characters", "created_at", "decided_at", "revoked_at", "disabled_at", "at", "cuts",
    "etag",
}  # fmt: skip


def test_a_trial_answers_as_the_call_does_and_leaves_nothing(
    home: Farm, http: TestClient, show: StoredShow
) -> None:
    for method, path, body in _changes(home, show):
        before = _counts(home)
        tried = http.request(
            method,
            PREFIX + path,
            params={"dry_run": "true"},
            json=body,
            headers={"Idempotency-Key": f"try {path}"},
        )
        assert _counts(home) == before, path
        done = http.request(method, PREFIX + path, json=body, headers={"Idempotency-Key": f"try {path}"})

        assert done.status_code < 300, (path, done.text)
        assert tried.status_code == done.status_code, (path, tried.text)
        assert _shape(tried.json() if tried.content else None) == _shape(done.json() if done.content else None)
        assert "Idempotent-Replayed" not in done.headers
        assert _counts(home) != before, path


def test_a_trial_of_what_cannot_be_done_is_refused_in_the_same_words(
    http: TestClient, order: dict[str, Any]
) -> None:
    wrong = order | {"cut": "9/9/9"}

    tried, done = (
        http.post(f"{PREFIX}/jobs", json=wrong, params=params) for params in ({"dry_run": "true"}, {})
    )

    assert (tried.status_code, tried.content) == (done.status_code, done.content)
