"""A small reference Echo for tests: speaks the worker protocol, checks every body, remembers every call.

No released Echo answers this protocol yet; this server is how the farm's side of it is held to the contract.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator

CAPABILITIES = {"still_image", "animation_loop", "full_video", "character_sheet", "consistency_check"}


@dataclass
class Echo:
    """What the server knows and was told; tests change its moods."""

    url: str = ""
    #: (verb, worker id, body) in the order of arrival
    calls: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    registered: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: what the contract forbids and was sent all the same
    mistakes: list[str] = field(default_factory=list)
    #: False: an Echo as released today, which answers 404 to a registration
    supported: bool = True
    #: set: every call is answered with this HTTP status
    status: int | None = None
    #: tasks that the farm handed over, in the order of arrival
    tasks: list[dict[str, Any]] = field(default_factory=list)
    #: path -> what is answered there, whatever is sent
    answers: dict[str, Any] = field(default_factory=dict)
    #: (path, body) of those
    asked: list[tuple[str, Any]] = field(default_factory=list)
    #: cleared: every call waits here before it is answered, until `awake` is set again
    awake: threading.Event = field(default_factory=threading.Event)

    def verbs(self) -> list[str]:
        return [verb for verb, _, _ in self.calls]

    def forget(self) -> None:
        """As after a restart of Echo: nobody is registered."""
        self.registered.clear()

    def answer(self, method: str, path: str, body: Any) -> tuple[int, dict[str, Any]]:
        """The HTTP status and body of one call."""
        self.awake.wait(10)
        if self.status is not None:
            return self.status, {"detail": "out of order"}
        if path in self.answers:
            self.asked.append((path, body))
            return 200, self.answers[path]
        if (method, path) == ("POST", "/api/tasks"):
            return self._take(body)
        return self._of_workers(method, path, body)

    def _of_workers(self, method: str, path: str, body: Any) -> tuple[int, dict[str, Any]]:
        parts = path.strip("/").split("/")
        if method != "POST" or parts[:2] != ["api", "workers"] or not isinstance(body, dict):
            self.mistakes.append(f"{method} {path} with {body!r} is no call of the protocol")
            return 404, {"detail": "Not Found"}
        if parts[2:] == ["register"]:
            return self._register(body)
        if len(parts) == 4 and parts[3] in ("heartbeat", "unregister"):
            return self._of_worker(parts[3], unquote(parts[2]), body)
        self.mistakes.append(f"no such route: {path}")
        return 404, {"detail": "Not Found"}

    def _take(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if not self.supported:
            return 404, {"detail": "Not Found"}
        named = {"task_id", "task_type", "project_id", "priority", "payload", "submitted_by", "submitted_at"}
        self._check(set(body) == named | {"context"}, "a task has its fields", body)
        self._check(body.get("priority") in (1, 5, 8, 10), "priority is one of four", body)
        self.tasks.append(body)
        return 202, {"task_id": body.get("task_id"), "status": "accepted"}

    def _register(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.calls.append(("register", str(body.get("worker_id")), body))
        if not self.supported:
            return 404, {"detail": "Not Found"}
        self._check(body.get("worker_type") == "anime_renderer", "worker_type is anime_renderer", body)
        self._check(isinstance(body.get("worker_id"), str) and body["worker_id"], "worker_id is a name", body)
        self._check(set(body.get("capabilities", [])) <= CAPABILITIES, "capabilities are known words", body)
        self._check("consistency_check" in body.get("capabilities", []), "consistency_check is offered", body)
        self._check(str(body.get("callback_url", "")).startswith("http"), "callback_url is an address", body)
        self._check(
            set(body.get("gpu_info") or {}) == {"model", "vram_gb", "driver"}, "gpu_info is whole", body
        )
        self._check(isinstance(body.get("max_concurrent_jobs"), int), "max_concurrent_jobs is a number", body)
        self._check(body.get("status") in ("ready", "busy"), "status is ready or busy", body)
        self.registered[body["worker_id"]] = body
        return 201, {"worker_id": body["worker_id"], "status": "registered"}

    def _of_worker(self, verb: str, worker_id: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.calls.append((verb, worker_id, body))
        self._check(body.get("worker_id") == worker_id, "the body names the worker of the path", body)
        if worker_id not in self.registered:
            return 404, {"detail": "unknown worker"}
        if verb == "unregister":
            del self.registered[worker_id]
            return 200, {"status": "unregistered"}
        self._check(body.get("status") in ("ready", "busy"), "status is ready or busy", body)
        moment = datetime.fromisoformat(body.get("timestamp", ""))
        self._check(moment.tzinfo is not None, "timestamp names its zone", body)
        return 200, {"status": "ok"}

    def _check(self, holds: object, rule: str, body: dict[str, Any]) -> None:
        if not holds:
            self.mistakes.append(f"broken: {rule}: {body}")


@contextmanager
def running_echo() -> Iterator[Echo]:
    """An Echo that answers on a port of 127.0.0.1 until the block ends."""
    echo = Echo()
    echo.awake.set()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(echo))
    server.daemon_threads = True
    echo.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield echo
    finally:
        echo.awake.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(echo: Echo) -> type[BaseHTTPRequestHandler]:
    """What brings every request to `echo` and its answer back."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self._answer("POST")

        def do_GET(self) -> None:
            self._answer("GET")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name the base class gave it
            """Tests read `calls`, not a log."""

        def _answer(self, method: str) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            raw = self.rfile.read(length)
            status, answer = echo.answer(method, self.path, json.loads(raw) if raw else None)
            data = json.dumps(answer).encode()
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            except (BrokenPipeError, ConnectionResetError):
                # The caller's patience ended first, which is what a slow Echo is for.
                self.close_connection = True

    return Handler
