"""A wire between a process and a server, which a test can cut, silence and mend."""

from __future__ import annotations

import selectors
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOOK_S = 0.02
_CHUNK = 2**16


class Wire:
    """Passes bytes on to one server; whoever should be at its mercy is given `url`."""

    def __init__(self, server_url: str) -> None:
        self._server = urlsplit(server_url)
        self._listener = socket.create_server(("127.0.0.1", 0))
        #: each end of a connection, and the other one
        self._ends: dict[socket.socket, socket.socket] = {}
        self._is_cut = self._is_silent = self._is_over = False
        self._thread = threading.Thread(target=self._pass_on, name="wire", daemon=True)

    @property
    def url(self) -> str:
        """The server's address by way of this wire."""
        user, at, _ = self._server.netloc.rpartition("@")
        port = self._listener.getsockname()[1]
        return urlunsplit(self._server._replace(netloc=f"{user}{at}127.0.0.1:{port}"))

    @contextmanager
    def cut(self) -> Iterator[None]:
        """Every connection is broken and none can be made, as if the server had died."""
        self._is_cut = True
        try:
            yield
        finally:
            self._is_cut = False

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Nothing arrives and nothing is refused, as if a switch had lost its power."""
        self._is_silent = True
        try:
            yield
        finally:
            self._is_silent = False

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *ending: object) -> None:
        self._is_over = True
        self._thread.join(timeout=5)

    def _pass_on(self) -> None:
        with self._listener, selectors.DefaultSelector() as ready:
            ready.register(self._listener, selectors.EVENT_READ)
            while not self._is_over:
                if self._is_cut:
                    self._hang_up(ready, *list(self._ends))
                for key, _ in ready.select(_LOOK_S):
                    if self._is_silent:
                        # Left where it is: it arrives when the wire is mended.
                        threading.Event().wait(_LOOK_S)
                    elif key.fileobj is self._listener:
                        self._connect(ready)
                    else:
                        self._forward(ready, key.fileobj)
            self._hang_up(ready, *list(self._ends))

    def _connect(self, ready: selectors.BaseSelector) -> None:
        here, _ = self._listener.accept()
        try:
            if self._is_cut:
                raise ConnectionRefusedError
            there = socket.create_connection((self._server.hostname or "", self._server.port or 0), 5)
        except OSError:
            here.close()
            return
        for end, other in ((here, there), (there, here)):
            self._ends[end] = other
            ready.register(end, selectors.EVENT_READ)

    def _forward(self, ready: selectors.BaseSelector, end: Any) -> None:
        if end not in self._ends:
            return
        try:
            chunk = end.recv(_CHUNK)
            if chunk:
                self._ends[end].sendall(chunk)
        except OSError:
            chunk = b""
        if not chunk:
            self._hang_up(ready, end)

    def _hang_up(self, ready: selectors.BaseSelector, *ends: socket.socket) -> None:
        for end in ends:
            other = self._ends.pop(end, None)
            for each in (end, other):
                if each is not None:
                    self._ends.pop(each, None)
                    with suppress(KeyError, ValueError):
                        ready.unregister(each)
                    each.close()
