"""A stand-in ComfyUI that behaves as the real one was recorded (0.3.64, 0.33.0), each of its traps switchable.

`python -m tests.comfyui_server --port 0 --folder DIR` prints its address and serves until it is killed. It
checks graphs against a small table of node types, runs them one after another with real progress events, keeps
a cache and a history, and writes real PNG files whose pixels follow from the graph. `POST /trap {name: value}`
switches a trap on; `{}` switches all off.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import io
import json
import sys
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from aiohttp import WSMsgType, web
from PIL import Image
from PIL.PngImagePlugin import PngInfo

SAMPLERS = ["euler", "euler_ancestral", "dpmpp_2m", "uni_pc"]
SCHEDULERS = ["simple", "normal", "karras", "sgm_uniform"]
MODELS = {
    "checkpoints": ["tiny.safetensors", "anime_xl.safetensors"],
    "loras": ["aiko.safetensors", "style/ink.safetensors", "wan_high.safetensors", "wan_low.safetensors"],
    "vae": ["pixel_space", "wan_2.1_vae.safetensors", "qwen_image_vae.safetensors"],
    "diffusion_models": [
        "wan2.2_i2v_high_noise_14B.safetensors",
        "wan2.2_i2v_low_noise_14B.safetensors",
        "qwen_image_edit_2509.safetensors",
    ],
    "text_encoders": ["umt5_xxl.safetensors", "qwen_2.5_vl_7b.safetensors"],
    "controlnet": ["openpose.safetensors", "lineart.safetensors"],
    "clip_vision": ["clip_vision_h.safetensors"],
}


def _listed(values: list[str]) -> list[Any]:
    return [values, {}]


def _number(kind: str, low: float, high: float, step: float = 1) -> list[Any]:
    return [kind, {"min": low, "max": high, "step": step}]


def _node(inputs: dict[str, Any], output: list[str], *, saves: bool = False, **more: Any) -> dict[str, Any]:
    module = more.get("module", "nodes")
    told = {"required": inputs, "optional": more.get("optional", {})}
    return {"input": told, "output": output, "output_node": saves, "python_module": module}


_SIDE = _number("INT", 16, 16384, 8)
_SIDE16 = _number("INT", 16, 16384, 16)
_SEED = _number("INT", 0, 2**64 - 1)
_STEPS = _number("INT", 1, 10000)
_CFG = _number("FLOAT", 0.0, 100.0, 0.1)
_STRENGTH = _number("FLOAT", -100.0, 100.0, 0.01)
_WAN = {
    "positive": ["CONDITIONING"],
    "negative": ["CONDITIONING"],
    "vae": ["VAE"],
    "width": _SIDE16,
    "height": _SIDE16,
    "length": _number("INT", 1, 16384, 4),
    "batch_size": _number("INT", 1, 4096),
}
_SAMPLING = {
    "model": ["MODEL"],
    "steps": _STEPS,
    "cfg": _CFG,
    "sampler_name": _listed(SAMPLERS),
    "scheduler": _listed(SCHEDULERS),
    "positive": ["CONDITIONING"],
    "negative": ["CONDITIONING"],
    "latent_image": ["LATENT"],
}
NODES: dict[str, dict[str, Any]] = {
    "CheckpointLoaderSimple": _node({"ckpt_name": _listed(MODELS["checkpoints"])}, ["MODEL", "CLIP", "VAE"]),
    "LoraLoader": _node(
        {
            "model": ["MODEL"],
            "clip": ["CLIP"],
            "lora_name": _listed(MODELS["loras"]),
            "strength_model": _STRENGTH,
            "strength_clip": _STRENGTH,
        },
        ["MODEL", "CLIP"],
    ),
    "LoraLoaderModelOnly": _node(
        {"model": ["MODEL"], "lora_name": _listed(MODELS["loras"]), "strength_model": _STRENGTH}, ["MODEL"]
    ),
    "CLIPTextEncode": _node({"text": ["STRING", {"multiline": True}], "clip": ["CLIP"]}, ["CONDITIONING"]),
    "EmptyLatentImage": _node(
        {"width": _SIDE, "height": _SIDE, "batch_size": _number("INT", 1, 4096)}, ["LATENT"]
    ),
    "EmptySD3LatentImage": _node(
        {"width": _SIDE16, "height": _SIDE16, "batch_size": _number("INT", 1, 4096)},
        ["LATENT"],
        module="comfy_extras.nodes_sd3",
    ),
    "KSampler": _node({**_SAMPLING, "seed": _SEED, "denoise": _number("FLOAT", 0, 1, 0.01)}, ["LATENT"]),
    "KSamplerAdvanced": _node(
        {
            **_SAMPLING,
            "noise_seed": _SEED,
            "add_noise": _listed(["enable", "disable"]),
            "start_at_step": _number("INT", 0, 10000),
            "end_at_step": _number("INT", 0, 10000),
            "return_with_leftover_noise": _listed(["disable", "enable"]),
        },
        ["LATENT"],
    ),
    "VAELoader": _node({"vae_name": _listed(MODELS["vae"])}, ["VAE"]),
    "VAEDecode": _node({"samples": ["LATENT"], "vae": ["VAE"]}, ["IMAGE"]),
    "VAEEncode": _node({"pixels": ["IMAGE"], "vae": ["VAE"]}, ["LATENT"]),
    "SaveImage": _node({"images": ["IMAGE"], "filename_prefix": ["STRING", {}]}, [], saves=True),
    "PreviewImage": _node({"images": ["IMAGE"]}, [], saves=True),
    "LoadImage": _node({"image": ["FILE"]}, ["IMAGE", "MASK"]),
    "EmptyImage": _node(
        {"width": _SIDE, "height": _SIDE, "batch_size": _number("INT", 1, 4096), "color": _SEED}, ["IMAGE"]
    ),
    "ImageStitch": _node(
        {
            "image1": ["IMAGE"],
            "direction": _listed(["right", "down", "left", "up"]),
            "match_image_size": ["BOOLEAN", {}],
            "spacing_width": _number("INT", 0, 1024),
            "spacing_color": _listed(["white", "black"]),
        },
        ["IMAGE"],
        optional={"image2": ["IMAGE"]},
        module="comfy_extras.nodes_images",
    ),
    "UNETLoader": _node(
        {"unet_name": _listed(MODELS["diffusion_models"]), "weight_dtype": _listed(["default", "fp8_e4m3fn"])},
        ["MODEL"],
    ),
    "CLIPLoader": _node(
        {"clip_name": _listed(MODELS["text_encoders"]), "type": _listed(["wan", "qwen_image", "sd3"])}, ["CLIP"]
    ),
    "ModelSamplingSD3": _node(
        {"model": ["MODEL"], "shift": _number("FLOAT", 0, 100, 0.01)},
        ["MODEL"],
        module="comfy_extras.nodes_model_advanced",
    ),
    "ModelSamplingAuraFlow": _node(
        {"model": ["MODEL"], "shift": _number("FLOAT", 0, 100, 0.01)},
        ["MODEL"],
        module="comfy_extras.nodes_model_advanced",
    ),
    "WanImageToVideo": _node(
        _WAN,
        ["CONDITIONING", "CONDITIONING", "LATENT"],
        optional={"start_image": ["IMAGE"]},
        module="comfy_extras.nodes_wan",
    ),
    "WanFirstLastFrameToVideo": _node(
        _WAN,
        ["CONDITIONING", "CONDITIONING", "LATENT"],
        optional={"start_image": ["IMAGE"], "end_image": ["IMAGE"]},
        module="comfy_extras.nodes_wan",
    ),
    "TextEncodeQwenImageEditPlus": _node(
        {"clip": ["CLIP"], "prompt": ["STRING", {}]},
        ["CONDITIONING"],
        optional={name: ["IMAGE"] for name in ("image1", "image2", "image3")} | {"vae": ["VAE"]},
        module="comfy_extras.nodes_qwen",
    ),
    "ControlNetLoader": _node({"control_net_name": _listed(MODELS["controlnet"])}, ["CONTROL_NET"]),
    "ControlNetApplyAdvanced": _node(
        {
            "positive": ["CONDITIONING"],
            "negative": ["CONDITIONING"],
            "control_net": ["CONTROL_NET"],
            "image": ["IMAGE"],
            "strength": _number("FLOAT", 0, 10, 0.01),
            "start_percent": _number("FLOAT", 0, 1, 0.001),
            "end_percent": _number("FLOAT", 0, 1, 0.001),
        },
        ["CONDITIONING", "CONDITIONING"],
        optional={"vae": ["VAE"]},
    ),
}


@dataclass
class Item:
    """A prompt in the queue."""

    number: int
    prompt_id: str
    graph: dict[str, Any]
    extra: dict[str, Any]
    outputs: list[str]
    interrupted: asyncio.Event = field(default_factory=asyncio.Event)

    def row(self) -> list[Any]:
        return [self.number, self.prompt_id, self.graph, self.extra, self.outputs]


class StandIn:
    """The server's state and its one worker."""

    def __init__(self, folder: Path) -> None:
        self.output, self.input = folder / "output", folder / "input"
        for place in (self.output, self.input):
            place.mkdir(parents=True, exist_ok=True)
        self.traps: dict[str, Any] = {}
        self.pending: deque[Item] = deque()
        self.running: Item | None = None
        self.history: dict[str, Any] = {}
        self.cache: dict[str, dict[str, Any]] = {}
        self.sockets: dict[str, web.WebSocketResponse] = {}
        #: every POST /prompt and POST /free, for tests to read
        self.seen: list[str] = []
        self.more = asyncio.Event()
        self.number = 0

    # the worker

    async def work(self) -> None:
        while True:
            while not self.pending:
                self.more.clear()
                await self.more.wait()
            item = self.running = self.pending.popleft()
            try:
                if self._trap("vanish"):
                    continue
                history = await self._execute(item)
                if history is not None:
                    self._remember(item, history)
            finally:
                self.running = None

    async def _execute(self, item: Item) -> dict[str, Any] | None:
        messages: list[list[Any]] = []

        async def tell(event: str, **data: Any) -> None:
            data["prompt_id"] = item.prompt_id
            if event in {"execution_start", "execution_cached", "execution_success", "execution_error"} or (
                event == "execution_interrupted"
            ):
                messages.append([event, data])
            await self._send(item.extra.get("client_id", ""), {"type": event, "data": data})

        await tell("execution_start")
        await tell("execution_cached", nodes=[])
        failure = None
        steps = _steps(item.graph)
        for step in range(steps):
            if item.interrupted.is_set():
                await tell("execution_interrupted", node_id="1", node_type="KSampler", executed=[])
                return _history(item, {}, messages, "error")
            await asyncio.sleep(float(self.traps.get("step_seconds", 0.002)))
            await tell("progress", value=step + 1, max=steps, node="1")
            if step == steps // 2:
                failure = self._failure()
            if failure:
                await tell("execution_error", node_id="1", node_type="KSampler", executed=[], **failure)
                return _history(item, {}, messages, "error")
        outputs = {}
        for node_id in item.outputs:
            outputs[node_id] = self._save(item, node_id)
            await tell("executed", node=node_id, output=outputs[node_id])
        await tell("execution_success")
        await self._send(
            item.extra.get("client_id", ""),
            {"type": "executing", "data": {"node": None, "prompt_id": item.prompt_id}},
        )
        return _history(item, outputs, messages, "success")

    def _failure(self) -> dict[str, Any] | None:
        if self._trap("oom"):
            return {
                "exception_type": "torch.OutOfMemoryError",
                "exception_message": "Allocation on device 0 would exceed allowed memory.\n"
                "This error means you ran out of memory on your GPU.",
                "traceback": ["..."],
            }
        if self._trap("node_error"):
            return {
                "exception_type": "RuntimeError",
                "exception_message": "mat1 and mat2",
                "traceback": ["..."],
            }
        return None

    def _remember(self, item: Item, history: dict[str, Any]) -> None:
        lag = float(self.traps.get("history_lag", 0.0))
        if lag:
            asyncio.get_running_loop().call_later(lag, self.history.__setitem__, item.prompt_id, history)
        else:
            self.history[item.prompt_id] = history

    def _save(self, item: Item, node_id: str) -> dict[str, Any]:
        """Write this output's pictures; an identical node is answered from the cache, as the real one does."""
        node = item.graph[node_id]
        temporary = node["class_type"] == "PreviewImage"
        key = json.dumps([node_id, item.graph], sort_keys=True)
        if key in self.cache:
            return self.cache[key]
        prefix = "temp/preview" if temporary else str(node["inputs"]["filename_prefix"])
        subfolder, _, name = prefix.rpartition("/")
        target = self.output / subfolder
        target.mkdir(parents=True, exist_ok=True)
        images = []
        for index, frame in enumerate(_pixels(item.graph, node_id)):
            filename = f"{name}_{index + 1:05}_.png"
            told = PngInfo()
            told.add_text("prompt", json.dumps(item.graph))
            Image.fromarray(frame).save(target / filename, pnginfo=told)
            images.append(
                {"filename": filename, "subfolder": subfolder, "type": "temp" if temporary else "output"}
            )
        self.cache[key] = {"images": images}
        return self.cache[key]

    async def _send(self, client_id: str, event: dict[str, Any]) -> None:
        socket = self.sockets.get(client_id)
        if socket is None or socket.closed or self.traps.get("deaf_socket"):
            return
        if self._trap("drop_socket"):
            await socket.close()
            return
        try:
            await socket.send_str(json.dumps(event))
        except ConnectionError:
            self.sockets.pop(client_id, None)

    def _trap(self, name: str) -> bool:
        """Whether a trap springs now: `true` always, a number that many times."""
        left = self.traps.get(name, 0)
        if left is True:
            return True
        if left:
            self.traps[name] = left - 1
        return bool(left)

    # the routes

    async def post_prompt(self, request: web.Request) -> web.StreamResponse:
        self.seen.append("prompt")
        body = await request.json()
        if self._trap("drop_post"):
            assert request.transport
            request.transport.close()
            return web.Response()
        graph = body.get("prompt")
        if not graph:
            return _no({"type": "no_prompt", "message": "No prompt provided", "details": ""}, {})
        error, node_errors, outputs = self._checked(graph)
        if error:
            return _no(error, node_errors)
        self.number += 1
        extra = {**body.get("extra_data", {}), "client_id": body.get("client_id", "")}
        item = Item(self.number, str(body["prompt_id"]), graph, extra, outputs)
        self.pending.append(item)
        self.more.set()
        if self._trap("silent_post"):
            await asyncio.sleep(3600)
        if self._trap("half_graph"):
            node_errors = {"9": {"class_type": "SaveImage", "errors": [{"message": "Bad", "details": "x"}]}}
        return web.json_response(
            {"prompt_id": item.prompt_id, "number": item.number, "node_errors": node_errors}
        )

    def _checked(self, graph: dict[str, Any]) -> tuple[dict[str, Any] | None, dict[str, Any], list[str]]:
        outputs: list[str] = []
        for node_id, node in graph.items():
            kind = node.get("class_type")
            if kind not in NODES:
                message = f"Cannot execute because node {kind} does not exist."
                return (
                    {"type": "invalid_prompt", "message": message, "details": f"Node ID '#{node_id}'"},
                    {},
                    [],
                )
            if NODES[kind]["output_node"]:
                outputs.append(node_id)
        if not outputs:
            return {"type": "prompt_no_outputs", "message": "Prompt has no outputs", "details": ""}, {}, []
        node_errors = {}
        for node_id, node in graph.items():
            if errors := list(self._node_errors(node)):
                node_errors[node_id] = {
                    "errors": errors,
                    "dependent_outputs": outputs,
                    "class_type": node["class_type"],
                }
        if node_errors:
            error = {
                "type": "prompt_outputs_failed_validation",
                "message": "Prompt outputs failed validation",
                "details": "",
            }
            return error, node_errors, []
        return None, {}, outputs

    def _node_errors(self, node: dict[str, Any]) -> Any:
        spec = NODES[node["class_type"]]["input"]
        for name, config in spec["required"].items():
            info = {"input_name": name, "input_config": config}
            if name not in node["inputs"]:
                yield {
                    "type": "required_input_missing",
                    "message": "Required input is missing",
                    "details": name,
                    "extra_info": info,
                }
                continue
            value = node["inputs"][name]
            if isinstance(value, list):
                continue
            known = config[0]
            if config == ["FILE"]:
                known = sorted(
                    str(path.relative_to(self.input)) for path in self.input.rglob("*") if path.is_file()
                )
            if isinstance(known, list) and value not in known:
                info = {**info, "input_config": [known, {}], "received_value": value}
                yield {
                    "type": "value_not_in_list",
                    "message": "Value not in list",
                    "details": f"{name}: '{value}'",
                    "extra_info": info,
                }
            if known in ("INT", "FLOAT") and not config[1]["min"] <= value <= config[1]["max"]:
                yield {
                    "type": "value_out_of_range",
                    "message": "Value out of range",
                    "details": f"{name}: {value}",
                    "extra_info": info,
                }

    async def get_queue(self, request: web.Request) -> web.Response:
        running = [self.running.row()] if self.running else []
        return web.json_response(
            {"queue_running": running, "queue_pending": [item.row() for item in self.pending]}
        )

    async def post_queue(self, request: web.Request) -> web.Response:
        gone = set((await request.json()).get("delete", []))
        self.pending = deque(item for item in self.pending if item.prompt_id not in gone)
        return web.Response()

    async def interrupt(self, request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else {}
        wanted = body.get("prompt_id")
        if self.running and wanted in (None, self.running.prompt_id) and not self._trap("lost_interrupt"):
            self.running.interrupted.set()
        return web.Response()

    async def free(self, request: web.Request) -> web.Response:
        self.seen.append("free")
        self.cache.clear()
        return web.Response()

    async def get_history(self, request: web.Request) -> web.Response:
        prompt_id = request.match_info.get("prompt_id")
        if prompt_id is None:
            return web.json_response(self.history)
        return web.json_response({prompt_id: self.history[prompt_id]} if prompt_id in self.history else {})

    async def view(self, request: web.Request) -> web.StreamResponse:
        query = request.query
        path = (self.output / query.get("subfolder", "") / query["filename"]).resolve()
        if not path.is_relative_to(self.output.resolve()):
            return web.Response(status=403)
        if not path.is_file():
            return web.Response(status=404)
        data = path.read_bytes()
        if self._trap("junk_view"):
            data = b"\x89PNG\r\n\x1a\n" + b"junk" * 40
        if self._trap("half_view"):
            answer = web.StreamResponse(headers={"Content-Length": str(len(data))})
            await answer.prepare(request)
            await answer.write(data[: len(data) // 2])
            assert request.transport
            request.transport.close()
            return answer
        return web.Response(body=data, content_type="image/png")

    async def upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        image: Any = form["image"]
        subfolder = str(form.get("subfolder", ""))
        folder = self.input / subfolder
        folder.mkdir(parents=True, exist_ok=True)
        data = image.file.read()
        name = Path(image.filename).name
        if (folder / name).exists() and (folder / name).read_bytes() != data:
            # As the real one does: another picture under a name that is taken gets another name.
            name = f"{Path(name).stem} ({hashlib.sha256(data).hexdigest()[:4]}){Path(name).suffix}"
        (folder / name).write_bytes(data)
        return web.json_response({"name": name, "subfolder": subfolder, "type": "input"})

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        client_id = request.query.get("clientId", "")
        self.sockets[client_id] = socket
        await socket.send_str(json.dumps({"type": "status", "data": {"sid": client_id}}))
        async for message in socket:
            if message.type == WSMsgType.ERROR:
                break
        return socket

    async def stats(self, request: web.Request) -> web.Response:
        total = int(self.traps.get("vram_total", 24 * 1024**3))
        return web.json_response(
            {
                "system": {
                    "comfyui_version": "0.3.64",
                    "pytorch_version": "2.8.0+cu128",
                    "python_version": "3.12.3 (main)",
                },
                "devices": [
                    {"name": "cuda:0 Stand-in 4090", "type": "cuda", "vram_total": total, "vram_free": total}
                ],
            }
        )

    async def object_info(self, request: web.Request) -> web.Response:
        return web.json_response(NODES)

    async def models(self, request: web.Request) -> web.Response:
        folder = request.match_info["folder"]
        return web.json_response(MODELS[folder]) if folder in MODELS else web.Response(status=404)

    async def set_trap(self, request: web.Request) -> web.Response:
        said = await request.json()
        self.traps = {**self.traps, **said} if said else {}
        return web.json_response(self.traps)

    async def get_seen(self, request: web.Request) -> web.Response:
        return web.json_response(self.seen)

    @web.middleware
    async def trouble(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Answers 503 while that trap is set, except to the tests' own calls."""
        if request.path not in ("/trap", "/seen") and self._trap("busy"):
            return web.Response(status=503)
        answer: web.StreamResponse = await handler(request)
        return answer

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self.trouble], client_max_size=64 * 1024**2)
        app.add_routes(
            [
                web.post("/prompt", self.post_prompt),
                web.get("/queue", self.get_queue),
                web.post("/queue", self.post_queue),
                web.post("/interrupt", self.interrupt),
                web.post("/free", self.free),
                web.get("/history", self.get_history),
                web.get("/history/{prompt_id}", self.get_history),
                web.get("/view", self.view),
                web.post("/upload/image", self.upload),
                web.get("/ws", self.socket),
                web.get("/system_stats", self.stats),
                web.get("/object_info", self.object_info),
                web.get("/models/{folder}", self.models),
                web.post("/trap", self.set_trap),
                web.get("/seen", self.get_seen),
            ]
        )
        return app


def _no(error: dict[str, Any], node_errors: dict[str, Any]) -> web.Response:
    return web.json_response({"error": {"extra_info": {}, **error}, "node_errors": node_errors}, status=400)


def _history(item: Item, outputs: dict[str, Any], messages: list[Any], status: str) -> dict[str, Any]:
    told = {"status_str": status, "completed": status == "success", "messages": messages}
    return {"prompt": item.row(), "outputs": outputs, "status": told, "meta": {}}


def _steps(graph: dict[str, Any]) -> int:
    return max([int(node["inputs"].get("steps", 1)) for node in graph.values()] or [1])


def _pixels(graph: dict[str, Any], saver: str) -> list[np.ndarray[Any, np.dtype[np.uint8]]]:
    """Frames that follow from everything in the graph but the name under which they are saved."""
    told = {node_id: node for node_id, node in graph.items() if node_id != saver}
    stripped = {k: {**v, "_meta": None} for k, v in told.items()}
    seed = int.from_bytes(hashlib.sha256(json.dumps(stripped, sort_keys=True).encode()).digest()[:8], "big")
    sizes = [node["inputs"] for node in told.values() if "width" in node["inputs"]]
    width, height = (int(sizes[0]["width"]), int(sizes[0]["height"])) if sizes else (64, 64)
    count = int(sizes[0].get("length", sizes[0].get("batch_size", 1))) if sizes else 1
    draw = np.random.default_rng(seed)
    base = draw.integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8)
    picture = np.kron(base, np.ones((8, 8, 1), np.uint8))[:height, :width]
    return [np.roll(picture, 2 * index, axis=1) for index in range(count)]


async def serve(folder: Path, port: int) -> None:
    server = StandIn(folder)
    runner = web.AppRunner(server.app(), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    address = runner.addresses[0]
    sys.stdout.write(f"http://127.0.0.1:{address[1]}\n")
    sys.stdout.flush()
    await server.work()


def png_bytes(picture: np.ndarray[Any, np.dtype[np.uint8]]) -> bytes:
    """A picture as a PNG file, for tests that upload one."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    asyncio.run(serve(options.folder, options.port))
