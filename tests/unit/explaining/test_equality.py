"""What is said of a reproduction: the likeliest explanation first, in words of the field."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from db.catalogue import MadeTake
from farm.explaining.differences import differences, recorded_once
from farm.explaining.equality import sentence, sides

GRAPH = {
    "sampler": {"class_type": "KSampler", "inputs": {"seed": 7, "steps": 20, "model": ["checkpoint", 0]}},
    "save": {"class_type": "SaveImage", "inputs": {"filename_prefix": "farm/one/1/take"}},
}


def made(**changed: Any) -> MadeTake:
    told: dict[str, Any] = {
        "job_id": uuid4(),
        "master_path": "takes/one/1/master.png",
        "pixel_sha256": "0" * 64,
        "recipe": {},
        "renderer_version": "1",
        "environment": {"renderer": "comfyui", "renderer_version": "1", "device": "RTX 3090", "pillow": "11"},
        "file_hashes": {"aiko.safetensors": "a" * 64},
        "comfyui_workflow": GRAPH,
    }
    return MadeTake(**told | changed)


def test_two_takes_of_one_making_differ_in_nothing() -> None:
    elsewhere = {**GRAPH, "save": {"class_type": "SaveImage", "inputs": {"filename_prefix": "farm/two/1/take"}}}

    assert differences(made(), made(comfyui_workflow=elsewhere)) == []


def test_every_recorded_fact_that_differs_is_told_the_likeliest_first() -> None:
    sampler = {"class_type": "KSampler", "inputs": {"seed": 8, "steps": 20, "model": ["checkpoint", 0]}}
    again = made(
        renderer_version="2",
        environment={"renderer": "comfyui", "renderer_version": "2", "device": "RTX 4090", "pillow": "12"},
        file_hashes={"aiko.safetensors": "b" * 64},
        comfyui_workflow={**GRAPH, "sampler": sampler},
    )

    told = differences(made(), again, {"seed": [7, 8]})

    assert [fact["fact"] for fact in told] == [
        "recipe.seed",
        "file_hashes.aiko.safetensors",
        "renderer_version",
        "comfyui_workflow.sampler.seed",
        "environment.device",
        "environment.pillow",
    ]
    assert told[0] == {"fact": "recipe.seed", "original": 7, "again": 8}


def test_what_only_one_of_them_recorded_comes_last_whatever_it_is() -> None:
    before = made(environment={"pillow": "10"}, comfyui_workflow=None, file_hashes={"aiko.safetensors": ""})

    told = differences(before, made())

    assert told == [
        {"fact": "environment.pillow", "original": "10", "again": "11"},
        {"fact": "file_hashes.aiko.safetensors", "original": "", "again": "a" * 64},
        {"fact": "comfyui_workflow", "original": None, "again": "2 nodes"},
        {"fact": "environment.device", "original": None, "again": "RTX 3090"},
    ]


def test_a_hash_that_neither_could_take_is_no_difference() -> None:
    assert differences(made(file_hashes={"aiko.safetensors": ""}), made(file_hashes={})) == []


def test_an_input_that_only_one_graph_has_differs() -> None:
    sampler = {"class_type": "KSampler", "inputs": {"seed": 7, "model": ["checkpoint", 0]}}

    told = differences(made(), made(comfyui_workflow={**GRAPH, "sampler": sampler}))

    assert told == [{"fact": "comfyui_workflow.sampler.steps", "original": 20, "again": None}]
    assert not recorded_once(told[0])


def test_a_seed_stands_there_as_text_as_well() -> None:
    (told,) = differences(made(), made(), {"seed": [7, 2**64 - 1]})

    assert (told["original_text"], told["again_text"]) == ("7", "18446744073709551615")


def comparison(**changed: Any) -> dict[str, Any]:
    told = {"frames": [16, 16], "equal_frames": 16, "mean_error": 0.0, "max_error": 0.0, "lpips": None}
    return {**told, "worst_frame": None, "pixel_sha256": ["ab" * 32, "ab" * 32], **changed}


APART = {"equal_frames": 4, "mean_error": 0.4, "lpips": 0.003, "worst_frame": 7}
CARD = {"fact": "environment.device", "original": "RTX 3090", "again": "RTX 4090"}
UNHASHED = {"fact": "file_hashes.aiko.safetensors", "original": "", "again": "0e1f" * 16}


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (
            {"equality": "identical", "comparison": comparison()},
            f"identical: 16 of 16 frames have the same pixels (sha256 {'ab' * 32}).",
        ),
        (
            {"equality": "identical", "comparison": comparison(frames=[1, 1], equal_frames=1)},
            f"identical: 1 of 1 frame has the same pixels (sha256 {'ab' * 32}).",
        ),
        (
            {"equality": "equivalent", "comparison": comparison(**APART), "differences": [CARD]},
            "equivalent: 12 of 16 frames differ, LPIPS 0.003 at most, mean error 0.4 of 255, worst in frame 7; "
            "the device differs: RTX 3090 -> RTX 4090.",
        ),
        (
            {
                "equality": "different",
                "comparison": comparison(**APART, frames=[1, 1]) | {"equal_frames": 0, "lpips": None},
                "reason": "How far apart they look was not measured: The network lpips-alex is not installed.",
                "differences": [{"fact": "recipe.seed", "original": 7, "again": 8}],
            },
            "different: mean error 0.4 of 255; How far apart they look was not measured: The network "
            "lpips-alex is not installed; seed was changed: 7 -> 8.",
        ),
        (
            {"equality": "different", "comparison": comparison(**APART), "differences": []},
            "different: 12 of 16 frames differ, LPIPS 0.003 at most, mean error 0.4 of 255, worst in frame 7; "
            "no recorded fact differs.",
        ),
        (
            {"equality": "not_compared", "comparison": None, "reason": "The original's file x is gone."},
            "not compared: The original's file x is gone.",
        ),
        (
            {
                "equality": "different",
                "comparison": comparison(**APART, frames=[1, 1]) | {"spot_error": 37.3},
                "differences": [CARD],
            },
            "different: LPIPS 0.003 at most, mean error 0.4 of 255, 37 in one spot; the device differs: "
            "RTX 3090 -> RTX 4090.",
        ),
        (
            {
                "equality": "identical",
                "comparison": None,
                "reason": "The original's file x is gone.",
                "differences": [],
            },
            "identical: the same pixels, by the hash that was recorded. The original's file x is gone.",
        ),
        (
            {
                "equality": "not_compared",
                "comparison": None,
                "reason": "The original's file x is gone.",
                "differences": [CARD, UNHASHED],
            },
            "not compared: The original's file x is gone.",
        ),
        (
            # Stored before such facts were sorted to the end.
            {
                "equality": "different",
                "comparison": comparison(**APART, frames=[1, 1]),
                "differences": [UNHASHED, CARD],
            },
            "different: LPIPS 0.003 at most, mean error 0.4 of 255; the device differs: RTX 3090 -> RTX 4090.",
        ),
        (
            {
                "equality": "different",
                "comparison": comparison(**APART, frames=[1, 1]),
                "differences": [UNHASHED],
            },
            "different: LPIPS 0.003 at most, mean error 0.4 of 255; no fact that both recorded differs, and "
            "the file aiko.safetensors was not recorded then.",
        ),
    ],
)
def test_a_person_reads_one_line(told: dict[str, Any], says: str) -> None:
    assert sentence(told) == says


@pytest.mark.parametrize(
    ("fact", "says"),
    [
        (UNHASHED, ("not recorded then", "0e1f0e1f0e1f")),
        ({**CARD, "again": None}, ("RTX 3090", "not recorded now")),
        ({"fact": "recipe.positive_prompt", "original": "aiko", "again": ""}, ("aiko", "empty")),
        ({"fact": "recipe.steps", "original": None, "again": 5}, ("none", "5")),
    ],
)
def test_a_value_that_was_not_recorded_is_told_from_an_empty_one(
    fact: dict[str, Any], says: tuple[str, str]
) -> None:
    assert sides(fact) == says
