"""Which weights a graph loads is known by the kind of file, and hashing them reads each once."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from workers.renderers.comfyui import checkpoints
from workers.renderers.comfyui.checkpoints import CheckpointHashes, loaded

if TYPE_CHECKING:
    from collections.abc import Callable

    from workers.renderers.comfyui.graph import Graph


def graph(*nodes: dict[str, Any]) -> Graph:
    return {str(place): {"class_type": "Any", "inputs": inputs} for place, inputs in enumerate(nodes)}


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def put(models: Path) -> Callable[[str, str], Path]:
    def write(name: str, text: str) -> Path:
        path = models / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every file whose bytes were hashed."""
    seen: list[Path] = []
    real = checkpoints.sha256_of

    def watched(path: Path) -> str:
        seen.append(path)
        return real(path)

    monkeypatch.setattr(checkpoints, "sha256_of", watched)
    return seen


def test_a_custom_loader_s_file_and_a_prompt_s_embedding_are_loaded_too() -> None:
    told = graph(
        {"ckpt_name": "a.safetensors"},
        {"gguf_file": "unets/b.GGUF", "strength": 0.5, "model": ["0", 0]},
        {"text": "1girl, embedding:easynegative, (embedding:hands/fix.pt:1.2)"},
        {"ckpt_name": "a.safetensors", "image": "front.png"},
    )

    assert list(loaded(told)) == [
        ("ckpt_name", "a.safetensors"),
        ("gguf_file", "unets/b.GGUF"),
        ("embedding", "easynegative"),
        ("embedding", "hands/fix.pt"),
    ]


def test_every_kind_of_file_is_found_where_comfyui_keeps_it(models, put) -> None:
    put("checkpoints/sub/a.safetensors", "a")
    put("unet/b.safetensors", "b")
    put("ipadapter/c.bin", "c")
    put("embeddings/neg.pt", "d")
    told = graph(
        {"ckpt_name": "sub\\a.safetensors", "unet_name": "b.safetensors"},
        {"ipadapter_file": "c.bin", "text": "embedding:neg"},
        {"lora_name": "gone.safetensors"},
    )

    assert CheckpointHashes(models).of(told) == {
        "sub\\a.safetensors": sha256("a"),
        "b.safetensors": sha256("b"),
        "c.bin": sha256("c"),
        "neg": sha256("d"),
        "gone.safetensors": "",
    }


def test_a_file_that_could_be_either_of_two_is_unknown(models, put) -> None:
    put("ipadapter/c.bin", "one")
    put("clip_vision/c.bin", "another")

    assert CheckpointHashes(models).of(graph({"ipadapter_file": "c.bin"})) == {"c.bin": ""}


def test_two_files_of_one_name_are_told_apart(models, put) -> None:
    put("checkpoints/x.safetensors", "one")
    put("vae/x.safetensors", "another")

    told = CheckpointHashes(models).of(graph({"ckpt_name": "x.safetensors", "vae_name": "x.safetensors"}))

    assert told == {"ckpt_name=x.safetensors": sha256("one"), "vae_name=x.safetensors": sha256("another")}


def test_no_name_leads_out_of_the_models_but_a_studio_s_own_link_does(models, put, tmp_path) -> None:
    put("checkpoints/here.safetensors", "here")
    (tmp_path / "secret.safetensors").write_text("secret")
    (models / "loras").symlink_to(tmp_path)

    outside = str(tmp_path / "secret.safetensors")
    told = CheckpointHashes(models).of(
        graph(
            {"ckpt_name": "../../secret.safetensors"},
            {"ckpt_name": outside},
            {"lora_name": "secret.safetensors"},
        )
    )

    assert told == {
        "../../secret.safetensors": "",
        outside: "",
        "secret.safetensors": sha256("secret"),
    }


def test_without_a_models_folder_nothing_is_known() -> None:
    assert CheckpointHashes(None).of(graph({"ckpt_name": "a.safetensors"})) == {"a.safetensors": ""}


