"""What is right and wrong with this installation and the farm running in it, each line with what to do."""

from __future__ import annotations

import ctypes
import shutil
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from farm.ops.doctor.comfyui import comfyuis
from farm.ops.doctor.findings import Check, Finding, fail, ok, warn
from farm.ops.doctor.running import RUNNING
from models.errors import FarmError
from workers.scoring import weights

if TYPE_CHECKING:
    from collections.abc import Iterator

    from farm.settings import Settings

_GIB = 1024**3
_INSTALL = "pip install 'anime-render-farm[worker]'"
_RUNTIMES = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml", "onnxruntime-openvino")
_OPENCVS = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)
#: what skia and its GL stack open at import, and the Debian package that brings it
_GRAPHICS = {"libEGL.so.1": "libegl1", "libGL.so.1": "libgl1"}


def examine(settings: Settings) -> Iterator[Finding]:
    """Every finding, in the order in which a person would mend them; each appears as soon as it is known."""
    for name, check in (*_INSTALLED, *RUNNING, ("comfyui", comfyuis)):
        try:
            yield from check(settings)
        except FarmError as error:
            # A check that cannot even look has found something: its error is the finding.
            yield fail(name, error.message, error.hint)


def _python(settings: Settings) -> Iterator[Finding]:
    present = f"Python {'.'.join(str(part) for part in sys.version_info[:3])}"
    fits = sys.version_info >= (3, 11)
    yield ok("python", present) if fits else fail("python", present, "The farm needs Python 3.11 or newer.")


def _folders(settings: Settings) -> Iterator[Finding]:
    yield _folder("state folder", settings.state_dir, "FARM_STATE_DIR")
    yield _folder("takes", settings.artifacts_dir, "FARM_ARTIFACTS")


def _folder(name: str, folder: Path, variable: str) -> Finding:
    """Where it lies, whether it can be written, and how much is free; nothing is left in it."""
    there = _nearest(folder)
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        hint = f"Give yourself the right to write there, or set {variable} to another folder."
        return fail(name, f"{there} cannot be written: {error.strerror}", hint)
    free = shutil.disk_usage(there).free / _GIB
    message = f"{folder}, {free:.1f} GiB free" + ("" if there == folder else "; made when it is needed")
    if free >= 5:
        return ok(name, message)
    hint = f"Free some space, or set {variable} to a folder on another disk."
    return fail(name, message, hint) if free < 0.5 else warn(name, message, hint)


def _nearest(folder: Path) -> Path:
    """The folder itself, or the closest parent that exists."""
    return next(parent for parent in (folder, *folder.parents) if parent.exists())


def _graphics(settings: Settings) -> Iterator[Finding]:
    if _version("skia-python") is None:
        yield warn("toon renderer", "not installed: this machine can order, but not render", _INSTALL)
        return
    missing = [package for library, package in _GRAPHICS.items() if not _opens(library)]
    if missing:
        command = f"apt-get install -y --no-install-recommends {' '.join(missing)}"
        yield fail("graphics libraries", f"skia needs {' and '.join(missing)}", f"As root: {command}")
    else:
        yield ok("graphics libraries", "libEGL and libGL open")


def _opens(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _one_of_each(settings: Settings) -> Iterator[Finding]:
    """Two distributions that unpack into one folder overwrite each other without a word."""
    for name, rivals, wanted in (
        ("onnxruntime", _RUNTIMES, "onnxruntime-gpu"),
        ("opencv", _OPENCVS, "opencv-python-headless"),
    ):
        installed = [rival for rival in rivals if _version(rival)]
        if len(installed) > 1:
            others = " ".join(rival for rival in installed if rival != wanted)
            yield fail(
                name,
                f"{len(installed)} distributions share one folder: {', '.join(installed)}",
                f"pip uninstall -y {others} && pip install --force-reinstall --no-deps {wanted}",
            )
        elif installed:
            yield ok(name, f"one: {installed[0]} {_version(installed[0])}")
        else:
            yield warn(name, "not installed: this machine cannot score", _INSTALL)


def _torch_pair(settings: Settings) -> Iterator[Finding]:
    torch, vision = _version("torch"), _version("torchvision")
    if torch is None or vision is None:
        yield warn("torch", "torch and torchvision are not both installed: this machine cannot score", _INSTALL)
        return
    wanted = [Requirement(line) for line in requires("torchvision") or ()]
    fits = all(need.specifier.contains(torch, prereleases=True) for need in wanted if need.name == "torch")
    # Since 2.0 a release of torch and its torchvision differ by 15 in the minor number: 2.14 goes with 0.29.
    fits = fits and int(torch.split(".")[1]) + 15 == int(vision.split(".")[1])
    pair = f"torch {torch} with torchvision {vision}"
    mend = "pip install -c constraints.txt torch torchvision"
    yield ok("torch", pair) if fits else fail("torch", f"{pair} are no pair", mend)


def _networks(settings: Settings) -> Iterator[Finding]:
    files = {item.name: item for item in weights.verify(settings.networks_dir)}
    for item in files.values():
        if item.trouble:
            hint = f"Remove {item.path} and run `farm networks pull {item.name}`."
            yield fail(f"network {item.name}", item.trouble, hint)
    missing = [name for name in weights.embedded() if name not in files]
    if missing:
        message = f"not here: {', '.join(missing)}; what they measure is not measured"
        yield warn("networks", message, "farm networks pull")
    else:
        sound = [name for name, item in files.items() if not item.trouble]
        yield ok("networks", f"verified: {', '.join(sound)}")


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


_INSTALLED: tuple[tuple[str, Check], ...] = (
    ("python", _python),
    ("folders", _folders),
    ("graphics libraries", _graphics),
    ("one of each", _one_of_each),
    ("torch", _torch_pair),
    ("networks", _networks),
)
