"""Workflows are pure: a recipe becomes a graph that can run, and the graph becomes the recipe again."""

from __future__ import annotations

import copy
import doctest
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import BadInput
from models.recipe import (
    SEED_LIMIT,
    CharacterLook,
    ControlNet,
    InputPicture,
    IpAdapter,
    Lora,
    Recipe,
    SceneLook,
)
from models.vocabulary import JobType
from tests.comfyui_server import NODES, StandIn
from workers.renderers.comfyui import builtin, sections, workflow
from workers.renderers.comfyui.graph import checked, links

KINDS = {each.job_types[0]: each for each in builtin.all_workflows().values()}


def recipe(kind: JobType, **changed: Any) -> Recipe:
    said: dict[str, Any] = {
        "renderer": "comfyui",
        "job_type": kind,
        "seed": 2**64 - 1,
        "width": 832,
        "height": 480,
        "frame_count": kind.default_frames,
        "positive_prompt": "1girl, pink hair",
        "negative_prompt": "blurry",
        "model_name": "tiny.safetensors" if kind is JobType.STILL_IMAGE else "",
        "characters": (CharacterLook(name="aiko", attributes={"hair_color": "pink"}),),
        "scene": SceneLook(location="rooftop", background_seed=2**63),
    }
    if kind is not JobType.STILL_IMAGE:
        said["start_image"] = InputPicture(path="takes/a.png", sha256="ab" * 32)
    return Recipe(**(said | changed))


@pytest.mark.parametrize("module", [workflow, sections])
def test_every_example_in_a_docstring_is_true(module: Any) -> None:
    failed, tried = doctest.testmod(module)

    assert tried > 0
    assert failed == 0


@pytest.mark.parametrize("kind", list(JobType))
def test_a_recipe_comes_back_whole_from_its_graph(kind: JobType) -> None:
    ordered = recipe(kind, lora_models=(Lora(name="aiko", path="aiko.safetensors", weight=0.65),))

    graph = KINDS[kind].bind(ordered, "farm/job/1")

    assert KINDS[kind].read(json.loads(json.dumps(graph))) == ordered


@given(
    seed=st.integers(0, SEED_LIMIT - 1),
    steps=st.integers(1, 1000),
    cfg=st.floats(0, 100),
    # As orders let it through: no zero byte, no half character.
    prompt=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=200),
    weights=st.lists(st.floats(0, 10), max_size=4),
)
def test_whatever_a_still_asks_for_comes_back(
    seed: int, steps: int, cfg: float, prompt: str, weights: list[float]
) -> None:
    ordered = recipe(
        JobType.STILL_IMAGE,
        seed=seed,
        steps=steps,
        cfg_scale=cfg,
        positive_prompt=prompt,
        lora_models=tuple(Lora(name=f"l{n}", path=f"{n}.safetensors", weight=w) for n, w in enumerate(weights)),
        controlnet_models=(ControlNet(name="pose", model="openpose.safetensors", image_path="p.png"),),
        ipadapter_refs=(IpAdapter(reference_image_path="r.png", weight=0.5, sha256="cd" * 32),),
    )

    assert builtin.all_workflows()["still"].read(builtin.all_workflows()["still"].bind(ordered, "p")) == ordered


def test_an_edited_graph_is_read_as_edited() -> None:
    graph = builtin.all_workflows()["still"].bind(
        recipe(JobType.STILL_IMAGE, lora_models=(Lora(name="a", path="a.st"),)), "p"
    )
    graph["sampler"]["inputs"]["seed"] = 5
    graph["lora-1-1"]["inputs"]["strength_model"] = 0.3

    read = builtin.all_workflows()["still"].read(graph)

    assert read.seed == 5
    assert read.lora_models[0].weight == 0.3


@pytest.mark.parametrize("kind", list(JobType))
def test_every_built_in_graph_is_accepted_by_comfyui_and_uses_only_its_own_nodes(
    kind: JobType, tmp_path: Any
) -> None:
    server = StandIn(tmp_path)
    (tmp_path / "input/farm").mkdir()
    (tmp_path / "input/farm/abababababababab.png").touch()
    graph = checked(KINDS[kind].bind(recipe(kind), "farm/job/1"), "the graph")

    assert {node["class_type"] for node in graph.values()} <= NODES.keys()
    assert server.checked(graph) == (None, {}, [KINDS[kind].binding.output])


