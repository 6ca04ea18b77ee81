"""The stand-in's queue, cache and history, and the one worker that runs its prompts."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.comfyui_server.checking import upstream
from tests.comfyui_server.pictures import pixels

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp import web


_MEMORY_BYTES = 1 << 37


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


class Worker:
    """What the server remembers, and what works through its queue."""

    def __init__(self, folder: Path) -> None:
        self.output, self.input = folder / "output", folder / "input"
        for place in (self.output, self.input):
            place.mkdir(parents=True, exist_ok=True)
        self.traps: dict[str, Any] = {}
        self.pending: deque[Item] = deque()
        self.running: Item | None = None
        self.history: dict[str, Any] = {}
        self.cache: dict[str, dict[str, Any]] = {}
        #: nodes that were computed, by what they and all before them were told
        self.warm: set[str] = set()
        self.is_to_forget = False
        self.sockets: dict[str, web.WebSocketResponse] = {}
        #: every POST /prompt and POST /free, for tests to read
        self.seen: list[str] = []
        self.more = asyncio.Event()
        self.number = 0

    @property
    def version(self) -> str:
        """Which release it speaks like: 0.3.64, or 0.33.0 with `POST /trap {"version": "0.33.0"}`."""
        return str(self.traps.get("version", "0.3.64"))

    def uploaded(self) -> list[str]:
        """The pictures that were handed in, as loaders may name them."""
        return sorted(str(path.relative_to(self.input)) for path in self.input.rglob("*") if path.is_file())

    async def work(self) -> None:
        while True:
            while not self.pending:
                self.more.clear()
                await self.more.wait()
            item = self.running = self.pending.popleft()
            try:
                if self.springs("vanish"):
                    continue
                history = await self._execute(item)
                if history is not None:
                    self._remember(item, history)
            finally:
                self.running = None
                if self.is_to_forget and not self.traps.get("keep_warm"):
                    self.forget()

    def forget(self) -> None:
        """Drop everything computed so far."""
        self.is_to_forget = False
        self.cache.clear()
        self.warm.clear()

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
        signs = {node_id: _sign(item.graph, node_id) for node_id in item.graph}
        await tell("execution_cached", nodes=[node_id for node_id, sign in signs.items() if sign in self.warm])
        if failure := _too_large(item.graph):
            await tell("execution_error", executed=[], **failure)
            return _history(item, {}, messages, "error")
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
        self.warm |= set(signs.values())
        await tell("execution_success")
        await self._send(
            item.extra.get("client_id", ""),
            {"type": "executing", "data": {"node": None, "prompt_id": item.prompt_id}},
        )
        return _history(item, outputs, messages, "success")

    def _failure(self) -> dict[str, Any] | None:
        if self.springs("oom"):
            return {
                "exception_type": "torch.OutOfMemoryError",
                "exception_message": "Allocation on device 0 would exceed allowed memory.\n"
                "This error means you ran out of memory on your GPU.",
                "traceback": ["..."],
            }
        if self.springs("node_error"):
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
        for index, frame in enumerate(pixels(item.graph, node_id)):
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
        if self.springs("drop_socket"):
            await socket.close()
            return
        try:
            await socket.send_str(json.dumps(event))
        except ConnectionError:
            self.sockets.pop(client_id, None)

    def springs(self, name: str) -> bool:
        """Whether a trap springs now: `true` always, a number that many times."""
        left = self.traps.get(name, 0)
        if left is True:
            return True
        if left:
            self.traps[name] = left - 1
        return bool(left)


def _history(item: Item, outputs: dict[str, Any], messages: list[Any], status: str) -> dict[str, Any]:
    told = {"status_str": status, "completed": status == "success", "messages": messages}
    return {"prompt": item.row(), "outputs": outputs, "status": told, "meta": {}}


def _too_large(graph: dict[str, Any]) -> dict[str, Any] | None:
    """What torch says on a CPU of a latent that no machine has memory for."""
    for node_id, node in graph.items():
        told = node["inputs"]
        if not node["class_type"].startswith("Empty") or isinstance(told.get("width"), list):
            continue
        size = 16 * told["width"] * told["height"] // 64 * told.get("length", 1) * told.get("batch_size", 1)
        if size > _MEMORY_BYTES:
            said = (
                "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: "
                f"you tried to allocate {size} bytes. Error code 12 (Cannot allocate memory)\n"
            )
            where = {"node_id": node_id, "node_type": node["class_type"], "traceback": ["..."]}
            return where | {"exception_type": "RuntimeError", "exception_message": said}
    return None


def _sign(graph: dict[str, Any], node_id: str) -> str:
    """What a node's result follows from."""
    told = {node_id: graph[node_id] for node_id in upstream(graph, node_id)}
    return json.dumps([node_id, told], sort_keys=True)


def _steps(graph: dict[str, Any]) -> int:
    return max([int(node["inputs"].get("steps", 1)) for node in graph.values()] or [1])