def test_a_file_is_read_once_and_again_only_when_it_changed(models, put, reads, tmp_path) -> None:
    memory = tmp_path / "state" / "hashes.json"
    path = put("checkpoints/a.safetensors", "one")
    put("vae/b.safetensors", "vae")
    told = graph({"ckpt_name": "a.safetensors", "vae_name": "b.safetensors"})
    CheckpointHashes(models, memory).of(told)
    assert len(reads) == 2

    # Another process, or the same after a restart.
    again = CheckpointHashes(models, memory)
    again.of(told)
    again.of(told)
    assert len(reads) == 2

    times = path.stat()
    replaced = put("checkpoints/new.safetensors", "two")
    os.utime(replaced, ns=(times.st_atime_ns, times.st_mtime_ns))
    replaced.rename(path)

    # Same size and same time, as a copy that preserves times leaves them.
    assert again.of(told)["a.safetensors"] == sha256("two")
    assert reads[2:] == [path]


def test_the_memory_is_read_once_for_many_files(models, put, tmp_path, monkeypatch) -> None:
    memory = tmp_path / "hashes.json"
    names = [f"{number}.safetensors" for number in range(20)]
    for name in names:
        put(f"loras/{name}", name)
    told = graph(*({"lora_name": name} for name in names))
    CheckpointHashes(models, memory).of(told)
    opened = []
    real = Path.read_text
    monkeypatch.setattr(Path, "read_text", lambda path, *a, **k: opened.append(path) or real(path, *a, **k))

    CheckpointHashes(models, memory).of(told)

    assert opened == [memory]


def test_two_processes_keep_what_the_other_learned(models, put, tmp_path) -> None:
    memory = tmp_path / "hashes.json"
    put("loras/a.safetensors", "a")
    put("loras/b.safetensors", "b")
    one, another = CheckpointHashes(models, memory), CheckpointHashes(models, memory)

    one.of(graph({"lora_name": "a.safetensors"}))
    another.of(graph({"lora_name": "b.safetensors"}))

    assert set(json.loads(memory.read_text()).values()) == {sha256("a"), sha256("b")}


def test_a_damaged_memory_is_written_anew(models, put, tmp_path) -> None:
    memory = tmp_path / "hashes.json"
    memory.write_text('{"half')
    put("loras/a.safetensors", "a")

    told = CheckpointHashes(models, memory).of(graph({"lora_name": "a.safetensors"}))

    assert told == {"a.safetensors": sha256("a")}
    assert list(json.loads(memory.read_text()).values()) == [sha256("a")]


def test_a_file_that_cannot_be_read_is_unknown_and_costs_no_render(models, put, tmp_path, monkeypatch) -> None:
    memory = tmp_path / "hashes.json"
    put("loras/a.safetensors", "a")
    told = graph({"lora_name": "a.safetensors"})
    real = checkpoints.sha256_of

    def refused(path: Path) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(checkpoints, "sha256_of", refused)
    assert CheckpointHashes(models, memory).of(told) == {"a.safetensors": ""}

    # It is not remembered as unreadable.
    monkeypatch.setattr(checkpoints, "sha256_of", real)
    assert CheckpointHashes(models, memory).of(told) == {"a.safetensors": sha256("a")}


def test_a_memory_that_cannot_be_written_costs_no_render(models, put, tmp_path) -> None:
    (tmp_path / "file").write_text("in the way")
    put("loras/a.safetensors", "a")

    hashes = CheckpointHashes(models, tmp_path / "file" / "hashes.json")

    assert hashes.of(graph({"lora_name": "a.safetensors"})) == {"a.safetensors": sha256("a")}


def test_a_file_replaced_under_its_name_is_noticed_by_the_server_that_rendered_with_it(models, put, tmp_path):
    memory, weights = tmp_path / "hashes.json", graph({"ckpt_name": "a.safetensors"})
    put("checkpoints/a.safetensors", "first")
    hashes = CheckpointHashes(models, memory)
    assert hashes.replaced("http://one", hashes.of(weights)) == ()
    hashes.used("http://one", hashes.of(weights))

    put("checkpoints/a.safetensors", "second")

    later = CheckpointHashes(models, memory)
    assert later.replaced("http://one", later.of(weights)) == ("a.safetensors",)
    assert later.replaced("http://two", later.of(weights)) == ()
