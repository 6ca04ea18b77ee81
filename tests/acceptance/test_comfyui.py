"""Production rendering as issue 4 asks for it: whole jobs at a ComfyUI that is stopped, killed and overfilled.

`make test` runs this against the stand-in, `make test-comfyui COMFYUI_URL=...` against a real server.
"""

from __future__ import annotations

import json
import os
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
import pytest

from farm.client import Farm
from farm.servers.supervisor import wait_until
from farm.settings import settings
from farm.shows.form import Show
from farm.shows.loading import store
from models.errors import OrderRefused, StepFailed
from models.vocabulary import ErrorKind, JobState, JobType
from tests.acceptance.comfyui_graphs import HALF_A_GRAPH, TOO_LARGE, placeholders, still_graph
from tests.acceptance.comfyui_site import RealSite, StandInSite
from tests.comfyui_server import png_bytes
from tests.support.floor import CONTROL, SCORE, Floor
from workers.renderers.comfyui import builtin, preflight
from workers.renderers.comfyui.client import ComfyUIClient
from workers.renderers.comfyui.queued_prompt import Prompt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from uuid import UUID

    from db.engine import Database
    from models.jobs import JobDetail
    from tests.acceptance.comfyui_site import Site

pytestmark = pytest.mark.timeout(900)

REAL = bool(os.environ.get("COMFYUI_URL") or os.environ.get("COMFYUI_DIR"))
_PATIENCE = timedelta(minutes=8)
#: a CPU that others use too renews its lease late; a worker that works is not to be taken for lost
_TIMES = {"FARM_LEASE": "30", "FARM_HEARTBEAT": "1"}


