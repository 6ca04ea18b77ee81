"""A call over HTTP that ends in time even where the other side sends one byte now and then without end.

A timeout of `requests` is about the wait for the next byte, in the headers as in the body. Here a timer shuts
the connection of a call that takes too long as a whole.
"""

from __future__ import annotations

import socket
import threading
import time
from contextvars import ContextVar
from typing import Any, Self

import requests
from requests.adapters import HTTPAdapter

_current: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


class Deadline:
    """The calls that this thread makes inside of it end within `seconds` after their request was sent."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        #: whether it was this deadline that ended the call
        self.is_over = False
        self._lock = threading.Lock()
        self._until = 0.0
        self._socket: socket.socket | None = None
        self._timer: threading.Timer | None = None

    def __enter__(self) -> Self:
        self._token = _current.set(self)
        return self

    def __exit__(self, *ending: object) -> None:
        _current.reset(self._token)
        with self._lock:
            self._socket = None
            if self._timer is not None:
                self._timer.cancel()

    def watch(self, connection: socket.socket) -> None:
        """An answer is now due on this connection; the clock runs from the first one."""
        with self._lock:
            self._socket = connection
            if self._timer is None:
                self._until = time.monotonic() + self.seconds
                self._start(self.seconds)

    def extend(self) -> None:
        """Something worth waiting for arrived: the clock starts again."""
        with self._lock:
            self._until = time.monotonic() + self.seconds

    def _start(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._look)
        self._timer.daemon = True
        self._timer.start()

    def _look(self) -> None:
        with self._lock:
            if self._socket is None:
                return
            left = self._until - time.monotonic()
            if left > 0:
                self._start(left)
                return
            self.is_over = True
            try:
                # Ends the blocked read; an encrypted socket's own `shutdown` would break the reader's state.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
            except OSError:
                # Closed by the other side meanwhile: the reader is awake already.
                return


def session() -> requests.Session:
    """A session whose calls keep to the `Deadline` they are made in."""
    bounded = requests.Session()
    for scheme in ("http://", "https://"):
        bounded.mount(scheme, _Adapter())
    return bounded


def watched(pool: Any) -> Any:
    """A pool of urllib3, whose calls keep to the `Deadline` they are made in from now on."""
    # Typed as a pool of any kind of connection, which has no class of connections yet.
    pool.ConnectionCls = type("Watched", (_Watched, type(pool).ConnectionCls), {})
    return pool


class _Adapter(HTTPAdapter):
    def get_connection_with_tls_context(self, *given: Any, **named: Any) -> Any:
        return watched(super().get_connection_with_tls_context(*given, **named))


class _Watched:
    """A connection of urllib3 that shows itself to the deadline before it waits for an answer."""

    sock: socket.socket | None

    def getresponse(self) -> Any:
        deadline = _current.get()
        if deadline is not None and self.sock is not None:
            deadline.watch(self.sock)
        # The connection that this is mixed into has it.
        return super().getresponse()  # type: ignore[misc]
