"""Jobs go through real worker processes to two ComfyUIs with different cards and files."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from db import catalogue, queue
from db.fleet import inventories
from farm.explaining import why
from models.vocabulary import HoldScope
from tests.support.queue_jobs import one

if TYPE_CHECKING:
    from uuid import UUID

    from tests.support.comfyui_floor import Studio

SILENT_AFTER = timedelta(seconds=3)
SMALL, LARGE = 12_282 * 1024**2, 24_564 * 1024**2


@pytest.fixture(scope="module")
def shared(lasting_studio: Studio) -> Studio:
    """A card of 12 GB with its worker, and one of 24 GB whose worker the tests hire."""
    studio = lasting_studio
    studio.comfyui("small", vram_total=SMALL)
    studio.comfyui("large", vram_total=LARGE)
    studio.hire("small", slot=0)
    studio.wait_serving()
    return studio


@pytest.fixture
def studio(shared: Studio) -> Studio:
    for comfyui, vram in (("small", SMALL), ("large", LARGE)):
        shared.comfyuis[comfyui].trap()
        shared.comfyuis[comfyui].trap(vram_total=vram)
    return shared


@pytest.fixture
def with_large(studio: Studio) -> Studio:
    """The worker at the card of 24 GB is there too."""
    if "large" not in studio.renderers:
        studio.hire("large", slot=1)
    studio.wait_serving(2)
    return studio


def reasons(studio: Studio, job: UUID) -> list[str]:
    with studio.floor.database.transaction() as session:
        facts = catalogue.why_facts(session, job, SILENT_AFTER)
    return why.explain(facts)


def test_a_job_becomes_a_take_with_its_graph_and_a_sidecar(studio: Studio) -> None:
    [job] = studio.order()

    studio.finish(job)

    assert studio.row(job).status == "completed"
    stored = one(
        studio.floor.database,
        "SELECT p.comfyui_workflow, p.environment, t.master_path FROM generation_params p "
        "JOIN takes t USING (job_id) WHERE job_id = :j",
        j=job,
    )
    assert stored.comfyui_workflow["checkpoint"]["inputs"]["ckpt_name"] == "tiny.safetensors"
    assert stored.environment["comfyui"] == "0.3.64"
    sidecar = (studio.folder / "artifacts" / stored.master_path).with_name("take.json")
    assert json.loads(sidecar.read_text())["take"]["job_id"] == str(job)


def test_a_worker_tells_what_its_comfyui_has(studio: Studio) -> None:
    with studio.floor.database.transaction() as session:
        [server] = inventories.known(session, silent_after=SILENT_AFTER)

    assert server.is_live
    assert (server.url, server.version, server.vram_mib) == (studio.comfyuis["small"].url, "0.3.64", 12_282)
    assert server.pools == ("comfyui", "comfyui-8g", "comfyui-12g")
    assert "aiko.safetensors" in server.content["models"]["loras"]
    assert "lora_name=aiko.safetensors" in server.has
    gpu = one(
        studio.floor.database,
        "SELECT capabilities -> 'gpu_info' AS gpu FROM workers WHERE id = :id",
        id=server.worker_id,
    ).gpu
    assert gpu == {"model": "Stand-in 4090", "vram_gb": 12.0, "driver": None}


def test_the_doctor_shows_each_comfyui_and_what_keeps_it_from_full_use(studio: Studio) -> None:
    told = json.loads(
        studio.floor.python(
            "import json; from farm.explaining.answers import to_json; from farm.settings import settings\n"
            "from farm.ops.doctor.comfyui import comfyuis\n"
            "print(json.dumps([to_json(finding) for finding in comfyuis(settings())]))"
        )
    )

    assert [(each["name"], each["health"]) for each in told] == [("comfyui", "ok"), ("comfyui weights", "warn")]
    seen = told[0]["details"]
    assert (seen["url"], seen["answers"], seen["vram_mib"]) == (studio.comfyuis["small"].url, True, 12_282)
    assert "ComfyUI 0.3.64 on cuda:0 Stand-in 4090, 12.0 GiB; 2 checkpoints" in told[0]["message"]
    assert seen["models"]["loras"][0] == "aiko.safetensors"
    assert "FARM_COMFYUI_MODELS_DIR" in told[1]["hint"]


def test_a_job_for_a_bigger_card_waits_says_so_and_is_rendered_when_one_comes(studio: Studio) -> None:
    [job] = studio.order(pool="comfyui-24g")
    [other] = studio.order()
    studio.floor.wait_until_over([other])

    assert studio.row(job).tries == 0
    assert reasons(studio, job)[0] == "No live worker has a card of 24 GiB or more."

    studio.hire("large", slot=1)
    studio.finish(job, other)

    assert studio.row(job).status == "completed"


def test_a_job_goes_where_its_lora_is(with_large: Studio) -> None:
    studio = with_large
    studio.comfyuis["large"].trap(added={"loras": ["mei_v2.safetensors"]})
    wanted = "lora_name=mei_v2.safetensors"
    jobs = studio.order(3, needs=(wanted,))
    [nowhere] = studio.order(needs=("lora_name=mei.safetensors",))

    studio.floor.wait_until_over(jobs)

    large = studio.floor.scalar("SELECT id FROM workers WHERE 'comfyui-24g' = ANY(pools)")
    took = one(
        studio.floor.database,
        "SELECT array_agg(DISTINCT worker_id) AS ids FROM attempts "
        "WHERE job_id = ANY(:jobs) AND step = 'render'",
        jobs=jobs,
    ).ids
    assert took == [large]
    assert reasons(studio, nowhere)[0] == (
        f"No live worker has the LoRA 'mei.safetensors'; {large} has the nearest 'mei_v2.safetensors'."
    )
    with studio.floor.database.transaction() as session:
        queue.cancel(session, [nowhere])


def test_what_runs_out_of_memory_twice_is_finished_on_the_bigger_card(with_large: Studio) -> None:
    studio = with_large
    studio.comfyuis["small"].trap(oom=True)
    studio.comfyuis["large"].trap(step_seconds=0.5)
    [busy] = studio.order(pool="comfyui-24g")
    studio.floor.wait_for(busy, step="render")

    [job] = studio.order(pool="comfyui-12g")
    studio.floor.wait(lambda: studio.row(job).pool != "comfyui-12g", "the job to move")
    moved = studio.row(job)
    studio.comfyuis["large"].trap(step_seconds=0.002)
    studio.finish(job, busy)

    assert moved.pool == "comfyui-16g"
    assert "twice on a card of 12 GiB; moved to comfyui-16g" in moved.error_message
    assert studio.row(job).status == "completed"
    assert studio.kinds(job) == ["out_of_memory", "out_of_memory", "settled"]
    assert studio.comfyuis["small"].seen().count("free") == 2


def test_memory_that_runs_out_everywhere_fails_and_names_the_card_it_would_need(with_large: Studio) -> None:
    studio = with_large
    for comfyui in studio.comfyuis.values():
        comfyui.trap(oom=True)

    [job] = studio.order(pool="comfyui-24g")
    studio.finish(job)

    row = studio.row(job)
    assert (row.status, row.error_kind, row.tries) == ("failed", "out_of_memory", 2)
    assert "it would need one of 32 GiB or more, and no live worker has it." in row.error_message


def test_passing_troubles_at_both_cost_retries_and_no_job(with_large: Studio) -> None:
    studio = with_large
    studio.comfyuis["small"].trap(vanish=1, half_view=1, deaf_socket=True)
    studio.comfyuis["large"].trap(node_error=1, drop_post=1, history_lag=0.2)

    jobs = studio.order(6)
    studio.finish(*jobs)

    assert {studio.row(job).status for job in jobs} == {"completed"}


def test_a_file_that_just_went_costs_one_try_and_its_jobs_go_where_it_is(with_large: Studio) -> None:
    studio = with_large
    third = studio.comfyui("third")
    # Listed once: what is seen of it later, a render that missed something brought about.
    studio.hire("third", slot=2, FARM_COMFYUI_INVENTORY_EVERY="600")
    studio.wait_serving(3)
    listing = (
        "SELECT count(*) FROM workers w JOIN inventories i "
        "ON i.sha256 = w.capabilities -> 'comfyui' ->> 'inventory' "
        "WHERE w.status IN ('ready', 'busy') AND 'ckpt_name=anime_xl.safetensors' = ANY(i.has)"
    )
    assert studio.floor.scalar(listing) == 3

    third.trap(removed={"checkpoints": ["anime_xl.safetensors"]})
    others = studio.floor.scalar("SELECT array_agg(id) FROM workers WHERE right(id, 1) <> '2'")
    with studio.floor.held(HoldScope.WORKER, *others):
        jobs = studio.order(8, model_name="anime_xl.safetensors", needs=("ckpt_name=anime_xl.safetensors",))
        missed = "SELECT count(*) FROM attempts WHERE error_kind = 'missing_checkpoint' AND job_id = ANY(:jobs)"
        studio.floor.wait(lambda: studio.floor.scalar(missed, jobs=jobs), "the third to miss its file")
    studio.finish(*jobs)

    assert [studio.row(job).status for job in jobs] == ["completed"] * 8
    assert sum(studio.kinds(job).count("missing_checkpoint") for job in jobs) == 1
    studio.floor.wait(lambda: studio.floor.scalar(listing) == 2, "the third to be listed anew")
