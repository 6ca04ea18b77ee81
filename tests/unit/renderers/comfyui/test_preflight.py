"""What a ComfyUI has and a graph asks for: each trouble is said with the nearest that would work."""

from __future__ import annotations

import json
from typing import Any

import pytest

from models.recipe import Recipe
from models.vocabulary import JobType
from tests.comfyui_server import NODES
from workers.renderers.comfyui import builtin
from workers.renderers.comfyui.client import Stats
from workers.renderers.comfyui.preflight import Inventory, take_inventory, troubles


def recipe(**changed: Any) -> Recipe:
    plain: dict[str, Any] = {
        "renderer": "comfyui",
        "job_type": JobType.STILL_IMAGE,
        "seed": 42,
        "width": 832,
        "height": 1216,
        "positive_prompt": "1girl",
        "model_name": "tiny.safetensors",
    }
    return Recipe(**(plain | changed))


def inventory(**changed: Any) -> Inventory:
    class Reported:
        """A ComfyUI that answers from the stand-in's table."""

        def stats(self) -> Stats:
            return Stats(
                version="0.3.64", pytorch="2", python="3", device="4090", vram_total=24 * 2**30, vram_free=0
            )

        def object_info(self) -> dict[str, Any]:
            return NODES | changed

        def models(self, folder: str) -> list[str]:
            return []

    return take_inventory(Reported())  # type: ignore[arg-type]


def test_what_a_comfyui_has_is_no_trouble() -> None:
    graph = builtin.all_workflows()["still"].bind(recipe(), "p")

    assert list(troubles(graph, inventory(), requires={}, vram_mib=8192)) == []


@pytest.mark.parametrize(
    ("changed", "sentence", "hint"),
    [
        ({"model_name": "tiny.safetensor"}, "ckpt_name 'tiny.safetensor'", "'tiny.safetensors'"),
        ({"sampler_name": "euler_a"}, "sampler_name 'euler_a'", "'euler"),
        ({"steps": 20_000}, "steps from 1 to 10000", ""),
    ],
)
def test_each_trouble_names_the_nearest_that_would_work(
    changed: dict[str, Any], sentence: str, hint: str
) -> None:
    graph = builtin.all_workflows()["still"].bind(recipe(**changed), "p")

    (found,) = troubles(graph, inventory(), requires={}, vram_mib=0)

    assert sentence in found.sentence
    assert hint in found.hint


def test_a_node_of_a_package_is_named_with_the_package() -> None:
    graph = {"1": {"class_type": "IPAdapterAdvanced", "inputs": {}}}

    (found,) = troubles(
        graph, inventory(), requires={"IPAdapterAdvanced": "ComfyUI_IPAdapter_plus"}, vram_mib=0
    )

    assert "ComfyUI_IPAdapter_plus" in found.hint


def test_a_card_that_is_too_small_is_said_so() -> None:
    (found,) = troubles({}, inventory(), requires={}, vram_mib=48 * 1024)

    assert "48 GiB" in found.sentence


@pytest.mark.parametrize("slot", [3, 77, -1])
def test_a_link_to_an_output_that_a_node_does_not_have_names_both_nodes(slot: int) -> None:
    graph = {
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "anime_xl.safetensors"}},
        "8": {"class_type": "CLIPSetLastLayer", "inputs": {"clip": ["4", slot], "stop_at_clip_layer": -2}},
    }

    (found,) = troubles(graph, inventory(), requires={}, vram_mib=0)

    assert found.sentence == (
        f"CLIPSetLastLayer (node 8) takes its clip from output {slot} of CheckpointLoaderSimple (node 4), "
        "which has no such output."
    )
    assert found.hint == "Its outputs are 0 to 2."


@pytest.mark.parametrize("told", [{}, {"output": ["*"]}])
def test_a_link_is_let_be_where_nobody_knows_how_many_outputs_there_are(told: dict[str, Any]) -> None:
    graph = {
        "4": {"class_type": "Any", "inputs": {}},
        "9": {"class_type": "PreviewImage", "inputs": {"images": ["4", 7]}},
    }
    known = inventory(Any={"input": {"required": {}}, **told})

    assert list(troubles(graph, known, requires={}, vram_mib=0)) == []


def test_an_inventory_stored_before_outputs_were_counted_is_still_read() -> None:
    told = json.loads(json.dumps(inventory().to_json()))
    for kind in told["nodes"].values():
        del kind["outputs"]

    assert {kind.outputs for kind in Inventory.from_json(told).nodes.values()} == {None}


def test_an_inventory_goes_to_json_and_back() -> None:
    told = inventory(Mine={"input": {"required": {}}, "python_module": "custom_nodes.mine"})

    assert Inventory.from_json(json.loads(json.dumps(told.to_json()))) == told
    assert told.custom_packages == ("mine",)
