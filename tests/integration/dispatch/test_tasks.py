"""Echo hands tasks over: each is done once, tells how it stands, and is called back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient

from db import catalogue
from farm.api import app
from farm.client import Farm
from farm.events.courier import Courier
from farm.judging import gate as gates
from models.access import Scope
from models.metrics import Metric
from tests.support.factories import finish, judged, measured, settings_for
from tests.support.hook_receiver import running_receiver
from tests.support.queue_jobs import one

if TYPE_CHECKING:
    from collections.abc import Callable

    from db.engine import Database
    from models.shows import StoredShow
    from tests.support.hook_receiver import Receiver

TASKS = "/api/anime/echo/tasks"
SECRET = "whsec_" + "c2VjcmV0" * 4


@pytest.fixture
def task(show: StoredShow) -> Callable[..., dict[str, Any]]:
    """A task that renders the show's first cut, unless said otherwise."""

    def make(task_id: str = "shot-1", **fields: Any) -> dict[str, Any]:
        usual: dict[str, Any] = {
            "task_id": task_id,
            "task_type": "generate_image",
            "project_id": show.project,
            "payload": {"cut_id": "1/10/10", "seed": 7},
        }
        return usual | fields

    return make


def test_a_task_is_ordered_once_however_often_it_comes(
    echo: TestClient, database: Database, task: Callable[..., dict[str, Any]]
) -> None:
    first = echo.post(TASKS, json=task(priority=8))
    again = echo.post(TASKS, json=task(priority=8))

    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert first.json()["status"] == "queued"
    job = one(database, "SELECT count(*) AS n, min(priority) AS p FROM render_queue")
    assert job.p == 8
    assert one(database, "SELECT count(*) AS n FROM dispatched_tasks WHERE task_id = 'shot-1'").n == 1
    other = echo.post(TASKS, json=task(priority=10))
    assert (other.status_code, other.json()["kind"]) == (409, "Conflict")


def test_two_callers_may_use_one_id(
    echo: TestClient, http: TestClient, task: Callable[..., dict[str, Any]]
) -> None:
    theirs, ours = echo.post(TASKS, json=task()).json(), http.post(TASKS, json=task()).json()

    assert theirs["job_id"] != ours["job_id"]
    assert echo.get(f"{TASKS}/unheard").status_code == 404


def test_what_cannot_be_done_leaves_nothing_and_may_come_again_corrected(
    echo: TestClient, task: Callable[..., dict[str, Any]]
) -> None:
    for wrong, sentence in (
        ({"payload": {"cut": "1/10/77"}}, "There is no cut"),
        ({"payload": {"cut": "1/10/10", "widht": 3}}, "no field 'widht'"),
        ({"payload": {"priority": 3}}, "which the task itself says"),
        ({"payload": {"job_type": "full_video"}}, "makes no full_video"),
        ({"priority": 7}, "one of 1, 5, 8, 10"),
        ({"task_type": "generate_imge"}, "knows no 'generate_imge'"),
        ({"callback_url": "http://127.0.0.1:9/"}, "FARM_CALLBACK_HOSTS"),
    ):
        refused = echo.post(TASKS, json=task(**wrong))
        assert refused.status_code in (403, 404, 422), refused.text
        assert sentence in refused.text
    assert echo.post(TASKS, json=task()).status_code == 200


def test_a_rehearsal_answers_and_orders_nothing(echo: TestClient, task: Callable[..., dict[str, Any]]) -> None:
    rehearsed = echo.post(TASKS, json=task(), params={"dry_run": True})

    assert rehearsed.json()["status"] == "queued"
    assert echo.get(f"{TASKS}/shot-1").status_code == 404


def test_only_whoever_has_the_scope_hands_tasks_over(
    home: Farm, key_for: Callable[..., str], task: Callable[..., dict[str, Any]]
) -> None:
    with TestClient(app.create(home), raise_server_exceptions=False) as client:
        client.headers["Authorization"] = f"Bearer {key_for(Scope.READ, Scope.SUBMIT)}"
        assert client.post(TASKS, json=task()).status_code == 403


def test_a_task_tells_of_its_best_take(
    echo: TestClient, home: Farm, database: Database, task: Callable[..., dict[str, Any]]
) -> None:
    job_id = echo.post(TASKS, json=task()).json()["job_id"]
    with database.transaction() as session:
        finish(session, job_id, measured(Metric.IDENTITY, 0.9))
        gates.gate_job(session, catalogue.find_job(session, job_id).id)

    view = echo.get(f"{TASKS}/shot-1").json()

    assert view["status"] == "completed"
    assert view["quality_scores"]["identity"] == 0.9
    assert view["result"]["take_job_id"] == job_id
    assert view["output_paths"] == [str(home.store.path(f"takes/{job_id}/1/master.png"))]
    asked = echo.post(
        TASKS, json={"task_id": "q-1", "task_type": "quality_review", "payload": {"job_id": job_id}}
    )
    assert asked.json()["quality_scores"] == view["quality_scores"]


def test_a_task_that_is_called_off_says_so(echo: TestClient, task: Callable[..., dict[str, Any]]) -> None:
    job_id = echo.post(TASKS, json=task()).json()["job_id"]
    echo.post("/api/anime/jobs/cancel", json={"job_ids": [job_id]})

    view = echo.get(f"{TASKS}/shot-1").json()

    assert (view["status"], view["error"]) == ("cancelled", "Cancelled.")


def test_whoever_dispatched_is_called_back_and_can_verify_it(
    home: Farm, database_url: str, database: Database, tmp_path: Any, task: Callable[..., dict[str, Any]]
) -> None:
    with running_receiver() as receiver:
        settings = settings_for(
            tmp_path,
            given_database_url=database_url,
            callback_hosts=(receiver.host,),
            callback_secret=SECRET,
        )
        with Farm(settings) as farm:
            view = farm.dispatch(**task("signed", callback_url=receiver.url))
            with database.transaction() as session:
                judged(session, view.job_id, measured(Metric.IDENTITY, 0.9))
            Courier(database, settings).round()
        heard = received(receiver)

    assert heard[0]["event_type"] == "job.completed"
    assert {(each["task_id"], each["job_id"]) for each in heard} == {("signed", str(view.job_id))}


def received(receiver: Receiver) -> list[Any]:
    return [call.verified(SECRET) for call in receiver.calls]