def test_loras_are_chained_between_the_model_and_everything_that_takes_it() -> None:
    pair = (Lora(name="one", path="one.st"), Lora(name="two", path="two.st"))

    graph = builtin.all_workflows()["still"].bind(recipe(JobType.STILL_IMAGE, lora_models=pair), "p")

    assert graph["lora-1-1"]["inputs"]["model"] == ["checkpoint", 0]
    assert graph["lora-1-2"]["inputs"]["model"] == ["lora-1-1", 0]
    assert graph["sampler"]["inputs"]["model"] == ["lora-1-2", 0]
    assert graph["positive"]["inputs"]["clip"] == ["lora-1-2", 1]


def test_a_lora_for_one_of_two_models_stays_away_from_the_other() -> None:
    pair = (Lora(name="h", path="wan_high.st"), Lora(name="l", path="wan_low.st"))

    graph = builtin.all_workflows()["video"].bind(recipe(JobType.FULL_VIDEO, lora_models=pair), "p")

    loaded = {
        node["inputs"]["lora_name"]: node["inputs"]["model"]
        for node in graph.values()
        if "lora_name" in node["inputs"]
    }
    assert loaded == {"wan_high.st": ["high", 0], "wan_low.st": ["low", 0]}


def test_the_word_of_a_lora_slot_is_found_in_any_case() -> None:
    video = builtin.all_workflows()["video"]
    slots = tuple(replace(slot, word=slot.word.upper()) for slot in video.binding.sections.loras)
    sections = replace(video.binding.sections, loras=slots)
    shouting = replace(video, binding=replace(video.binding, sections=sections))
    asked = recipe(JobType.FULL_VIDEO, lora_models=(Lora(name="h", path="Wan_High.st"),))

    assert shouting.bind(asked, "p").keys() - video.graph.keys() == {"lora-1-1"}


def test_a_loop_of_16_asks_for_17_and_a_video_of_120_for_121() -> None:
    asked = [
        KINDS[kind].bind(recipe(kind), "p")["motion"]["inputs"]["length"]
        for kind in (JobType.ANIMATION_LOOP, JobType.FULL_VIDEO)
    ]

    assert asked == [17, 121]


def test_a_workflow_without_a_place_for_a_controlnet_says_so() -> None:
    with pytest.raises(BadInput, match="'loop' has no place for a ControlNet"):
        builtin.all_workflows()["loop"].bind(
            recipe(JobType.ANIMATION_LOOP, controlnet_models=(ControlNet(name="pose", model="p"),)), "p"
        )


def test_binding_changes_no_template() -> None:
    template = builtin.all_workflows()["still"]
    before = copy.deepcopy(template.graph)

    template.bind(recipe(JobType.STILL_IMAGE, lora_models=(Lora(name="a", path="a"),)), "p")

    assert template.graph == before


@pytest.mark.parametrize(
    ("graph", "sentence"),
    [
        ({"nodes": [], "links": []}, "editor's format"),
        ([], "no ComfyUI graph"),
        ({"1": {"inputs": {}}}, "Node 1 of it has no class_type"),
        ({"1": {"class_type": "KSampler", "inputs": {"model": ["7", 0]}}}, "Node 1 .KSampler.* node 7"),
        (
            {
                "1": {"class_type": "A", "inputs": {"x": ["2", 0]}},
                "2": {"class_type": "B", "inputs": {"y": ["1", 0]}},
            },
            "circle: .*A.*B",
        ),
        ({"1": {"class_type": "SaveImage", "inputs": {"filename_prefix": "../../etc/x"}}}, "Node 1 .SaveImage"),
        ({"1": {"class_type": "LoadImage", "inputs": {"image": "/etc/passwd"}}}, "Node 1 .LoadImage"),
        ({"1": {"class_type": "LoadImage", "inputs": {"image": "C:\\secret.png"}}}, "Node 1 .LoadImage"),
        ({"1": {"class_type": "SaveIt", "inputs": {"save_path": "/etc"}}}, "Node 1 .SaveIt.* names the path"),
        ({"1": {"class_type": "SaveIt", "inputs": {"foldername_prefix": "..\\x"}}}, "Node 1 .SaveIt"),
    ],
)
def test_a_graph_that_cannot_work_is_refused_with_its_node(graph: Any, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        checked(graph, "it")


def test_links_are_found() -> None:
    graph = builtin.all_workflows()["still"].graph

    assert ("sampler", "model", ("checkpoint", 0)) in set(links(graph))
