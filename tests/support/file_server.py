"""A real HTTP server on the loopback that hands out one file as well, or as badly, as a test asks it to."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class FileServer:
    """What the server does with the next requests, and what it was asked; tests change and read it freely."""

    content: bytes
    etag: str | None = '"one"'
    ranges: bool = True
    #: cut the connection after that many bytes of a body, once for each number
    cuts: list[int] = field(default_factory=list)
    #: answer these statuses first, then as usual
    statuses: list[int] = field(default_factory=list)
    retry_after: str | None = None
    #: say nothing about the length
    chunked: bool = False
    #: hold the body back after half of it, until the event is set
    hold: threading.Event | None = None
    half_sent: threading.Event = field(default_factory=threading.Event)
    asked: list[dict[str, str]] = field(default_factory=list)
    sent: int = 0
    url: str = ""


@contextmanager
def serving(state: FileServer) -> Iterator[FileServer]:
    """Serve until the block ends; `state.url` is the file's address."""

    class Handler(_Handler):
        file = state

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_port}/net.bin"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        if state.hold is not None:
            state.hold.set()
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


class _Handler(BaseHTTPRequestHandler):
    file: FileServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        state = self.file
        state.asked.append({"path": self.path, **{key.lower(): value for key, value in self.headers.items()}})
        if state.statuses:
            self._refuse(state.statuses.pop(0))
            return
        start = self._start()
        if start is not None and start >= len(state.content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(state.content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self._send(start)

    def _start(self) -> int | None:
        asked = self.headers.get("Range")
        if not self.file.ranges or asked is None:
            return None
        condition = self.headers.get("If-Range")
        if condition is not None and condition != self.file.etag:
            return None
        return int(asked.removeprefix("bytes=").rstrip("-"))

    def _send(self, start: int | None) -> None:
        state, whole = self.file, len(self.file.content)
        body = memoryview(state.content)[start or 0 :]
        self.send_response(200 if start is None else 206)
        if start is not None:
            self.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
        if state.etag is not None:
            self.send_header("ETag", state.etag)
        if state.chunked:
            self.send_header("Connection", "close")
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self._write(body)

    def _write(self, body: memoryview) -> None:
        state = self.file
        if state.cuts:
            kept = body[: state.cuts.pop(0)]
            self.wfile.write(kept)
            state.sent += len(kept)
            self._cut()
            return
        half = len(body) // 2
        self.wfile.write(body[:half])
        self.wfile.flush()
        state.half_sent.set()
        if state.hold is not None:
            state.hold.wait(timeout=30)
        self.wfile.write(body[half:])
        state.sent += len(body)

    def _cut(self) -> None:
        """End the connection in the middle of the body, as a server that dies does."""
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_WR)
        self.close_connection = True

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        if self.file.retry_after is not None:
            self.send_header("Retry-After", self.file.retry_after)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def handle(self) -> None:
        # A client that hangs up is what some of these tests are about.
        try:
            super().handle()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""
