"""The life of one prompt at a ComfyUI: handed in once, followed by looking, cancelled for good.

Polling `/queue` and `/history` is the truth; the socket only makes the next look come sooner.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.errors import LeaseLost, StepFailed, Unavailable
from models.vocabulary import ErrorKind
from workers.renderers.comfyui import faults
from workers.renderers.comfyui.client import OutputFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from workers.renderers.comfyui.client import ComfyUIClient, Graph

_log = logging.getLogger(__name__)
#: under these names outputs appear, whatever they hold
_OUTPUT_LISTS = ("images", "gifs", "videos", "video", "audio", "files")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait for what, in seconds; tests wait less."""

    poll: float = 1.0
    #: a prompt that neither queue nor history knows for so long is lost: history may lag behind the queue
    unknown: float = 5.0
    #: a server that does not answer for so long is given up: it may be starting again
    silent: float = 60.0
    cancel: float = 30.0


class Prompt:
    """One graph under one prompt id at one server."""

    def __init__(
        self,
        client: ComfyUIClient,
        *,
        prompt_id: str,
        client_id: str,
        prefix: str,
        patience: Patience | None = None,
    ) -> None:
        """`prefix` is the folder, below ComfyUI's output folder, that every file of this prompt must lie in."""
        self.prompt_id = prompt_id
        self.client_id = client_id
        #: set by the listener when something happened; the next look then comes at once
        self.nudge = threading.Event()
        #: nodes that were answered from the server's cache, once the prompt is over
        self.cached: tuple[str, ...] = ()
        self._client = client
        self._prefix = prefix.strip("/")
        self._patience = patience or Patience()

    def hand_in(self, graph: Graph, extra_data: Mapping[str, Any], alive: Callable[[], bool]) -> None:
        """Queue the graph exactly once.

        A prompt id is no idempotency key, so after an unanswered POST the prompt is looked for before it is
        posted again. An answer 200 that names node errors would run half the graph: it is a refusal.

        Raises:
            LeaseLost: `alive()` turned false.
            StepFailed: refused, or the server stayed silent.
        """
        gave_up = time.monotonic() + self._patience.silent
        while True:
            if not alive():
                self.cancel()
                raise LeaseLost
            try:
                answer = self._client.post_prompt(
                    graph, prompt_id=self.prompt_id, client_id=self.client_id, extra_data=extra_data
                )
                break
            except Unavailable as error:
                _log.warning("%s It is looked for before it is sent again.", error.message)
                if self._is_known(gave_up):
                    return
                if time.monotonic() > gave_up:
                    raise StepFailed.of(error, ErrorKind.UNAVAILABLE) from error
        self._read_answer(answer.status_code, _mapping(answer))

    def follow(self, alive: Callable[[], bool]) -> list[OutputFile]:
        """Wait until the prompt is over; the files it made, in the order of their names.

        Raises:
            LeaseLost: `alive()` turned false; the prompt was cancelled.
            StepFailed: it failed, was lost, was answered with files of another attempt, or the server is gone.
        """
        heard = known = time.monotonic()
        while True:
            if not alive():
                self.cancel()
                raise LeaseLost
            try:
                history, is_queued = self._look()
                heard = time.monotonic()
            except Unavailable as error:
                if time.monotonic() - heard > self._patience.silent:
                    raise StepFailed.of(error, ErrorKind.UNAVAILABLE) from error
                # A server that starts again has forgotten the prompt; the clock of the unknown starts then.
                known = time.monotonic()
                self._wait()
                continue
            if history is not None:
                return self._outcome(history)
            now = time.monotonic()
            known = now if is_queued else known
            if now - known > self._patience.unknown:
                raise StepFailed(
                    f"ComfyUI at {self._client.url} no longer knows the prompt: it was started again, or "
                    "somebody cleared its queue.",
                    error_kind=ErrorKind.WORKER_LOST,
                )
            self._wait()

    def cancel(self) -> bool:
        """Take the prompt away, waiting or running; whether the queue no longer shows it.

        An interrupt that follows a POST closely is lost, so both are repeated until the queue is seen without.
        """
        until = time.monotonic() + self._patience.cancel
        while time.monotonic() < until:
            try:
                self._client.delete(self.prompt_id)
                self._client.interrupt(self.prompt_id)
                if not any(item.prompt_id == self.prompt_id for item in self._client.queue()):
                    return True
            except (Unavailable, StepFailed) as error:
                _log.info("Cancelling %s: %s", self.prompt_id, error.message)
            time.sleep(min(0.2, self._patience.poll))
        _log.warning("The prompt %s may still run at %s.", self.prompt_id, self._client.url)
        return False

    def _read_answer(self, status: int, answer: Mapping[str, Any]) -> None:
        if status >= 400 or answer.get("node_errors"):
            if status < 400:
                self.cancel()
            raise faults.refused(status, answer)

    def _is_known(self, until: float) -> bool:
        """Whether the server has the prompt after all; waits while it does not answer."""
        while True:
            try:
                history, is_queued = self._look()
                return is_queued or history is not None
            except Unavailable:
                if time.monotonic() > until:
                    return False
                time.sleep(min(0.5, self._patience.poll))

    def _look(self) -> tuple[dict[str, Any] | None, bool]:
        """(history, is it queued). The queue is asked first: what leaves it in between, history then has."""
        is_queued = any(item.prompt_id == self.prompt_id for item in self._client.queue())
        return (None, True) if is_queued else (self._client.history(self.prompt_id), False)

    def _wait(self) -> None:
        """Until the next look: the poll's pace, or at once when the socket heard something."""
        if self.nudge.wait(self._patience.poll):
            self.nudge.clear()
            # History is written a moment after the event is sent.
            time.sleep(0.02)

    def _outcome(self, history: Mapping[str, Any]) -> list[OutputFile]:
        status = history.get("status") or {}
        messages = [each for each in status.get("messages") or [] if _is_message(each)]
        if status.get("status_str") == "error":
            raise faults.failed(messages)
        self.cached = tuple(
            str(node)
            for name, event in messages
            if name == "execution_cached"
            for node in event.get("nodes") or ()
        )
        files = sorted(self._files(history.get("outputs") or {}), key=lambda file: file.filename)
        if not files:
            raise StepFailed(
                "The prompt ended without a file of its own: ComfyUI answered from its cache, or "
                "its workflow saves nothing.",
                error_kind=ErrorKind.BAD_OUTPUT,
            )
        return files

    def _files(self, outputs: Mapping[str, Any]) -> Iterator[OutputFile]:
        """Every file of every output node that lies in this attempt's folder; previews and old files do not."""
        for node in outputs.values():
            for name in _OUTPUT_LISTS:
                items = node.get(name) if isinstance(node, dict) else None
                for item in items if isinstance(items, list) else ():
                    file = _file(item)
                    if file and file.type == "output" and _inside(file.subfolder, self._prefix):
                        yield file


def sweep(client: ComfyUIClient, client_id: str, patience: Patience | None = None) -> int:
    """Cancel what an earlier process of this worker left at the server; how many there were."""
    left = [item.prompt_id for item in client.queue() if item.client_id == client_id]
    for prompt_id in left:
        Prompt(client, prompt_id=prompt_id, client_id=client_id, prefix="", patience=patience).cancel()
    return len(left)


def _is_message(message: Any) -> bool:
    return isinstance(message, list) and len(message) == 2 and isinstance(message[1], dict)


def _file(item: Any) -> OutputFile | None:
    if not isinstance(item, dict) or not item.get("filename"):
        return None
    return OutputFile(
        filename=str(item["filename"]),
        subfolder=str(item.get("subfolder", "")).replace("\\", "/").strip("/"),
        type=str(item.get("type", "")),
    )


def _inside(subfolder: str, prefix: str) -> bool:
    return subfolder == prefix or subfolder.startswith(f"{prefix}/")


def _mapping(answer: Any) -> Mapping[str, Any]:
    try:
        body = answer.json()
    except (ValueError, RecursionError):
        return {"error": {"message": answer.text[:200]}}
    return body if isinstance(body, dict) else {}
