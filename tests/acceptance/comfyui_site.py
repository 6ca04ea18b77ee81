"""The ComfyUI that the acceptance runs against: the stand-in, or a real one that the environment names."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self
from urllib.parse import urlsplit

import psutil
import pytest

from farm.servers.supervisor import wait_until
from models.errors import FarmError
from tests.comfyui_weights import CHECKPOINT, CONTROLNET, LORA, write_weights
from workers.renderers.comfyui.client import ComfyUIClient

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.support.comfyui_fixture import StandInProcess

#: loading torch takes a real one up to a minute on a slow disk
_START_S = 180.0
_GPU_DEVICES = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")


class Site(Protocol):
    """One ComfyUI, the files to use there, and whether it may be killed."""

    checkpoint: str
    #: empty where there is none that fits the checkpoint
    lora: str
    controlnet: str
    #: ComfyUI's `models` folder, where it can be reached from here
    models_dir: Path | None
    #: why it cannot be killed and started again; empty: it can
    why_no_restart: str

    @property
    def url(self) -> str: ...

    def slow_down(self) -> None:
        """Make the next prompts last, where they would be over before anybody could look."""

    def placeholder(self, folder: str, name: str) -> None:
        """Put an empty file below `models_dir`, for loaders to list."""

    def kill(self) -> None:
        """As `kill -9`."""

    def start(self) -> None:
        """Start it again and wait until it answers."""


@dataclass
class StandInSite:
    """The stand-in of the tests."""

    process: StandInProcess
    checkpoint: str = "tiny.safetensors"
    lora: str = "aiko.safetensors"
    controlnet: str = "openpose.safetensors"
    models_dir: Path | None = None
    why_no_restart: str = ""

    @property
    def url(self) -> str:
        return self.process.url

    def slow_down(self) -> None:
        self.process.trap(step_seconds=0.1)

    def placeholder(self, folder: str, name: str) -> None:
        """Its files are those of its table."""
        raise NotADirectoryError(f"{folder}/{name}")

    def kill(self) -> None:
        self.process.kill()

    def start(self) -> None:
        self.process.start()


@dataclass
class RealSite:
    """A real ComfyUI; what ran before the tests runs after them, and what was written for them is removed."""

    url: str
    folder: Path | None
    command: str
    checkpoint: str = ""
    lora: str = ""
    controlnet: str = ""
    models_dir: Path | None = None
    why_no_restart: str = ""
    _written: list[Path] = field(default_factory=list)
    _logs: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="comfyui-")))
    _ran_before: bool = False
    _process: subprocess.Popen[bytes] | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> RealSite:
        """As COMFYUI_URL, COMFYUI_DIR, COMFYUI_START and CHECKPOINT say; see `make test-comfyui`."""
        url = environment.get("COMFYUI_URL") or "http://127.0.0.1:8188"
        folder = Path(told).expanduser().absolute() if (told := environment.get("COMFYUI_DIR")) else None
        command = environment.get("COMFYUI_START") or (_command(folder, url) if folder else "")
        missing = "" if command else "neither COMFYUI_START nor COMFYUI_DIR says how this ComfyUI is started"
        site = cls(url=url, folder=folder, command=command, why_no_restart=missing)
        site.models_dir = folder / "models" if folder else None
        site.checkpoint = environment.get("CHECKPOINT", "")
        return site

    @contextmanager
    def opened(self) -> Iterator[Self]:
        """The server with the weights it needs, started where it does not run; left as it was found."""
        # Asked before anything can go wrong: a server that somebody else runs is never stopped.
        self._ran_before = self._answers()
        try:
            self._open()
            yield self
        finally:
            self._close()

    def _open(self) -> None:
        if self.models_dir is not None:
            before = {path for path in self.models_dir.rglob("farm-tiny.*") if path.is_file()}
            self._written = [path for path in write_weights(self.models_dir) if path not in before]
        if not self._ran_before:
            if not self.command:
                pytest.fail(f"Nothing answers at {self.url}, and {self.why_no_restart}.", pytrace=False)
            self.start()
        self._choose()

    def _close(self) -> None:
        if not self._ran_before:
            self.kill()
        elif not self._answers():
            self.start()
        if self._process is not None:
            # It goes on without this run, which must not complain at its end that nobody waited for it.
            self._process.returncode = 0
        for path in self._written:
            path.unlink(missing_ok=True)
        shutil.rmtree(self._logs)

    def placeholder(self, folder: str, name: str) -> None:
        assert self.models_dir is not None
        path = self.models_dir / folder / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            self._written.append(path)

    def slow_down(self) -> None:
        """A real one is slow enough."""

    def kill(self) -> None:
        for process in self._listening():
            process.send_signal(signal.SIGKILL)
            process.wait(10)
        if self._process is not None:
            # The shell that started it, where the command did not replace it.
            self._process.kill()
            self._process.wait()
            self._process = None

    def start(self) -> None:
        log = self._logs / "comfyui.log"
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                ["sh", "-c", self.command],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        wait_until(lambda: self._answers() or self._ended(), _START_S)
        if not self._answers():
            self.kill()
            said = log.read_text(errors="replace")[-2000:]
            pytest.fail(f"ComfyUI did not start with `{self.command}`:\n{said}", pytrace=False)

    def _choose(self) -> None:
        has = {
            folder: ComfyUIClient(self.url).models(folder) for folder in ("checkpoints", "loras", "controlnet")
        }
        self.checkpoint = self.checkpoint or _smallest(has["checkpoints"])
        if self.checkpoint not in has["checkpoints"]:
            pytest.fail(
                f"ComfyUI at {self.url} has no checkpoint '{self.checkpoint}'. Name one with CHECKPOINT=, or "
                f"its folder with COMFYUI_DIR=. It has: {', '.join(has['checkpoints']) or 'none'}.",
                pytrace=False,
            )
        fits = self.checkpoint == CHECKPOINT
        self.lora = LORA if fits and LORA in has["loras"] else ""
        self.controlnet = CONTROLNET if fits and CONTROLNET in has["controlnet"] else ""

    def _ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def _answers(self) -> bool:
        try:
            ComfyUIClient(self.url, timeout=(2.0, 5.0)).stats()
        except FarmError:
            return False
        return True

    def _listening(self) -> list[psutil.Process]:
        """Whoever listens at the address; its port belongs to one ComfyUI."""
        port = urlsplit(self.url).port or 80
        rows = (row for row in psutil.net_connections("tcp") if row.status == psutil.CONN_LISTEN)
        pids = {row.pid for row in rows if row.laddr and row.laddr.port == port}
        return [psutil.Process(pid) for pid in pids if pid]


def _smallest(names: list[str]) -> str:
    """The tests' own checkpoint where it is there, else one that calls itself tiny, else the first."""
    tiny = (name for name in names if "tiny" in name.lower())
    return CHECKPOINT if CHECKPOINT in names else next(tiny, names[0] if names else CHECKPOINT)


def _command(folder: Path, url: str) -> str:
    """How a ComfyUI in this folder is started by hand: with its own Python where it has one."""
    own = (folder / name / "bin/python" for name in ("venv", ".venv"))
    python: Any = next((path for path in own if path.exists()), "python3")
    place = urlsplit(url)
    cpu = "" if any(Path(device).exists() for device in _GPU_DEVICES) else " --cpu"
    return f"exec {python} main.py --listen {place.hostname} --port {place.port or 80}{cpu}"
