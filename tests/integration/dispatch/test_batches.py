"""Tasks that come together: side by side, one after the other, or as their conditions say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from farm.client import Farm
from farm.dispatch.releasing import release_due
from farm.judging import profiles
from models.errors import OrderRefused
from models.vocabulary import Phase
from tests.support.factories import judged, whole
from tests.support.queue_jobs import execute, one

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from db.engine import Database
    from farm.dispatch.releasing import Released
    from models.dispatch import TaskView
    from models.shows import StoredShow


@pytest.fixture
def batch(home: Farm, database: Database, show: StoredShow) -> Callable[..., TaskView]:
    """A batch of renders, each of one cut; the mode, then the fields of each task."""
    execute(database, "DELETE FROM job_waits")
    execute(database, "DELETE FROM dispatched_tasks")

    def send(mode: str, *tasks: dict[str, Any], batch_id: str = "batch") -> TaskView:
        listed = [
            {"task_id": f"shot-{number}", "task_type": "generate_image"}
            | {"payload": {"cut": f"1/10/{number}0", "max_retakes": 0}}
            | fields
            for number, fields in enumerate(tasks, start=1)
        ]
        payload = {"tasks": listed, "sequence_mode": mode}
        return home.dispatch(batch_id, "batch_dispatch", project_id=show.project, payload=payload)

    return send


@pytest.fixture
def beat(database: Database) -> Callable[[], Released]:
    def once() -> Released:
        with database.transaction() as session:
            return release_due(session)

    return once


@pytest.fixture
def end(home: Farm, database: Database) -> Callable[..., None]:
    """Let a task's take be judged, each metric on its mark unless said otherwise."""

    def judge(task_id: str, **values: float) -> None:
        job_id = job_of(home, task_id)
        with database.transaction() as session:
            judged(session, job_id, *whole(profiles.of_job(session, job_id), Phase.STILL, **values))

    return judge


def job_of(home: Farm, task_id: str) -> UUID:
    job_id = home.dispatched_task(task_id).job_id
    assert job_id is not None
    return job_id


def states(home: Farm, count: int) -> list[str]:
    return [home.dispatched_task(f"shot-{number}").status.value for number in range(1, count + 1)]


def test_parallel_tasks_are_all_due_and_the_batch_says_how_each_stands(
    home: Farm, batch: Callable[..., TaskView]
) -> None:
    view = batch("parallel", {}, {})

    assert states(home, 2) == ["queued", "queued"]
    assert [each["task_id"] for each in view.result["tasks"]] == ["shot-1", "shot-2"]  # type: ignore[index]
    assert batch("parallel", {}, {}).result == view.result


def test_each_sequential_task_begins_when_the_one_before_is_judged(
    home: Farm, batch: Callable[..., TaskView], beat: Callable[[], Released], end: Callable[..., None]
) -> None:
    batch("sequential", {}, {}, {})
    assert states(home, 3) == ["queued", "waiting", "waiting"]
    assert home.why(job_of(home, "shot-2")) == ["It is held: it waits for shot-1 to be judged."]
    assert beat().released == ()

    end("shot-1")
    assert beat().released == (job_of(home, "shot-2"),)
    assert states(home, 3) == ["completed", "queued", "waiting"]


def test_nothing_follows_what_was_called_off(
    home: Farm, batch: Callable[..., TaskView], beat: Callable[[], Released]
) -> None:
    batch("sequential", {}, {}, {})
    home.cancel([job_of(home, "shot-1")])

    done = beat()

    assert set(done.called_off) == {job_of(home, "shot-2"), job_of(home, "shot-3")}
    assert states(home, 3) == ["cancelled"] * 3
    assert "cannot come any more" in (home.dispatched_task("shot-3").error or "")
    assert beat().called_off == ()


def test_a_condition_names_what_the_orders_before_must_come_to(
    home: Farm, batch: Callable[..., TaskView], beat: Callable[[], Released], end: Callable[..., None]
) -> None:
    batch(
        "conditional",
        {},
        {"after": ["shot-1"], "condition": "passed"},
        {"after": ["shot-1"], "condition": "failed"},
    )
    end("shot-1", identity=0.1)

    # A person decides about what the ladder could not mend, so it has neither passed nor failed.
    assert home.job(job_of(home, "shot-1")).row.verdict == "review"
    assert (beat().released, beat().called_off) == ((), ())
    home.review(job_of(home, "shot-1"), approve=False, by="ada")
    done = beat()

    assert done.released == (job_of(home, "shot-3"),)
    assert done.called_off == (job_of(home, "shot-2"),)


@pytest.mark.parametrize(
    ("mode", "tasks", "sentence"),
    [
        ("conditional", [{"after": ["shot-2"]}, {}], "which does not stand before it"),
        ("parallel", [{}, {"after": ["shot-1"]}], "names a condition, and the batch is parallel"),
        ("parallel", [{}, {"task_id": "shot-1"}], "stands twice"),
        ("parallel", [{"task_type": "batch_dispatch"}], "a batch in a batch"),
        ("sequential", [{}, {"task_type": "quality_review"}], "is done at once"),
        ("serial", [{}], "knows no 'serial'"),
    ],
)
def test_a_batch_that_cannot_be_is_refused_whole(
    database: Database, batch: Callable[..., TaskView], mode: str, tasks: list[dict[str, Any]], sentence: str
) -> None:
    with pytest.raises(OrderRefused, match=sentence):
        batch(mode, *tasks)
    assert one(database, "SELECT count(*) AS n FROM dispatched_tasks").n == 0
