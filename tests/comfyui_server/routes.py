"""The stand-in's HTTP and WebSocket routes, in the shapes recorded from the real one."""

from __future__ import annotations

import asyncio
import hashlib
import json
import uuid
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from tests.comfyui_server import checking
from tests.comfyui_server.nodes import MODELS, NODES
from tests.comfyui_server.worker import Item, Worker

if TYPE_CHECKING:
    from tests.comfyui_server.checking import Checked


class StandIn(Worker):
    """The whole server: its worker, reached from outside."""

    def checked(self, graph: dict[str, Any]) -> Checked:
        """What POST /prompt would say of this graph."""
        return checking.checked(graph, self.uploaded(), self.version)

    async def post_prompt(self, request: web.Request) -> web.StreamResponse:
        self.seen.append("prompt")
        body = await request.json()
        if self.springs("drop_post"):
            assert request.transport
            request.transport.close()
            return web.Response()
        graph = body.get("prompt")
        if not graph:
            return _no(
                {"type": "no_prompt", "message": "No prompt provided", "details": "", "extra_info": {}}, {}
            )
        prompt_id = str(body.get("prompt_id") or uuid.uuid4())
        if error := checking.prompt_id_error(prompt_id, self.version):
            return _no(error, {})
        error, node_errors, outputs = self.checked(graph)
        if error:
            return _no(error, node_errors)
        self.number += 1
        extra = {**body.get("extra_data", {}), "client_id": body.get("client_id", "")}
        item = Item(self.number, prompt_id, graph, extra, outputs)
        self.pending.append(item)
        self.more.set()
        if self.springs("silent_post"):
            await asyncio.sleep(3600)
        if self.springs("half_graph"):
            node_errors = {"9": {"class_type": "SaveImage", "errors": [{"message": "Bad", "details": "x"}]}}
        return web.json_response(
            {"prompt_id": item.prompt_id, "number": item.number, "node_errors": node_errors}
        )

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
        if self.running and wanted in (None, self.running.prompt_id) and not self.springs("lost_interrupt"):
            self.running.interrupted.set()
        return web.Response()

    async def free(self, request: web.Request) -> web.Response:
        self.seen.append("free")
        # The real one only notes it, and forgets when its worker comes by: a prompt may be quicker.
        if self.springs("late_free"):
            self.is_to_forget = True
        else:
            self.forget()
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
        if self.springs("junk_view"):
            data = b"\x89PNG\r\n\x1a\n" + b"junk" * 40
        if self.springs("half_view"):
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
                    "comfyui_version": self.version,
                    "pytorch_version": "2.8.0+cu128",
                    "python_version": "3.12.3 (main)",
                },
                "devices": [
                    {"name": "cuda:0 Stand-in 4090", "type": "cuda", "vram_total": total, "vram_free": total}
                ],
            }
        )

    async def object_info(self, request: web.Request) -> web.Response:
        # A list of files is the very list of its folder, so files added since are in it.
        return web.json_response(
            {name: {**node, "input": self._with_added(node["input"])} for name, node in NODES.items()}
        )

    def _with_added(self, inputs: dict[str, Any]) -> dict[str, Any]:
        folders = {id(names): folder for folder, names in MODELS.items()}
        return {
            section: {
                name: [self._files(folders[id(told[0])]), *told[1:]] if id(told[0]) in folders else told
                for name, told in named.items()
            }
            for section, named in inputs.items()
        }

    def _files(self, folder: str) -> list[str]:
        """The folder's files, with those that the traps `added` and `removed` ({folder: [names]}) say."""
        removed = self.traps.get("removed", {}).get(folder, [])
        files = [*MODELS[folder], *self.traps.get("added", {}).get(folder, [])]
        return [name for name in files if name not in removed]

    async def models(self, request: web.Request) -> web.Response:
        folder = request.match_info["folder"]
        return web.json_response(self._files(folder)) if folder in MODELS else web.Response(status=404)

    async def set_trap(self, request: web.Request) -> web.Response:
        said = await request.json()
        self.traps = {**self.traps, **said} if said else {}
        return web.json_response(self.traps)

    async def get_seen(self, request: web.Request) -> web.Response:
        return web.json_response(self.seen)

    @web.middleware
    async def trouble(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Answers 503 while that trap is set, except to the tests' own calls."""
        if request.path not in ("/trap", "/seen") and self.springs("busy"):
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
    return web.json_response({"error": error, "node_errors": node_errors}, status=400)
