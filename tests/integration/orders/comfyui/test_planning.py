"""Orders for ComfyUI against a real database and what its workers reported: planned whole, or refused why."""

from __future__ import annotations

import hashlib
import shutil
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from db import catalogue
from farm.judging import gate, profiles
from farm.judging.ladder import next_recipe
from farm.orders import submission
from farm.reproduction import comfyui
from models.metrics import Metric
from models.vocabulary import Phase
from tests.support.factories import a_stored_show, finish, whole
from tests.support.queue_jobs import execute, one
from tests.support.reported_comfyui import Reported, report

if TYPE_CHECKING:
    from tests.support.desk_fixture import Desk

pytest_plugins = ["tests.support.desk_fixture"]


def test_an_order_is_planned_whole_and_waits_where_its_card_is(desk: Desk) -> None:
    job = desk.admit(seed=7, lora_models=[{"name": "ink", "weight": 0.5}])

    assert (job.recipe.workflow, job.recipe.workflow_source) == ("still", {})
    assert (job.recipe.sampler_name, job.recipe.scheduler, job.recipe.steps) == ("euler", "normal", 20)
    assert job.recipe.lora_models[0].path == "style/ink.safetensors"
    assert job.pool == "comfyui-8g"
    assert job.needs == ("ckpt_name=tiny.safetensors", "lora_name=style/ink.safetensors")
    assert job.reuse


def test_a_checkpoint_may_be_named_without_its_ending(desk: Desk) -> None:
    short, whole = desk.admit(seed=7, model_name="tiny"), desk.admit(seed=7, model_name="tiny.safetensors")

    assert short.recipe.model_name == "tiny.safetensors"
    assert short.recipe.fingerprint() == whole.recipe.fingerprint()


def test_an_order_may_ask_to_be_rendered_anew(desk: Desk) -> None:
    assert not desk.admit(reuse=False).reuse


def test_a_retake_of_the_gate_keeps_what_its_worker_must_have(desk: Desk) -> None:
    told = {"project": desk.show.project, "cut": "1/10/10", "lora_models": [{"name": "ink"}], "seed": 5}
    with desk.database.transaction() as session:
        (root,) = submission.submit(session, [submission.parse(told)], desk.settings)
        profile = profiles.named({}, "embedded")
        finish(session, root.job_id, *whole(profile, Phase.STILL, identity=0.0))
        outcome = gate.gate_job(session, root.job_id)

    assert outcome.retake is not None
    rows = [
        one(desk.database, "SELECT pool, needs, fingerprint FROM render_queue WHERE job_id = :j", j=job_id)
        for job_id in (root.job_id, outcome.retake.job_id)
    ]
    assert rows[0].needs == rows[1].needs == ["ckpt_name=tiny.safetensors", "lora_name=style/ink.safetensors"]
    assert rows[0].pool == rows[1].pool == "comfyui-8g"
    assert None is not rows[0].fingerprint != rows[1].fingerprint is not None


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"model_name": "tiny.safetensor"}, "'tiny.safetensor'. The nearest is 'tiny.safetensors'."),
        ({"lora_models": [{"name": "aikoo"}]}, "the LoRA 'aikoo'. The nearest is 'aiko.safetensors'."),
        ({"lora_models": ["ink", "style/ink.safetensors"]}, "names the LoRA 'style/ink.safetensors' twice."),
        ({"sampler_name": "euler_a"}, "sampler_name 'euler_a'. The nearest is 'euler"),
        ({"scheduler": "karas"}, "scheduler 'karas'. The nearest is 'karras'."),
        ({"width": 516}, "'still' draws 64 to 8192, in multiples of 8. The nearest is 51"),
        (
            {"job_type": "animation_loop", "width": 840, "start_image": "pose.png"},
            "'loop' draws 64 to 8192, in multiples of 16. The nearest is 8",
        ),
        ({"steps": 1000, "cfg_scale": 100, "workflow": "stil"}, "no workflow 'stil'. Did you mean 'still'?"),
        ({"workflow": "video"}, "makes no still_image, only full_video. For a still_image there is: still."),
        ({"workflow_inputs": {"shift": 3.0}}, "The workflow 'still' has no parameter 'shift'."),
        ({"workflow_inputs": {"steps": 3}}, "'steps' is a field of the order itself"),
        ({"vae_name": "pixel_space"}, "The workflow 'still' has no place for vae_name"),
        ({"start_image": "pose.png"}, "The workflow 'still' has no place for start_image"),
        ({"subseed": 3}, "no place for subseed"),
        ({"defect": "blank"}, "ComfyUI draws no faults on purpose."),
        ({"dialogue": "Here!"}, "No workflow of ComfyUI moves lips, so the dialogue would be ignored."),
        (
            {"ipadapter_refs": [{"reference_image_path": "pose.png", "noise": 0.2}]},
            "ComfyUI's IP-Adapter takes no noise, so it would be ignored.",
        ),
        (
            {"controlnet_models": [{"name": "pose", "model": "openpose"}]},
            "The ControlNet 'pose' has no picture to hold the render to.",
        ),
        (
            {"controlnet_models": [{"name": "pose", "model": "openposed", "image_path": "pose.png"}]},
            "the ControlNet 'openposed'. The nearest is 'openpose.safetensors'.",
        ),
        (
            {"controlnet_models": [{"name": "pose", "model": "openpose", "image_path": "/etc/hostname"}]},
            "lies outside the allowed folders",
        ),
        (
            {"ipadapter_refs": [{"reference_image_path": "pose.png"}]},
            "has no node IPAdapter",
        ),
        (
            {"job_type": "animation_loop"},
            "ep001/sc010/c0010 has no passing still to start from. Render one first",
        ),
        ({"job_type": "full_video", "cut": None, "characters": ["mio"]}, "names no cut whose still"),
        (
            {"job_type": "character_sheet", "cut": "1/10/20"},
            "A character sheet starts from one picture of one character, not 2.",
        ),
        (
            {"workflow_inputs": {"shift": [1]}},
            "[1] cannot be used: it must be a text, a number, or true or false.",
        ),
        ({"job_type": "character_sheet"}, "mio has no approved reference picture to start from."),
        ({"job_type": "animation_loop", "start_image": "gone.png"}, "There is no start picture 'gone.png'."),
        ({"job_type": "animation_loop", "start_image": "../../../x.png"}, "lies outside the allowed folders"),
        ({"job_type": "animation_loop", "start_image": "notes.png"}, "'notes.png' is no picture."),
        ({"job_type": "animation_loop", "start_image": "empty.png"}, "'empty.png' is no picture."),
        (
            {"job_type": "animation_loop", "start_image": "pose.png", "steps": 8},
            "KSamplerAdvanced (node second) would begin at step 10 of 8",
        ),
    ],
)
def test_what_cannot_work_is_refused_with_the_nearest_that_would(
    desk: Desk, fields: dict[str, Any], sentence: str
) -> None:
    desk.picture("pose.png")
    (desk.folder / "notes.png").write_text("not a picture")
    (desk.folder / "empty.png").touch()

    assert sentence in desk.refusal(**fields)


