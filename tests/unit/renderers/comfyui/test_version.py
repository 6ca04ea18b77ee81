"""The renderer's version rises with its graphs: takes are reused and made again under the version they name."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from models.recipe import ControlNet, InputPicture, IpAdapter, Lora, Recipe
from workers.renderers.comfyui import builtin
from workers.renderers.comfyui.renderer import VERSION

if TYPE_CHECKING:
    from workers.renderers.comfyui.workflow import Workflow

PINNED_VERSION = "1"
PINNED = {
    "still": "c4ba20d7f50c04a1c059c0a4bfdea8b2a227cfc240f53bc0aa3188d20833801c",
    "loop": "32445b7c3b2b1fefe1e0b908302f3aa93d89d206d44a26d4661d11a1bbdac99e",
    "video": "1eedae783fb5374d8e1ba9cccbf226e29c9e8dc5682e888bcc11089391212108",
    "character_sheet": "c375f69138d8ceabe46cbcdccbcd9672aedfb67cf6af8698e942c8c2da2247fa",
}


def full_recipe(workflow: Workflow) -> Recipe:
    """One that fills every place this workflow has."""
    slots = workflow.binding.sections
    pose = ControlNet(name="pose", model="pose.safetensors", image_path="pose.png", image_sha256="cd" * 32)
    mio = IpAdapter(reference_image_path="mio.png", sha256="ef" * 32)
    kind = workflow.job_types[0]
    return Recipe(
        renderer="comfyui",
        job_type=kind,
        seed=7,
        width=832,
        height=480,
        frame_count=kind.default_frames,
        steps=20,
        cfg_scale=5.5,
        positive_prompt="1girl",
        negative_prompt="blurry",
        start_image=InputPicture(path="first.png", sha256="ab" * 32),
        lora_models=(Lora(name="ink", path="ink.safetensors", weight=0.5),) if slots.loras else (),
        controlnet_models=(pose,) if slots.controls else (),
        ipadapter_refs=(mio,) if slots.ip_adapter else (),
    )


def digest(workflow: Workflow) -> str:
    """Of the graph, its binding, and what both make of a recipe."""
    bound = workflow.bind(full_recipe(workflow), "farm/job/1")
    # What travels in `_meta` is read by no node.
    nodes = {node_id: {**node, "_meta": None} for node_id, node in bound.items()}
    told: list[Any] = [workflow.graph, asdict(workflow.binding), nodes]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


@pytest.mark.parametrize("name", list(builtin.all_workflows()))
def test_a_built_in_workflow_only_changes_with_the_renderers_version(name: str) -> None:
    found = (VERSION, digest(builtin.all_workflows()[name]))

    assert found == (PINNED_VERSION, PINNED[name]), (
        "raise VERSION in renderer.py when the same recipe gives another graph, then pin both here"
    )
