"""A still and the loop that starts from it, ordered as studios do, made by a real worker at a ComfyUI."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from db import catalogue
from farm.judging import gate
from farm.orders import submission
from farm.settings import Settings
from models.vocabulary import Phase
from tests.support import ROOT
from tests.support.factories import a_stored_show
from tests.support.floor import CONTROL, SCORE, Floor
from tests.support.queue_jobs import one

if TYPE_CHECKING:
    from tests.support.comfyui_fixture import StandInProcess

EXAMPLES = ROOT / "examples" / "workflows"
DEFAULTS = {
    "renderer": "comfyui",
    "model_name": "anime_xl.safetensors",
    "workflows": {"still_image": "portrait"},
    "sizes": {"still_image": [256, 384], "animation_loop": [256, 128]},
}


@pytest.fixture
def floor_settings(comfyui: StandInProcess) -> dict[str, str]:
    return {"FARM_COMFYUI_URL": comfyui.url}


@pytest.fixture
def floor(floor: Floor) -> Floor:
    """A worker at the stand-in, which has told what it has."""
    hands = [floor.worker("render_queue.comfyui", ready=False), floor.worker(SCORE, ready=False)]
    hands.append(floor.worker(CONTROL, pool="threads", concurrency=2, ready=False))
    floor.beat()
    for hand in hands:
        floor.wait_ready(hand)
    floor.wait(lambda: bool(floor.scalar("SELECT count(*) FROM inventories")), "the ComfyUI is looked at")
    return floor


def submit(floor: Floor, **fields: Any) -> Any:
    settings = Settings(state_dir=floor.folder, roots=(floor.folder,), workflows_dir=floor.folder / "workflows")
    with floor.database.transaction() as session:
        (job,) = submission.submit(session, [submission.parse({"cut": "1/10/10", **fields})], settings)
    floor.wait_until_over([job.job_id])
    floor.settled()
    return job


def test_a_loop_starts_from_the_still_that_a_person_approved(floor: Floor) -> None:
    shutil.copytree(EXAMPLES, floor.folder / "workflows")
    with floor.database.transaction() as session:
        show = a_stored_show(session, defaults=DEFAULTS)
        gate.open_door(session, show.project_id, Phase.LOOP, by="Ada", reason="the loop is what is tested")

    still = submit(floor, project=show.project, lora_models=[{"name": "ink"}], max_retakes=0)
    with floor.database.transaction() as session:
        gate.review(session, still.job_id, approve=True, by="Ada")
    loop = submit(floor, project=show.project, job_type="animation_loop", max_retakes=0)

    with floor.database.transaction() as session:
        made = [catalogue.job_detail(session, job.job_id) for job in (still, loop)]
    assert [detail.row.pool for detail in made] == ["comfyui-12g", "comfyui-24g"]
    assert [detail.take.frames for detail in made if detail.take] == [1, 16]
    assert made[0].take is not None
    assert made[1].recipe.start_image is not None
    assert made[1].recipe.start_image.path == str(floor.folder / "artifacts" / made[0].take.master_path)
    graphs = [
        one(
            floor.database,
            "SELECT comfyui_workflow AS graph FROM generation_params WHERE job_id = :j",
            j=job.job_id,
        ).graph
        for job in (still, loop)
    ]
    assert graphs[0]["lora-1-1"]["inputs"]["lora_name"] == "style/ink.safetensors"
    assert graphs[0]["10"]["class_type"] == "CLIPSetLastLayer"
    assert graphs[1]["start"]["inputs"]["image"].startswith("farm/")
