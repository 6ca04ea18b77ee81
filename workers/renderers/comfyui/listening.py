"""Listens to a ComfyUI's socket for progress; it may stay silent, and no render waits for it."""

from __future__ import annotations

import json
import logging
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from websockets.sync.client import ClientConnection

_log = logging.getLogger(__name__)
_RECONNECT_S = 2.0
#: so long the hand-in waits for the socket, because the end of a quick prompt is sent only once
_CONNECT_S = 1.0
_ENDS = frozenset({"execution_success", "execution_error", "execution_interrupted"})
#: previews are larger than the library's default limit
_MAX_MESSAGE = 64 * 1024 * 1024


class Listener:
    """While the block runs, calls `progress(steps done, steps in all)`; sets `nudge` when the prompt ends.

    The socket may go deaf without an error and loses events while it reconnects, so nothing but progress and
    the hint to look sooner is taken from it.
    """

    def __init__(
        self,
        url: str,
        *,
        client_id: str,
        prompt_id: str,
        progress: Callable[[int, int], None],
        nudge: threading.Event,
    ) -> None:
        self._address = f"{url.replace('http', 'ws', 1)}/ws?clientId={client_id}"
        self._prompt_id = prompt_id
        self._progress = progress
        self._nudge = nudge
        self._over = threading.Event()
        self._tried = threading.Event()
        self._socket: ClientConnection | None = None
        self._thread = threading.Thread(target=self._listen, name="comfyui-progress", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._tried.wait(_CONNECT_S)
        return self

    def __exit__(self, *ending: object) -> None:
        self._over.set()
        # Cut off without a closing handshake: the picture is finished, and the caller must not wait.
        if self._socket is not None:
            with suppress(OSError):
                self._socket.socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(timeout=5.0)

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                self._hear_until_it_breaks()
            except (OSError, WebSocketException, TimeoutError) as error:
                if not self._over.is_set():
                    _log.info("The progress of %s is not heard just now: %s.", self._prompt_id, error)
            self._tried.set()
            self._over.wait(_RECONNECT_S)

    def _hear_until_it_breaks(self) -> None:
        with connect(
            self._address, open_timeout=5, close_timeout=1, max_size=_MAX_MESSAGE, proxy=None
        ) as self._socket:
            self._tried.set()
            while not self._over.is_set():
                try:
                    message = self._socket.recv(timeout=0.5)
                except TimeoutError:
                    continue
                if isinstance(message, str):
                    self._read(message)

    def _read(self, message: str) -> None:
        try:
            event: Any = json.loads(message)
            body = event["data"]
            if body.get("prompt_id") != self._prompt_id:
                return
            if event["type"] == "progress":
                self._progress(int(body["value"]), int(body["max"]))
            elif event["type"] in _ENDS or (event["type"] == "executing" and body.get("node") is None):
                self._nudge.set()
        except (ValueError, KeyError, TypeError, AttributeError):
            # Custom nodes send what they like; only progress that can be read is progress.
            return
