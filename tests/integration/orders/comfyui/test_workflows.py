"""Orders that name a studio's own workflow: planned as its binding says, or refused with the node's name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from db import catalogue
from farm.orders import submission
from models.errors import OrderRefused
from tests.support.factories import a_stored_show, finish
from tests.support.queue_jobs import execute

if TYPE_CHECKING:
    from tests.support.desk_fixture import Desk

pytest_plugins = ["tests.support.desk_fixture"]


def test_a_studios_workflow_is_taken_when_an_order_or_the_project_names_it(desk: Desk) -> None:
    desk.workflow("ours")

    named = desk.admit(workflow="ours", workflow_inputs={"clip_skip": -1})
    unnamed = desk.admit()

    assert unnamed.recipe.workflow == "still"
    assert (named.recipe.workflow, named.pool) == ("ours", "comfyui-12g")
    assert named.recipe.workflow_source["graph"]["9"]["class_type"] == "SaveImage"
    assert named.recipe.workflow_inputs == {"clip_skip": -1}
    assert (named.recipe.steps, named.recipe.sampler_name) == (28, "euler_ancestral")
    assert (named.recipe.width, named.recipe.height) == (832, 1216)
    assert named.recipe.model_name == "tiny.safetensors"


def test_a_studios_workflow_of_the_farms_name_takes_its_place(desk: Desk) -> None:
    desk.workflow("still")

    assert desk.admit().recipe.workflow_source


def test_a_workflow_that_brings_its_model_keeps_its_sampling_too(desk: Desk) -> None:
    desk.workflow("ours", defaults={"model_name": "anime_xl.safetensors", "clip_skip": -2})

    job = desk.admit(workflow="ours")

    assert job.recipe.model_name == "anime_xl.safetensors"
    assert desk.admit(workflow="ours", model_name="tiny.safetensors").needs == ("ckpt_name=tiny.safetensors",)


def test_a_parameter_that_stands_in_the_graph_is_recorded_unless_its_places_differ(desk: Desk) -> None:
    inputs = {"width": "5.width", "height": "5.height", "skip": "10.stop_at_clip_layer"}
    desk.workflow("ours", inputs={**inputs, "strength": ["3.denoise", "3.cfg"]}, defaults={})

    assert desk.admit(workflow="ours").recipe.workflow_inputs == {"skip": -2}


@pytest.mark.parametrize(
    ("graph", "binding", "sentence"),
    [
        ({"nodes": [], "links": []}, {}, "ours.json is in the editor's format, which cannot be run."),
        (
            {"4": {"class_type": "LoraLoader", "inputs": {"model": ["3", 0]}}},
            {},
            "goes round in a circle: ",
        ),
        (
            {"9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0], "filename_prefix": "../../x"}}},
            {},
            "Node 9 (SaveImage) of ours.json names the path '../../x', which leaves ComfyUI's folder.",
        ),
        (
            {"8": {"class_type": "VAEDecodeTiny", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}}},
            {},
            "has no node VAEDecodeTiny (node 8). The nearest is 'VAEDecode'.",
        ),
        (
            {"8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["44", 2]}}},
            {},
            "Node 8 (VAEDecode) of ours.json takes its vae from node 44, which is not there.",
        ),
        (
            {"8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 77]}}},
            {},
            "VAEDecode (node 8) takes its vae from output 77 of CheckpointLoaderSimple (node 4), which has no",
        ),
        (
            {},
            {"inputs": {"clip_skip": "3.model"}},
            "writes clip_skip to the input model of node 3 (KSampler), which is connected to node 4.",
        ),
        ({}, {"output": "99"}, "The binding of 'ours' names node 99, which its graph does not have."),
        (
            {},
            {"controls": {"positive": ["6", 0], "negative": ["7", 0], "vae": ["77", 0]}},
            "names node 77, which its graph does not have",
        ),
        ({}, {"vram_gib": 48}, "The workflow needs 48 GiB on the card"),
        ({}, {"side_multiple": 64}, "'ours' draws 64 to 8192, in multiples of 64. The nearest is 512"),
    ],
)
def test_a_studios_workflow_that_cannot_work_is_refused_with_the_nodes_name(
    desk: Desk, graph: Any, binding: dict[str, Any], sentence: str
) -> None:
    desk.workflow("ours", graph, **binding)

    assert sentence in desk.refusal(workflow="ours", width=520, height=768)
    assert desk.admit(width=520).recipe.workflow == "still"


def test_a_workflow_that_leaves_the_size_of_its_takes_open_is_refused(desk: Desk) -> None:
    """Whatever it made would be held against the farm's own size and fail."""
    desk.workflow(inputs={"positive_prompt": "6.text", "width": "5.width"}, defaults={})

    assert "The workflow 'ours' does not say the height of its takes" in desk.refusal(workflow="ours")

    desk.workflow(inputs={"positive_prompt": "6.text", "width": "5.width"}, defaults={"height": 1216})
    assert desk.admit(workflow="ours").recipe.height == 1216