class Studio:
    """A farm with workers of its own that render at one ComfyUI."""

    def __init__(self, site: Site, floor: Floor, farm: Farm, project: str) -> None:
        self.site, self.floor, self.farm, self.project = site, floor, farm, project
        self.server = ComfyUIClient(site.url)

    def order(self, **fields: Any) -> UUID:
        """Order a small still."""
        asked = {"prompt": "a girl with silver hair", "width": 64, "height": 64, "steps": 4, "max_retakes": 0}
        return self.farm.submit({"project": self.project, "seed": 3, **asked, **fields}).job_id

    def finish(self, job: UUID) -> JobDetail:
        """The job once it is over, whatever became of it."""
        self.farm.wait([job], timeout=_PATIENCE)
        return self.farm.job(job)

    def make(self, **fields: Any) -> JobDetail:
        """Order a still, and see that it became a take."""
        made = self.finish(self.order(**fields))
        assert made.row.state is JobState.COMPLETED, made.queue
        assert made.take is not None
        return made

    def pixels(self, job: JobDetail) -> str:
        assert job.take is not None
        return job.take.pixel_sha256

    def wait_until_sampling(self, job: UUID) -> None:
        """Until the server works on it and the farm was told of a step."""
        self.floor.wait(lambda: self.farm.job(job).row.current_step > 0, "the first step", 120)
        assert any(item.running for item in self.server.queue())


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The real ComfyUI that the environment names, or the stand-in."""
    from tests.support.comfyui_fixture import stand_in

    if not REAL:
        with stand_in(tmp_path_factory.mktemp("comfyui")) as process:
            yield StandInSite(process)
        return
    with RealSite.from_environment().opened() as real:
        yield real


@pytest.fixture(scope="module")
def studio(
    site: Site, servers: Any, database: Database, database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Studio]:
    folder = tmp_path_factory.mktemp("studio")
    extra = {"FARM_COMFYUI_URL": site.url, "FARM_WORKFLOWS_DIR": str(folder / "workflows"), **_TIMES}
    extra |= {"FARM_ROOTS": str(folder)}
    if site.models_dir is not None:
        extra["FARM_COMFYUI_MODELS_DIR"] = str(site.models_dir)
    floor = Floor(database, folder, database_url, servers.redis_url, extra=extra)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in floor.env.items():
            if name.startswith("FARM_"):
                patch.setenv(name, value)
        settings.cache_clear()
        try:
            _staff(floor)
            with Farm() as farm:
                yield Studio(site, floor, farm, _show(farm, site.checkpoint))
        finally:
            floor.clear()
            settings.cache_clear()


def _staff(floor: Floor) -> None:
    hands = [floor.worker("render_queue.comfyui", ready=False), floor.worker(SCORE, ready=False)]
    hands.append(floor.worker(CONTROL, pool="threads", concurrency=2, ready=False))
    floor.beat()
    for hand in hands:
        floor.wait_ready(hand)
    reported = "SELECT count(*) FROM inventories"
    floor.wait(lambda: floor.scalar(reported) > 0, "a worker to tell what ComfyUI has", 60)


def _show(farm: Farm, checkpoint: str) -> str:
    slug = f"acceptance-{secrets.token_hex(4)}"
    defaults = {"renderer": "comfyui", "model_name": checkpoint}
    told = {"project": {"slug": slug, "name": "Acceptance", "defaults": defaults}}
    with farm.database.transaction() as session:
        return store(session, Show.model_validate(told)).project


@pytest.fixture(scope="module")
def still(studio: Studio) -> JobDetail:
    """The first take, which later ones are held against."""
    return studio.make()


def test_an_order_becomes_a_take_with_everything_to_make_it_again(studio: Studio, still: JobDetail) -> None:
    assert still.take is not None
    assert (still.take.width, still.take.height, still.take.frames) == (64, 64, 1)
    assert studio.farm.store.path(still.take.master_path).is_file()
    assert still.environment["comfyui"] == studio.server.stats().version
    assert still.file_hashes.keys() == {studio.site.checkpoint}
    assert all(still.file_hashes.values()) == (studio.site.models_dir is not None)


def test_what_the_server_has_in_its_cache_is_a_take_all_the_same(studio: Studio, still: JobDetail) -> None:
    again = studio.make(reuse=False)

    assert again.take is not None
    assert again.take.reused_from_job_id is None
    assert studio.pixels(again) == studio.pixels(still)


def test_another_seed_is_another_picture(studio: Studio, still: JobDetail) -> None:
    assert studio.pixels(studio.make(seed=4)) != studio.pixels(still)


def test_a_lora_changes_the_picture(studio: Studio, still: JobDetail) -> None:
    if not studio.site.lora:
        pytest.skip("no LoRA is known to fit this checkpoint: give COMFYUI_DIR, and one is written for it")

    styled = studio.make(lora_models=[{"name": studio.site.lora, "weight": 1.0}])

    assert studio.pixels(styled) != studio.pixels(still)


def test_a_controlnet_holds_the_picture_to_another(studio: Studio, still: JobDetail) -> None:
    if not studio.site.controlnet:
        pytest.skip(
            "no ControlNet is known to fit this checkpoint: give COMFYUI_DIR, and one is written for it"
        )
    pose = studio.floor.folder / "pose.png"
    pose.write_bytes(png_bytes(np.tile(np.arange(64, dtype=np.uint8)[:, None, None] * 4, (1, 64, 3))))
    net = {"name": "pose", "model": studio.site.controlnet, "image_path": str(pose)}

    held = studio.make(controlnet_models=[net])

    assert studio.pixels(held) != studio.pixels(still)


def test_a_take_made_again_on_a_cold_cache_is_identical(studio: Studio, still: JobDetail) -> None:
    again = studio.farm.reproduce(still.row.id, requested_by="acceptance")

    made = studio.finish(again.job_id)

    assert made.reproduction is not None
    assert made.reproduction["equality"] == "identical", made.reproduction
    assert studio.pixels(made) == studio.pixels(still)


def test_called_off_in_mid_prompt_nothing_is_left_at_the_server(studio: Studio) -> None:
    studio.site.slow_down()
    job = studio.order(steps=1000)
    studio.wait_until_sampling(job)

    studio.farm.cancel([job])

    studio.floor.wait(lambda: studio.server.queue() == [], "the server's queue to be empty", 60)
    over = studio.finish(job)
    assert over.row.state is JobState.CANCELLED
    assert over.take is None


def test_killed_and_started_again_in_mid_prompt_the_job_is_made_once(studio: Studio) -> None:
    if studio.site.why_no_restart:
        pytest.skip(f"{studio.site.why_no_restart}, so the server was not killed")
    studio.site.slow_down()
    job = studio.order(steps=40, seed=9)
    studio.wait_until_sampling(job)

    studio.site.kill()
    studio.site.start()

    made = studio.finish(job)
    assert made.row.state is JobState.COMPLETED
    assert made.take is not None
    renders = [attempt for attempt in made.attempts if attempt.step == "render"]
    assert [attempt.outcome for attempt in renders][-1] == "settled"
    assert len(renders) == 2
    studio.floor.settled()


@pytest.mark.parametrize("what", ["checkpoint", "lora"])
def test_a_missing_model_is_refused_before_anything_is_queued(studio: Studio, what: str) -> None:
    known = studio.site.checkpoint if what == "checkpoint" else studio.site.lora
    if not known:
        pytest.skip("no LoRA is known to be there: give COMFYUI_DIR, and one is written")
    wrong = f"{known[:-1]}x"
    before = studio.farm.jobs(project=studio.project).items

    with pytest.raises(OrderRefused) as refused:
        studio.order(**{"model_name": wrong} if what == "checkpoint" else {"lora_models": [{"name": wrong}]})

    assert wrong in refused.value.message
    assert known in refused.value.hint
    assert studio.farm.jobs(project=studio.project).items == before
    assert studio.server.queue() == []


def test_what_no_machine_has_memory_for_fails_as_out_of_memory_and_is_not_tried_all_night(
    studio: Studio,
) -> None:
    _add_workflow(studio.floor.folder / "workflows", "too_large", TOO_LARGE)

    failed = studio.finish(studio.order(workflow="too_large", width=None, height=None, steps=None))

    assert failed.row.state is JobState.FAILED
    assert failed.queue.error_kind == ErrorKind.OUT_OF_MEMORY.value
    assert "EmptyHunyuanLatentVideo" in (failed.queue.error_message or "")
    assert len(failed.attempts) <= 2


def test_after_it_ran_out_of_memory_the_server_goes_on(studio: Studio, still: JobDetail) -> None:
    assert studio.pixels(studio.make(reuse=False)) == studio.pixels(still)


def test_a_graph_of_which_only_half_can_run_is_refused_whole(studio: Studio) -> None:
    prompt = Prompt(studio.server, prompt_id=str(uuid4()), client_id="acceptance", prefix="farm/half/1")
    graph = still_graph(studio.site.checkpoint, "farm/half/1") | HALF_A_GRAPH

    with pytest.raises(StepFailed, match=r"nowhere\.safetensors") as refused:
        prompt.hand_in(graph, {}, alive=lambda: True)

    assert refused.value.error_kind is ErrorKind.MISSING_CHECKPOINT
    assert wait_until(lambda: studio.server.queue() == [], 60)


@pytest.mark.parametrize("kind", list(JobType))
def test_every_graph_of_the_farm_is_accepted(studio: Studio, kind: JobType) -> None:
    workflow = next(each for each in builtin.all_workflows().values() if kind in each.job_types)
    graph = placeholders(workflow, kind, studio.site, studio.server)
    has = preflight.take_inventory(studio.server)

    found = list(preflight.troubles(graph, has, requires={}, vram_mib=0))
    prompt = Prompt(studio.server, prompt_id=str(uuid4()), client_id="acceptance", prefix="farm/all/1")
    prompt.hand_in(graph, {}, alive=lambda: True)

    assert found == []
    assert prompt.cancel()


def _add_workflow(folder: Path, name: str, files: dict[str, Any]) -> None:
    folder.mkdir(exist_ok=True)
    for ending, told in files.items():
        (folder / f"{name}.{ending}").write_text(json.dumps(told))
