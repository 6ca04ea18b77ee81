"""A small receiver of webhooks for tests: remembers every call, and has moods."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from standardwebhooks import Webhook

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Call:
    """One call as it arrived."""

    path: str
    headers: dict[str, str]
    body: str

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> Any:
        return json.loads(self.body)

    def verified(self, secret: str) -> Any:
        """The body, if the receivers' own library says that it is whole, ours and new."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """What was received; tests say how it answers."""

    port: int = 0
    calls: list[Call] = field(default_factory=list)
    #: the HTTP status for a call
    status: Callable[[Call], int] = lambda _: 204
    #: sent with every answer
    headers: dict[str, str] = field(default_factory=dict)
    #: cleared: every call waits here before it is answered
    awake: threading.Event = field(default_factory=threading.Event)
    #: set: the answer is sent byte by byte, without an end
    drips: bool = False

    @property
    def host(self) -> str:
        """As FARM_CALLBACK_HOSTS lists it."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}/hook"

    def words(self) -> list[str]:
        """The types of what was received, in order."""
        return [call.event["event_type"] for call in self.calls]


@contextmanager
def running_receiver(context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver on a port of 127.0.0.1 until the block ends; with a context it speaks HTTPS."""
    receiver = Receiver()
    receiver.awake.set()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(receiver))
    server.daemon_threads = True
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    receiver.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.awake.set()
        receiver.drips = False
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            call = Call(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            receiver.calls.append(call)
            receiver.awake.wait(10)
            try:
                self.send_response(receiver.status(call))
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                if receiver.drips:
                    self._drip()
                self.end_headers()
            except OSError:
                # The caller's patience ended first, which is what a slow receiver is for.
                self.close_connection = True

        def do_GET(self) -> None:
            """A redirect that somebody followed."""
            receiver.calls.append(Call(self.path, {}, "{}"))
            self.send_response(204)
            self.end_headers()

        def _drip(self) -> None:
            self.flush_headers()
            tick = threading.Event()
            while receiver.drips and not tick.wait(0.02):
                self.wfile.write(b"x")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name the base class gave it
            """Tests read `calls`, not a log."""

    return Handler
