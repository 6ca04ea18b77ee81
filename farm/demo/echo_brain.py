"""A small reference Echo: speaks both dialects, hands a task to a farm, and decides about what comes back.

It knows the farm by its HTTP API alone, as a real one does, and is no part of it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import requests
from standardwebhooks import Webhook, WebhookVerificationError

if TYPE_CHECKING:
    from collections.abc import Iterator

_TASKS, _WEBHOOK = "/api/anime/echo/tasks", "/api/anime/echo/webhook"
_CALLBACKS = "/callbacks"
_TIMEOUT_S = 30
Say = Callable[[str], None]


def _silently(sentence: str) -> None:
    """Says nothing."""


@dataclass
class EchoBrain:
    """One Echo beside one farm."""

    farm_url: str
    key: str = field(repr=False)
    #: FARM_CALLBACK_SECRET of the farm: a call that it does not verify is refused
    secret: str = field(repr=False)
    #: where it answers; known once it runs
    url: str = ""
    say: Say = _silently
    workers: dict[str, Any] = field(default_factory=dict)
    #: tasks that the farm handed over
    tasks: list[dict[str, Any]] = field(default_factory=list)
    #: verified callbacks, in the order of arrival
    heard: list[dict[str, Any]] = field(default_factory=list)
    _news: threading.Condition = field(default_factory=threading.Condition, repr=False)

    def dispatch(self, task_id: str, task_type: str, project: str, **payload: Any) -> dict[str, Any]:
        """Hand the farm a task, with a callback to this Echo; what the farm answers."""
        answer = self._post(
            _TASKS,
            {
                "task_id": task_id,
                "task_type": task_type,
                "project_id": project,
                "payload": payload,
                "callback_url": self.url + _CALLBACKS,
            },
        )
        self.say(f"Echo dispatched {task_id} ({task_type}): {answer['status']}, job {answer['job_id']}.")
        return answer

    def wait_for(self, task_id: str, event_type: str, seconds: float) -> dict[str, Any]:
        """The callback of this type about a task; raises `TimeoutError` when none comes in time."""

        def there() -> dict[str, Any] | None:
            wanted = (task_id, event_type)
            return next((each for each in self.heard if (each["task_id"], each["event_type"]) == wanted), None)

        with self._news:
            if not self._news.wait_for(lambda: there() is not None, seconds):
                raise TimeoutError(f"nothing of {event_type} was heard about {task_id}")
            return there() or {}

    def decide(self, job_id: str, decision: str, suggestions: Any = "") -> dict[str, Any]:
        """Tell the farm what is to become of a take; what the farm answers."""
        news = {"job_id": job_id, "decision": decision, "suggestions": suggestions}
        answer = self._post(_WEBHOOK, {"event_type": "quality.decision", "data": news})
        self.say(f"Echo decided {decision}: {answer['done']}")
        return answer

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Raises `requests.HTTPError` with the farm's own sentence where it refuses."""
        headers = {"Authorization": f"Bearer {self.key}"}
        answer = requests.post(self.farm_url + path, json=body, headers=headers, timeout=_TIMEOUT_S)
        if not answer.ok:
            raise requests.HTTPError(answer.text, response=answer)
        whole: dict[str, Any] = answer.json()
        return whole

    def answer(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """The HTTP status and body of one call to this Echo."""
        if path == _CALLBACKS:
            return self._hear(body, headers)
        given: Any = json.loads(body or b"{}")
        if path.startswith("/api/workers/"):
            return self._of_workers(path.split("/")[3:], given)
        if path == "/api/tasks":
            self.tasks.append(given)
            self.say(f"The farm asks Echo for {given['task_type']} ({given['task_id']}).")
            return 202, {"task_id": given["task_id"], "status": "accepted"}
        return self._released(path)

    def _hear(self, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
        try:
            event = Webhook(self.secret).verify(body.decode(), headers)
        except WebhookVerificationError:
            return 401, {"detail": "not signed as agreed"}
        with self._news:
            self.heard.append(event)
            self._news.notify_all()
        self.say(f"Echo heard, verified: {event['event_type']} of {event['task_id']}.")
        return 200, {}

    def _of_workers(self, parts: list[str], given: Any) -> tuple[int, dict[str, Any]]:
        if parts == ["register"]:
            self.workers[given["worker_id"]] = given
            return 201, {"status": "registered"}
        worker_id, verb = parts[0], parts[-1]
        if worker_id not in self.workers:
            return 404, {"detail": "unknown worker"}
        if verb == "unregister":
            del self.workers[worker_id]
        return 200, {"status": "ok"}

    def _released(self, path: str) -> tuple[int, dict[str, Any]]:
        """What a released Echo answers; an error is a success to it."""
        answers: dict[str, tuple[int, dict[str, Any]]] = {
            "/health": (200, {"status": "healthy"}),
            "/api/echo/ask": (200, {"answer": "I have no model here.", "query_type": "error"}),
            "/api/echo/generation-eval/evaluate": (200, {"semantic_score": None, "suggestion": ""}),
            "/mcp": (200, {"sent": True}),
        }
        return answers.get(path, (404, {"detail": "Not Found"}))


@contextmanager
def running(echo: EchoBrain, port: int = 0) -> Iterator[EchoBrain]:
    """This Echo, answering on a port of 127.0.0.1 until the block ends; port 0: one that is free."""
    server = ThreadingHTTPServer(("127.0.0.1", port), _handler(echo))
    server.daemon_threads = True
    echo.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield echo
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(echo: EchoBrain) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            self._answer(body)

        def do_GET(self) -> None:
            self._answer(b"")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name the base class gave it
            """What is worth saying `say` says."""

        def _answer(self, body: bytes) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, answer = echo.answer(self.path.partition("?")[0], body, headers)
            sent = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

    return Handler