@pytest.mark.parametrize("field", ["workflow", "start_image", "sampler_name", "scheduler", "vae_name"])
def test_a_renderer_that_would_ignore_a_field_of_comfyui_refuses_it(desk: Desk, field: str) -> None:
    assert f"'toon' knows no {field}, so it would be ignored" in desk.refusal(
        renderer="toon", **{field: "euler"}
    )


def test_without_a_checkpoint_the_refusal_says_where_to_name_one(desk: Desk) -> None:
    with desk.database.transaction() as session:
        bare = a_stored_show(session, defaults={"renderer": "comfyui"})

    refusal = desk.refusal(project=bare.project)

    assert "names no checkpoint, and the workflow 'still' brings none. Set model_name" in refusal


def test_where_no_comfyui_was_ever_heard_of_nothing_can_be_checked(desk: Desk) -> None:
    execute(desk.database, "DELETE FROM workers")

    assert "No ComfyUI has reported to this farm yet, so the order cannot be checked." in desk.refusal()


def test_one_that_can_is_enough_and_a_silent_one_counts_only_where_none_lives(desk: Desk) -> None:
    report(desk.database, Reported(without=("aiko.safetensors",)), host="atelier")
    report(desk.database, host="barn", silent_s=3600)
    wanted = {"lora_models": [{"name": "aiko"}]}

    assert "the LoRA 'aiko'" in desk.refusal(**wanted)

    report(desk.database, host="barn")
    assert "lora_name=aiko.safetensors" in desk.admit(**wanted).needs

    execute(desk.database, "UPDATE workers SET last_seen_at = now() - interval '1 hour'")
    assert desk.admit(**wanted).pool == "comfyui-8g"


def test_a_card_that_is_too_small_is_refused_with_what_it_has(desk: Desk) -> None:
    report(desk.database, Reported(vram_mib=12_282))
    desk.picture()

    refusal = desk.refusal(job_type="animation_loop", start_image="pose.png")

    assert "The workflow needs 24 GiB on the card; RTX 4090 has 12 GiB." in refusal


