"""Somebody at a terminal: `farm` as real processes in a folder of their own, or in this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import psutil

from tests.support import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator


class Said(NamedTuple):
    """How a command of this process ended, and what it printed; its errors on one line."""

    code: int
    out: str
    err: str


Typed = Callable[..., Said]


class Shell:
    """Somebody at a terminal in a folder of their own; `farm(...)` runs one command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("FARM_")},
            "FARM_STATE_DIR": str(folder / "state"),
            "FARM_ARTIFACTS": str(folder / "takes"),
            "FARM_FLOWER_PORT": "0",
            "FARM_API_PORT": "0",
            "FARM_ROOTS": f"{folder}{os.pathsep}{ROOT}",
            "PYTHONPATH": str(ROOT),
        }

    def farm(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "farm", *words],
            cwd=self.folder,
            env={**self.environment, **more},
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )

    def begin(self, *words: str, **more: Any) -> subprocess.Popen[str]:
        """A command that goes on meanwhile; `more` is where its output goes."""
        words = (sys.executable, "-m", "farm", *words)
        return subprocess.Popen(words, cwd=self.folder, env=self.environment, text=True, **more)

    def asked(self, *words: str) -> Any:
        """The JSON answer of a command that must succeed."""
        done = self.farm(*words, "--json")
        assert done.returncode == 0, done.stderr + done.stdout
        return json.loads(done.stdout)

    def processes(self) -> list[psutil.Process]:
        """Everything that works for this folder."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("FARM_STATE_DIR") == self.environment["FARM_STATE_DIR"]:
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found


@contextmanager
def a_shell(word: str) -> Iterator[Shell]:
    """A folder of its own, deleted at the end; the farm in it is taken down."""
    with tempfile.TemporaryDirectory(prefix=f"farm-{word}-") as name:
        folder = Path(name)
        # The embedded servers run as an account of their own, which must be able to pass.
        folder.chmod(0o711)
        shell = Shell(folder)
        try:
            yield shell
        finally:
            shell.farm("down")
