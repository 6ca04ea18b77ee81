"""A graph's needs and a ComfyUI's wealth are said in the same words: one can be held against the other."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from models.errors import Unavailable
from tasks.process import serving
from tasks.process.serving import Serving
from tasks.worker import comfyui_watch
from tasks.worker.comfyui_watch import Watch
from workers.renderers.comfyui.client import Stats
from workers.renderers.comfyui.graph import Graph, node
from workers.renderers.comfyui.preflight import Inventory, NodeType, has_of, needs_of, troubles

GIB = 1024


def having(vram_mib: int = 24_564, **nodes: NodeType) -> Inventory:
    known = {
        "CheckpointLoaderSimple": NodeType(
            "nodes", ("ckpt_name",), {"ckpt_name": ("tiny.safetensors", "xl.ckpt")}
        ),
        "VAELoader": NodeType("nodes", ("vae_name",), {"vae_name": ("pixel_space",)}),
        "KSampler": NodeType("nodes", (), {"sampler_name": ("euler", "dpmpp_2m")}),
        "LoadImage": NodeType("nodes", ("image",), {"image": ("old.png",)}),
        "EmptySD3LatentImage": NodeType("comfy_extras.nodes_sd3"),
        **nodes,
    }
    return Inventory(version="0.3.64", device="cuda:0 Card", vram_mib=vram_mib, nodes=known)


def a_graph(**more: dict[str, object]) -> Graph:
    return {
        "1": node("CheckpointLoaderSimple", ckpt_name="tiny.safetensors"),
        "2": node("KSampler", model=("1", 0), sampler_name="euler", seed=7),
        "3": node("LoadImage", image="farm/aiko.png"),
        **more,
    }


def test_files_that_loaders_name_are_needed_and_other_choices_are_not() -> None:
    assert needs_of(a_graph(), having()) == ("ckpt_name=tiny.safetensors",)


def test_a_node_that_not_every_comfyui_has_is_needed() -> None:
    graph = a_graph(
        a=node("EmptySD3LatentImage", width=64), b=node("IPAdapterAdvanced", weight_type="linear", weight=1.0)
    )
    with_custom = having(IPAdapterAdvanced=NodeType("custom_nodes.ipadapter", (), {"weight_type": ("linear",)}))

    assert needs_of(graph, with_custom) == (
        "ckpt_name=tiny.safetensors",
        "node=EmptySD3LatentImage",
        "node=IPAdapterAdvanced",
    )


def test_a_custom_loaders_file_is_known_by_its_name_whatever_its_input_is_called() -> None:
    kind = NodeType("custom_nodes.ipadapter", (), {"ipadapter_file": ("plus.safetensors", "none")})
    graph = a_graph(x=node("IPAdapterModelLoader", ipadapter_file="plus.safetensors"))

    assert "ipadapter_file=plus.safetensors" in needs_of(graph, having(IPAdapterModelLoader=kind))
    assert "ipadapter_file=none" not in has_of(having(IPAdapterModelLoader=kind))


def test_a_built_in_vae_without_an_ending_counts_as_a_file() -> None:
    graph = a_graph(v=node("VAELoader", vae_name="pixel_space"))

    assert "vae_name=pixel_space" in needs_of(graph, having())


def test_what_a_graph_needs_is_had_by_the_comfyui_it_was_made_for() -> None:
    graph = a_graph(v=node("VAELoader", vae_name="pixel_space"), a=node("EmptySD3LatentImage"))

    assert set(needs_of(graph, having())) <= set(has_of(having()))
    assert "ckpt_name=xl.ckpt" in has_of(having())


@pytest.mark.parametrize(("card", "says"), [(24_564, 0), (0, 0), (16_376, 1)])
def test_a_card_sold_as_24_gb_takes_work_for_24_gib(card: int, says: int) -> None:
    found = list(troubles(a_graph(), having(card), requires={}, vram_mib=24 * GIB))

    assert len(found) == says
    assert all("needs 24 GiB on the card; cuda:0 Card has 16 GiB" in each.sentence for each in found)


def test_a_worker_whose_comfyui_does_not_answer_still_does_its_other_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(serving, "_answers", lambda url: False)
    row = Serving(pools=("comfyui", "comfyui-8g"), has=("node=A",))

    assert serving.now(("toon", "comfyui"), from_row=lambda: row) == Serving(pools=("toon",))
    assert serving.now(("comfyui",), from_row=lambda: row) == Serving(pools=())

    monkeypatch.setattr(serving, "_answers", lambda url: True)
    assert serving.now(("toon", "comfyui"), from_row=lambda: row) == Serving(
        pools=("toon", "comfyui", "comfyui-8g"), has=("node=A",)
    )


class _Counting(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    connections = 0

    def setup(self) -> None:
        type(self).connections += 1
        super().setup()

    def do_GET(self) -> None:
        told = b'{"system": {}, "devices": []}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def test_asking_whether_comfyui_answers_takes_one_connection_for_all_claims() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Counting) as comfyui:
        threading.Thread(target=comfyui.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{comfyui.server_port}"

        assert [serving._answers(url) for _ in range(3)] == [True] * 3

        comfyui.shutdown()
    assert _Counting.connections == 1


class FakeComfyUI:
    """Answers as told, or not at all."""

    url = "http://127.0.0.1:8188"

    def __init__(self) -> None:
        self.answers = True
        self.listed = 0

    def queue(self) -> list[object]:
        if not self.answers:
            raise Unavailable("ComfyUI at http://127.0.0.1:8188 did not answer /queue.")
        return []

    def stats(self) -> Stats:
        self.queue()
        return Stats(
            version="0.3.64", pytorch="", python="", device="cuda:0 Card", vram_total=12 * 2**30, vram_free=0
        )

    def object_info(self) -> dict[str, object]:
        self.listed += 1
        return {"KSampler": {"input": {"required": {}}, "python_module": "nodes"}}

    def models(self, folder: str) -> list[str]:
        return ["tiny.safetensors"] if folder == "checkpoints" else []


def test_a_look_asks_for_the_lists_seldom_and_remembers_them_through_a_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    comfyui = FakeComfyUI()
    monkeypatch.setattr(comfyui_watch, "_server", lambda timeout: comfyui)
    watch = Watch(("comfyui",), client_ids=lambda: ["w"], tell=lambda seen: None)

    first, second = watch.look(), watch.look()
    comfyui.answers = False
    silent, silent_still = watch.look(), watch.look()
    comfyui.answers = True
    again = watch.look()

    assert first.pools == second.pools == ("comfyui", "comfyui-8g", "comfyui-12g")
    assert first.content is not None
    assert (second.content, comfyui.listed) == (None, 2)
    assert (silent.pools, silent.report["inventory"]) == ((), first.report["inventory"])
    assert silent.report["error"] == "ComfyUI at http://127.0.0.1:8188 did not answer /queue."
    assert silent.report["error_since"] == silent_still.report["error_since"]
    assert (again.pools, again.report["error"], again.report["models"]) == (
        first.pools,
        None,
        {"checkpoints": 1},
    )


def test_a_worker_for_comfyui_without_an_address_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comfyui_watch, "_server", lambda timeout: None)

    seen = Watch(("comfyui",), client_ids=lambda: ["w"], tell=lambda seen: None).look()

    assert seen.pools == ()
    assert "FARM_COMFYUI_URL is not set" in seen.report["error"]