def test_a_characters_lora_that_a_workflow_cannot_take_is_refused_with_how_to_go_without(desk: Desk) -> None:
    desk.workflow("ours", loras=[])
    execute(desk.database, "UPDATE characters SET lora_model_path = 'aiko.safetensors'")

    refused = desk.refusal(workflow="ours")
    admitted = desk.admit(workflow="ours", use_character_loras=False)

    execute(desk.database, "UPDATE characters SET lora_model_path = NULL")
    assert "The workflow 'ours' has no place for a LoRA." in refused
    assert "use_character_loras: false" in refused
    assert admitted.recipe.lora_models == ()


LOOP = {
    "job_types": ["animation_loop"],
    "inputs": {"positive_prompt": "6.text", "width": "5.width", "height": "5.height"},
    "defaults": {},
}


def test_a_number_of_frames_that_a_node_would_round_is_refused(desk: Desk) -> None:
    latent = {"width": 832, "height": 1216, "length": 81, "batch_size": 1}
    graph = {"5": {"class_type": "EmptyHunyuanLatentVideo", "inputs": latent}}
    desk.workflow("ours", graph, **LOOP, frames={"inputs": "5.length"})

    assert desk.refusal(workflow="ours", job_type="animation_loop") == (
        "EmptyHunyuanLatentVideo (node 5) counts length from 1 in steps of 4, so 16 is impossible. "
        "Write `multiple: 4` under `frames` in the workflow's file."
    )

    desk.workflow("ours", graph, **LOOP, frames={"inputs": "5.length", "multiple": 4})
    assert desk.admit(workflow="ours", job_type="animation_loop").recipe.frame_count == 16


def test_a_number_of_frames_that_a_workflow_would_ignore_is_refused(desk: Desk) -> None:
    desk.workflow("ours", **LOOP)

    refused = desk.refusal(workflow="ours", job_type="animation_loop", frame_count=24)

    assert "The workflow 'ours' has no place for frame_count, so it would be ignored." in refused


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({"clip_skp": -1}, "has no parameter 'clip_skp'. Did you mean 'clip_skip'?"),
        ({"clip_skip": "two"}, "clip_skip of the workflow 'ours' is a whole number, not 'two'."),
        ({"clip_skip": True}, "is a whole number, not True."),
        ({"clip_skip": -99}, "takes stop_at_clip_layer from -24 to -1, not -99."),
    ],
)
def test_a_workflows_own_parameters_are_checked(desk: Desk, inputs: dict[str, Any], sentence: str) -> None:
    desk.workflow("ours")

    assert sentence in desk.refusal(workflow="ours", workflow_inputs=inputs)


def test_a_workflow_that_was_mended_is_read_again(desk: Desk) -> None:
    desk.workflow("ours", output="99")
    assert "node 99" in desk.refusal(workflow="ours")

    desk.workflow("ours")

    assert desk.admit(workflow="ours").recipe.workflow == "ours"


def test_a_projects_defaults_choose_the_workflow_and_its_parameters(desk: Desk) -> None:
    desk.workflow("ours")
    defaults = {
        "renderer": "comfyui",
        "model_name": "anime_xl.safetensors",
        "sampler_name": "dpmpp_2m",
        "cfg_scale": 5.5,
        "workflows": {"still_image": "ours", "animation_loop": "lop"},
        "workflow_inputs": {"ours": {"clip_skip": -3}},
    }
    with desk.database.transaction() as session:
        project = a_stored_show(session, defaults=defaults).project

    recipe = desk.admit(project=project).recipe

    assert (recipe.workflow, recipe.workflow_inputs) == ("ours", {"clip_skip": -3})
    assert (recipe.sampler_name, recipe.scheduler, recipe.cfg_scale) == ("dpmpp_2m", "karras", 5.5)
    other = desk.admit(project=project, workflow_inputs={"clip_skip": -1}).recipe
    assert other.workflow_inputs == {"clip_skip": -1}
    refused = desk.refusal(project=project, workflow="ourz")
    assert "There is no workflow 'ourz'. Did you mean 'ours'?" in refused
    assert "defaults" not in refused


def test_a_seed_that_a_workflow_would_ignore_is_refused_and_its_takes_can_still_be_retaken(desk: Desk) -> None:
    desk.workflow(inputs={"positive_prompt": "6.text"}, defaults={"width": 832, "height": 1216})
    told = {"project": desk.show.project, "cut": "1/10/10", "workflow": "ours"}
    assert "'ours' has no place for seed, so it would be ignored" in desk.refusal(workflow="ours", seed=7)

    with desk.database.transaction() as session:
        (root,) = submission.submit(session, [submission.parse(told)], desk.settings)
        finish(session, root.job_id)
        who: dict[str, Any] = {"reason": "x", "requested_by": "Ada", "settings": desk.settings}
        with pytest.raises(OrderRefused, match="has no place for seed"):
            submission.retake(session, root.job_id, **who)
        again = submission.retake(session, root.job_id, changes={"prompt": "at night"}, **who)
        assert "at night" in catalogue.job_detail(session, again.job_id).recipe.positive_prompt
