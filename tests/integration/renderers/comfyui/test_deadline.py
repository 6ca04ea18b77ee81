"""A ComfyUI that drips its answers, or never stops sending, costs a worker neither its time nor its memory."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from farm.ops.doctor import comfyui
from models.errors import StepFailed, Unavailable
from workers.renderers.comfyui import client as client_module
from workers.renderers.comfyui.client import ComfyUIClient, OutputFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OK = b"HTTP/1.1 200 OK\r\n"
PROMISING = OK + b"Content-Length: 9999999\r\n\r\n"
#: to connect, and between two bytes; a whole answer may take 0.8 s
TIMEOUT = (0.2, 0.2)
FILE = OutputFile(filename="a.png", subfolder="", type="output")


@contextmanager
def sending(start: bytes, then: bytes, *, every: float) -> Iterator[str]:
    """The address of a server that answers `start`, and then `then` again and again, every so many seconds."""
    over = threading.Event()

    def answer(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            try:
                connection.sendall(start)
                while not over.wait(every):
                    connection.sendall(then)
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer, args=(listener,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        over.set()
        thread.join(10)
        assert not thread.is_alive()


@pytest.mark.parametrize(
    "start", [b"", OK + b"X: ", PROMISING, OK + b"\r\n"], ids=["status", "headers", "body", "endless body"]
)
def test_an_answer_that_drips_is_given_up_as_a_whole(start: bytes) -> None:
    with sending(start, b"H", every=0.02) as url:
        server = ComfyUIClient(url, TIMEOUT)
        began = time.monotonic()

        with pytest.raises(Unavailable, match=rf"{url} did not answer /system_stats whole within 0\.8 s"):
            server.stats()

        assert time.monotonic() - began < 5


def test_a_file_that_drips_is_given_up_and_leaves_nothing(tmp_path: Path) -> None:
    with (
        sending(PROMISING, b"x", every=0.02) as url,
        pytest.raises(Unavailable, match=r"/view whole within 0\.8 s"),
    ):
        ComfyUIClient(url, TIMEOUT).download(FILE, tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_a_file_that_keeps_coming_may_take_longer_than_an_answer(tmp_path: Path) -> None:
    # Given a file of 10 MB that takes about twice the 0.8 s of an answer
    with sending(PROMISING, b"x" * 166_667, every=0.025) as url:
        got = ComfyUIClient(url, TIMEOUT).download(FILE, tmp_path)

    assert got.stat().st_size == 9_999_999


def test_an_answer_beyond_every_size_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "MOST_BYTES", 4 << 20)

    with (
        sending(OK + b"\r\n", b"x" * 65536, every=0) as url,
        pytest.raises(Unavailable, match=rf"{url} answered /object_info with more than 4 MiB"),
    ):
        ComfyUIClient(url, (5.0, 5.0)).object_info()


def test_a_file_beyond_every_size_is_not_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(client_module, "MOST_FILE_BYTES", 4 << 20)

    with (
        sending(OK + b"\r\n", b"x" * 65536, every=0) as url,
        pytest.raises(StepFailed, match=r"sent a\.png: over 4 MiB"),
    ):
        ComfyUIClient(url, (5.0, 5.0)).download(FILE, tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_a_redirect_is_no_answer_of_comfyui() -> None:
    away = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"

    with sending(away, b"", every=0.02) as url, pytest.raises(Unavailable, match="/system_stats with 302"):
        ComfyUIClient(url, (5.0, 5.0)).stats()


@pytest.mark.parametrize("start", [OK + b"X: ", PROMISING], ids=["headers", "body"])
def test_the_doctor_does_not_wait_for_an_answer_that_drips(
    monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    monkeypatch.setattr(comfyui, "_PATIENCE", TIMEOUT)

    with sending(start, b"x", every=0.02) as url:
        began = time.monotonic()
        finding = comfyui._unused(url)

    assert time.monotonic() - began < 3
    assert url in finding.message