def test_the_refusal_is_that_of_the_comfyui_that_comes_nearest(desk: Desk) -> None:
    report(desk.database, Reported(vram_mib=6_000, without=("KSampler", "tiny.safetensors")), host="atelier")
    report(desk.database, Reported(without=("karras",)), host="barn")

    assert "scheduler 'karras'" in desk.refusal(scheduler="karras")


def test_a_loop_starts_from_its_cuts_best_passing_still(desk: Desk) -> None:
    with desk.database.transaction() as session:
        jobs = [
            submission.submit(
                session,
                [submission.parse({"project": desk.show.project, "cut": "1/10/20", "seed": seed})],
                desk.settings,
            )[0].job_id
            for seed in (1, 2, 3)
        ]
        profile = profiles.named({}, "embedded")
        for job_id, identity in zip(jobs, (0.0, 0.99, 0.8), strict=True):
            finish(session, job_id, *whole(profile, Phase.STILL, identity=identity))
            gate.gate_job(session, job_id)
    for job_id in jobs:
        master = desk.settings.artifacts_dir / f"takes/{job_id}/1/master.png"
        master.parent.mkdir(parents=True)
        shutil.copy(desk.picture(), master)

    job = desk.admit(job_type="animation_loop", cut="1/10/20", width=832, height=480)

    assert job.recipe.start_image is not None
    assert str(jobs[1]) in job.recipe.start_image.path
    assert job.recipe.start_image.sha256 == "0" * 64
    assert (job.pool, job.recipe.cfg_scale, job.recipe.frame_count) == ("comfyui-24g", 3.5, 16)


def test_a_named_start_picture_is_known_by_its_content(desk: Desk) -> None:
    path = desk.picture("first frame.png")

    job = desk.admit(job_type="full_video", start_image="first frame.png", width=832, height=480)

    assert job.recipe.start_image is not None
    assert job.recipe.start_image.path == str(path)
    assert job.recipe.start_image.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_recipe_carries_every_parameter_of_its_workflow_because_their_own_values_may_change(
    desk: Desk,
) -> None:
    desk.picture()
    wanted = {"job_type": "animation_loop", "start_image": "pose.png", "width": 832, "height": 480}

    recipe = desk.admit(**wanted, workflow_inputs={"shift": 5}).recipe

    assert recipe.workflow_inputs == {
        "high_noise_model": "wan2.2_i2v_high_noise_14B_fp8_scaled.safetensors",
        "low_noise_model": "wan2.2_i2v_low_noise_14B_fp8_scaled.safetensors",
        "text_encoder": "umt5_xxl_fp8_e4m3fn_scaled.safetensors",
        "shift": 5.0,
        "switch_step": 10,
    }
    assert recipe.vae_name == "wan_2.1_vae.safetensors"


def test_a_recipe_from_before_takes_the_workflows_own_values_and_names_the_one_that_is_changed(
    desk: Desk,
) -> None:
    desk.picture()
    wanted = {"job_type": "animation_loop", "start_image": "pose.png", "width": 832, "height": 480}
    recipe = desk.admit(**wanted).recipe

    for recorded in (recipe, replace(recipe, workflow_inputs={})):
        with desk.database.transaction() as session:
            plan, changed = comfyui.planned(session, desk.settings, recorded, {"workflow_inputs.shift": "5"})
        assert changed == {"workflow_inputs.shift": [8.0, 5.0]}
        assert plan.recipe.workflow_inputs == {**recorded.workflow_inputs, "shift": 5.0}


def test_a_retake_by_ladder_or_person_keeps_the_start_picture(desk: Desk) -> None:
    first, second = desk.picture("first.png"), desk.picture("second.png")
    told = {
        "project": desk.show.project,
        "cut": "1/10/30",
        "job_type": "animation_loop",
        "start_image": "first.png",
        "width": 832,
        "height": 480,
    }
    with desk.database.transaction() as session:
        (root,) = submission.submit(session, [submission.parse(told)], desk.settings)
        recipe = catalogue.job_detail(session, root.job_id).recipe
        finish(session, root.job_id)

    plan = next_recipe(recipe, 3, [Metric.IDENTITY, Metric.JITTER], recipe.seed)
    assert plan is not None
    assert plan.recipe.start_image == recipe.start_image
    for changes, expected in (({}, first), ({"start_image": "second.png"}, second)):
        with desk.database.transaction() as session:
            again = submission.retake(
                session, root.job_id, reason="x", requested_by="Ada", changes=changes, settings=desk.settings
            )
            made = catalogue.job_detail(session, again.job_id).recipe.start_image
            finish(session, again.job_id)
        assert made is not None
        assert made.path == str(expected)


