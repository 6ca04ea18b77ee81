"""What a ComfyUI, a custom node, or a stranger at its address says in a shape of its own breaks nothing."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
import requests

from models.errors import StepFailed, Unavailable
from workers.renderers.comfyui import faults, preflight
from workers.renderers.comfyui.client import ComfyUIClient, Stats
from workers.renderers.comfyui.preflight import has_of, take_inventory
from workers.renderers.comfyui.queued_prompt import Prompt

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

URL = "http://127.0.0.1:8188"
ASKED: dict[str, Callable[[ComfyUIClient, Path], Any]] = {
    "stats": lambda server, _: server.stats(),
    "queue": lambda server, _: server.queue(),
    "history": lambda server, _: server.history("mine"),
    "models": lambda server, _: server.models("loras"),
    "upload": lambda server, picture: server.upload(picture),
}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ComfyUIClient]:
    def answering(said: bytes, status: int = 200) -> ComfyUIClient:
        answer = requests.Response()
        answer.status_code, answer.url, answer.raw = status, URL, BytesIO(said)
        monkeypatch.setattr(requests.Session, "request", lambda *_, **__: answer)
        return ComfyUIClient(URL)

    return answering


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("stats", b'{"system": {}, "devices": [{"vram_total": "much"}]}'),
        ("stats", b'{"system": {}, "devices": [{"vram_total": Infinity}]}'),
        ("stats", b"[" * 100_000),
        ("queue", b'{"queue_running": null}'),
        ("queue", b'{"queue_running": [[1]], "queue_pending": []}'),
        ("queue", b'{"queue_running": [[1, "x", {}, "y"]]}'),
        ("history", b'{"mine": "over"}'),
        ("models", b"null"),
        ("models", b'{"error": "no"}'),
        ("upload", b"[]"),
        ("upload", b'{"name": 7}'),
    ],
)
def test_what_no_comfyui_says_is_told_from_a_bug_of_ours(
    server: Callable[..., ComfyUIClient], tmp_path: Path, asked: str, said: bytes
) -> None:
    picture = tmp_path / "first.png"
    picture.touch()

    with pytest.raises(Unavailable, match="Is this address really a ComfyUI"):
        ASKED[asked](server(said), picture)


@pytest.mark.parametrize("status", [401, 404, 429])
def test_a_refused_question_about_the_queue_says_nothing_about_the_recipe(
    server: Callable[..., ComfyUIClient], status: int
) -> None:
    with pytest.raises(Unavailable, match=f"answered /queue with {status}"):
        server(b"", status).queue()


@pytest.mark.parametrize(
    "answer",
    [
        {"node_errors": [1]},
        {"node_errors": {"1": None}},
        {"error": [1]},
        {"error": {"type": "missing_node_type", "extra_info": 3}},
    ],
)
def test_a_refusal_of_any_shape_is_a_refusal(answer: dict[str, Any]) -> None:
    assert str(faults.refused(400, answer))


@pytest.mark.parametrize(
    "history",
    [
        {"status": {"status_str": "error", "messages": [1, ["execution_error", None]]}},
        {"status": None, "outputs": {"9": None}},
        {"status": None, "outputs": {"9": {"images": 3}}},
    ],
)
def test_a_history_of_any_shape_ends_the_prompt(history: dict[str, Any]) -> None:
    prompt = Prompt(ComfyUIClient(URL), prompt_id="mine", client_id="farm", prefix="farm/mine")

    with pytest.raises(StepFailed):
        prompt._outcome(history)


class OddComfyUI:
    """Lists a custom node that describes itself badly, and a file whose name is no text."""

    def stats(self) -> Stats:
        return Stats(version="0.3.64", pytorch="", python="", device="", vram_total=0, vram_free=0)

    def object_info(self) -> dict[str, Any]:
        loader = {"required": {"lora_name": [["caf\udce9.safetensors", "ink.safetensors"]]}}
        odd = {"required": {"a": [], "b": None, "c": ["FLOAT", {"min": 0, "max": float("inf")}]}}
        return {
            "LoraLoader": {"input": loader, "python_module": "nodes"},
            "Odd": {"input": odd | {"optional": [1]}, "python_module": "custom_nodes.odd"},
            "Odder": None,
        }

    def models(self, folder: str) -> list[str]:
        return ["caf\udce9.safetensors", "ink.safetensors"] if folder == "loras" else []


def test_one_odd_node_or_file_does_not_hide_everything_else_a_comfyui_has() -> None:
    found = take_inventory(OddComfyUI())  # type: ignore[arg-type]  # answers as a ComfyUIClient does

    assert set(found.nodes) == {"LoraLoader", "Odd"}
    assert found.models == {"loras": ("ink.safetensors",)}
    assert has_of(found) == ("lora_name=ink.safetensors", "node=Odd")
    graph = {"1": {"class_type": "Odd", "inputs": {"a": 1, "b": 2, "c": 3.0}}}
    assert not list(preflight.troubles(graph, found, requires={}, vram_mib=0))
