"""Which file a word means, among those a ComfyUI lists."""

from __future__ import annotations

import pytest

from farm.orders.comfyui.fleet import Fleet, meant
from farm.reproduction import comfyui
from models.errors import OrderRefused
from workers.renderers.comfyui import builtin

LORAS = [
    "aiko.safetensors",
    "style/ink.safetensors",
    r"old\ren.safetensors",
    "a/twin.pt",
    "b/twin.pt",
    "v1.5.pt",
]


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("aiko.safetensors", ["aiko.safetensors"]),
        ("aiko", ["aiko.safetensors"]),
        ("ink", ["style/ink.safetensors"]),
        ("style/ink", ["style/ink.safetensors"]),
        ("/models/loras/aiko.safetensors", ["aiko.safetensors"]),
        ("old/ren", [r"old\ren.safetensors"]),
        ("ren.safetensors", [r"old\ren.safetensors"]),
        ("b/twin", ["b/twin.pt"]),
        ("twin", ["a/twin.pt", "b/twin.pt"]),
        ("v1.5", ["v1.5.pt"]),
        ("v1", []),
        ("aik", []),
    ],
)
def test_a_file_is_meant_by_its_name_without_ending_or_folder(word: str, found: list[str]) -> None:
    assert meant(word, LORAS) == found


def test_the_same_file_listed_with_either_slash_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = Fleet([])
    monkeypatch.setattr(fleet, "_listed", lambda _: ["style/ink.pt", r"style\ink.pt"])

    assert fleet.file("lora_name", "ink", "LoRA") == "style/ink.pt"


def test_a_word_that_means_several_files_is_refused_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = Fleet([])
    monkeypatch.setattr(fleet, "_listed", lambda _: LORAS)

    with pytest.raises(OrderRefused, match=r"may be any of a/twin\.pt, b/twin\.pt"):
        fleet.file("lora_name", "twin", "LoRA")


def test_without_any_comfyui_no_file_can_be_looked_for() -> None:
    with pytest.raises(OrderRefused, match="No ComfyUI has reported"):
        Fleet([]).file("lora_name", "aiko", "LoRA")


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("ink", "style/ink.safetensors"),
        ("ink.safetensors", "style/ink.safetensors"),
        ("style/ink", "style/ink.safetensors"),
        ("aiko.safetensors", "aiko.safetensors"),
        # Another folder's checkpoint may be another one; what nobody has is for `require` to refuse.
        ("anime/ink", "anime/ink"),
        ("unknown", "unknown"),
        ("", ""),
    ],
)
def test_a_checkpoint_is_named_as_a_lora_is(monkeypatch: pytest.MonkeyPatch, word: str, name: str) -> None:
    fleet = Fleet([])
    monkeypatch.setattr(fleet, "_listed", lambda _: LORAS)

    told = fleet.spelled({"model_name": word, "vae_name": None, "steps": 20}, builtin.all_workflows()["still"])

    assert told == {"model_name": name, "vae_name": None, "steps": 20}


def test_a_word_that_means_several_checkpoints_is_refused_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = Fleet([])
    monkeypatch.setattr(fleet, "_listed", lambda _: LORAS)

    with pytest.raises(OrderRefused, match=r"The checkpoint 'twin' may be any of a/twin\.pt, b/twin\.pt"):
        fleet.spelled({"model_name": "twin"}, builtin.all_workflows()["still"])


def test_a_reproduction_takes_files_by_the_names_an_order_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = Fleet([])
    monkeypatch.setattr(fleet, "_listed", lambda _: LORAS)
    changes = {"lora_models.ren.path": "ink", "lora_models.ren.weight": "0.5", "model_name": "aiko", "seed": 7}

    told = comfyui._spelled(fleet, builtin.all_workflows()["still"], changes)

    assert told == {
        **changes,
        "lora_models.ren.path": "style/ink.safetensors",
        "model_name": "aiko.safetensors",
    }
