"""A stand-in ComfyUI in its own process, so that tests can kill it like the real one."""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass
class StandInProcess:
    """The process, its address, and its traps."""

    folder: Path
    port: int
    process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, also after a kill, on the same port and folder; returns when it answers."""
        command = [sys.executable, "-m", "tests.comfyui_server", "--port", str(self.port)]
        self.process = subprocess.Popen(
            [*command, "--folder", str(self.folder)], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline().strip() == self.url

    def kill(self) -> None:
        """As `kill -9`, in the middle of whatever it does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            assert self.process.stdout is not None
            self.process.stdout.close()
            self.process = None

    def trap(self, **traps: Any) -> None:
        """Switch traps on; without names, switch all off."""
        requests.post(f"{self.url}/trap", json=traps, timeout=5).raise_for_status()

    def seen(self) -> list[str]:
        """The POSTs to /prompt and /free so far."""
        return list(requests.get(f"{self.url}/seen", timeout=5).json())


@contextmanager
def stand_in(folder: Path) -> Iterator[StandInProcess]:
    """A stand-in that runs while the block does."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    server = StandInProcess(folder, port)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture
def comfyui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandInProcess]:
    """A running stand-in."""
    with stand_in(tmp_path_factory.mktemp("comfyui")) as server:
        yield server