def test_a_characters_own_lora_joins_by_the_name_comfyui_has_for_it(desk: Desk) -> None:
    execute(
        desk.database,
        "UPDATE characters SET lora_model_path = '/models/loras/aiko.safetensors' WHERE slug = 'ren'",
    )

    def loras(**fields: Any) -> list[tuple[str, str]]:
        return [(lora.name, lora.path) for lora in desk.admit(cut="1/10/30", **fields).recipe.lora_models]

    assert loras() == [("ren", "aiko.safetensors")]
    assert loras(use_character_loras=False) == []
    assert loras(lora_models=[{"name": "mine", "path": "aiko"}]) == [("mine", "aiko.safetensors")]


def test_a_lora_that_two_characters_share_is_applied_once(desk: Desk) -> None:
    execute(desk.database, "UPDATE characters SET lora_model_path = 'aiko.safetensors'")

    loras = desk.admit(characters=["mio", "ren"]).recipe.lora_models

    execute(desk.database, "UPDATE characters SET lora_model_path = NULL")
    assert [lora.path for lora in loras] == ["aiko.safetensors"]


def test_a_controlnets_picture_and_a_reference_are_known_by_content(desk: Desk) -> None:
    package = {
        "output": ["MODEL", "IPADAPTER"],
        "output_node": False,
        "python_module": "custom_nodes.ipadapter",
    }
    anything: dict[str, Any] = {"input": {"required": {}, "optional": {}}, **package}
    report(desk.database, Reported(IPAdapterUnifiedLoader=anything, IPAdapterAdvanced=anything))
    sha256 = hashlib.sha256(desk.picture().read_bytes()).hexdigest()

    job = desk.admit(
        controlnet_models=[{"name": "pose", "model": "openpose", "image_path": "pose.png"}],
        ipadapter_refs=[{"reference_image_path": "pose.png"}],
    )

    assert job.recipe.controlnet_models[0].image_sha256 == sha256
    assert job.recipe.ipadapter_refs[0].sha256 == sha256
    assert {"node=IPAdapterAdvanced", "control_net_name=openpose.safetensors"} <= set(job.needs)


def test_a_thousand_orders_are_admitted_in_seconds(desk: Desk) -> None:
    told = {"project": desk.show.project, "cut": "1/10/10", "lora_models": [{"name": "ink"}]}
    wanted = [submission.parse({**told, "seed": seed}) for seed in range(1000)]

    began = time.process_time()
    with desk.database.transaction() as session:
        submitted = submission.submit(session, wanted, desk.settings)

    assert len({job.job_id for job in submitted}) == 1000
    assert time.process_time() - began < 5


def test_a_character_sheet_starts_from_the_characters_approved_picture(desk: Desk) -> None:
    path = desk.picture("mio by Ada.png")
    with desk.database.transaction() as session:
        mio = catalogue.characters(session, desk.show.project_id)["mio"]
        for by, name in (("demo", "drawn.png"), ("Ada", str(path))):
            catalogue.store_character_reference(
                session,
                mio,
                network=f"network of {by}",
                network_sha256="0" * 64,
                embedding=b"",
                baseline=1.0,
                image_paths=[name],
                approved_by=by,
            )

    job = desk.admit(job_type="character_sheet", cut=None, characters=["mio"])

    assert job.recipe.start_image is not None
    assert job.recipe.start_image.path == str(path)
    assert job.recipe.model_name == "qwen_image_edit_2509_fp8_e4m3fn.safetensors"
    assert (job.recipe.width, job.recipe.height) == (2048, 1536)


def test_a_random_seed_is_recorded_and_a_given_one_kept(desk: Desk) -> None:
    told = {"project": desk.show.project, "characters": ["ren"]}
    with desk.database.transaction() as session:
        wanted = [submission.parse(told), submission.parse({**told, "seed": 2**64 - 1})]
        jobs = submission.submit(session, wanted, desk.settings)

    for job in jobs:
        stored = one(desk.database, "SELECT seed FROM generation_params WHERE job_id = :j", j=job.job_id)
        assert int(stored.seed) == job.seed_used
    assert jobs[1].seed_used == 2**64 - 1


def test_the_world_of_the_story_bible_enters_the_prompt(desk: Desk) -> None:
    execute(
        desk.database,
        "UPDATE story_bibles SET time_period = 'late Showa', mood_keywords = '{warm,wistful}' "
        "WHERE project_id = :id",
        id=desk.show.project_id,
    )

    prompt = desk.admit(prompt="fireflies").recipe.positive_prompt

    assert prompt == (
        "fireflies, Mio, green eyes, long pink hair, kimono, Mio waves, street, night, "
        "late Showa, warm, wistful, cel"
    )
