"""Jobs go through a real worker process to a ComfyUI that is killed, lies, and comes back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from models.vocabulary import ErrorKind
from tests.integration.floor import CONTROL, SCORE, Floor
from tests.integration.queue_jobs import add_jobs, add_project, execute, one

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from db.engine import Database
    from tests.comfyui_fixture import StandInProcess

pytest_plugins = ["tests.comfyui_fixture"]

COMFYUI = "render_queue.comfyui"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One artifact store for all that this module's database remembers."""
    return tmp_path_factory.mktemp("floor")


@pytest.fixture
def floor(
    servers: Any, database: Database, database_url: str, folder: Path, comfyui: StandInProcess
) -> Iterator[Floor]:
    """Workers of which one renders at the stand-in."""
    execute(database, "DELETE FROM workers")
    floor = Floor(database, folder, database_url, servers.redis_url, extra={"FARM_COMFYUI_URL": comfyui.url})
    hands = [floor.worker(COMFYUI, ready=False), floor.worker(SCORE, ready=False)]
    hands.append(floor.worker(CONTROL, pool="threads", concurrency=2, ready=False))
    floor.beat()
    for hand in hands:
        floor.wait_ready(hand)
    yield floor
    floor.clear()


def order(floor: Floor, count: int = 1, model_name: str = "tiny.safetensors") -> list[Any]:
    return add_jobs(
        floor.database, add_project(floor.database), count, renderer="comfyui", model_name=model_name
    )


def row(floor: Floor, job: Any) -> Any:
    return one(
        floor.database,
        "SELECT q.status, q.error_kind, q.error_message, q.retry_count FROM render_queue q WHERE q.job_id = :j",
        j=job,
    )


def test_a_job_becomes_a_take_with_its_graph_and_a_sidecar(floor: Floor, folder: Path) -> None:
    (job,) = order(floor)

    floor.wait_until_over([job])

    floor.settled()
    assert row(floor, job).status == "completed"
    stored = one(
        floor.database,
        "SELECT p.comfyui_workflow, p.environment, t.master_path FROM generation_params p "
        "JOIN takes t USING (job_id) WHERE job_id = :j",
        j=job,
    )
    assert stored.comfyui_workflow["checkpoint"]["inputs"]["ckpt_name"] == "tiny.safetensors"
    assert stored.environment["comfyui"] == "0.3.64"
    sidecar = (folder / "artifacts" / stored.master_path).with_name("take.json")
    assert json.loads(sidecar.read_text())["take"]["job_id"] == str(job)


def test_passing_troubles_cost_retries_and_no_job(floor: Floor, comfyui: StandInProcess) -> None:
    comfyui.trap(vanish=1, node_error=1, half_view=1, drop_post=1, deaf_socket=True)
    jobs = order(floor, 4)

    floor.wait_until_over(jobs)

    floor.settled()
    assert {row(floor, job).status for job in jobs} == {"completed"}


def test_a_missing_model_fails_at_once_and_names_the_nearest(floor: Floor) -> None:
    (job,) = order(floor, model_name="tiny.safetensor")

    floor.wait_until_over([job])

    failed = row(floor, job)
    assert (failed.status, failed.error_kind) == ("failed", ErrorKind.MISSING_CHECKPOINT.value)
    assert failed.retry_count == 0
    assert "tiny.safetensor" in failed.error_message
