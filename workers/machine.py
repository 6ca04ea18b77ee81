"""What this worker's machine has to offer, as its row and Echo are told; asked of the driver, never assumed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from models.fleet import Birth

if TYPE_CHECKING:
    from collections.abc import Mapping

#: states of a process that has ended, of which its parent has not been told yet
_DEAD = ("Z", "X")


def describe() -> dict[str, Any]:
    """Memory, processors and, where a driver answers, this worker's GPU; `gpu_info` is None without one."""
    return {
        "cpus": os.cpu_count(),
        "memory_mib": psutil.virtual_memory().total // 2**20,
        "gpu_info": _gpu(os.environ.get("CUDA_VISIBLE_DEVICES")),
    }


def _gpu(visible: str | None) -> dict[str, Any] | None:
    """Model, memory in GB and driver of the one card this worker may use."""
    program = shutil.which("nvidia-smi")
    if program is None or visible == "":
        return None
    command = [program, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader,nounits"]
    if visible is not None:
        command.append(f"--id={visible.split(',')[0]}")
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        # A driver that does not answer is a card that cannot be used; `farm doctor` says why.
        return None
    model, memory_mib, driver = (part.strip() for part in answer.splitlines()[0].split(","))
    return {"model": model, "vram_gb": round(float(memory_mib) / 1024, 1), "driver": driver}


def birth(pid: int | None = None) -> Birth | None:
    """Where and when a process of this machine (or this one) began; None where the kernel does not say."""
    try:
        return Birth(
            boot_id=Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip(),
            pid_namespace=os.readlink("/proc/self/ns/pid"),
            start_ticks=int(_stat(pid or os.getpid())[19]),
        )
    except OSError:
        return None


def is_running(pid: int, born: Birth | None) -> bool | None:
    """Whether that very process runs; None: it belongs where processes are not seen from here."""
    here = birth()
    if born is None or here is None:
        return None
    if (born.boot_id, born.pid_namespace) != (here.boot_id, here.pid_namespace):
        return None
    try:
        os.kill(pid, 0)
        stat = _stat(pid)
    except ProcessLookupError:
        return False
    except OSError:
        # Somebody else's process by now, or of another user of the farm: it cannot be told which.
        return None
    return stat[0] not in _DEAD and int(stat[19]) == born.start_ticks


def living_children() -> set[int]:
    """The process ids of this process's children that run."""
    return {child.pid for child in psutil.Process().children() if _is_alive(child.pid)}


def _is_alive(pid: int) -> bool:
    try:
        return _stat(pid)[0] not in _DEAD
    except OSError:
        return False


def _stat(pid: int) -> list[str]:
    """The fields of the kernel's record of a process after its name, which stands in brackets."""
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        )
    except FileNotFoundError as error:
        raise ProcessLookupError(pid) from error


def card(comfyui: Mapping[str, Any]) -> dict[str, Any] | None:
    """The card this worker renders on, by what its ComfyUI told of it; its own where ComfyUI told none.

    >>> card({"device": "cuda:0 NVIDIA L4 : cudaMallocAsync", "vram_mib": 22_700})["vram_gb"]
    22.2
    """
    own = _gpu(os.environ.get("CUDA_VISIBLE_DEVICES"))
    if not comfyui.get("vram_mib"):
        return own
    # "cuda:0 NVIDIA GeForce RTX 4090 : cudaMallocAsync" is how ComfyUI calls it.
    model = str(comfyui["device"]).partition(" : ")[0]
    model = model.partition(" ")[2] if model.startswith(("cuda:", "xpu:", "npu:")) else model
    is_here = own is not None and own["model"] == model
    return {
        "model": model,
        "vram_gb": round(comfyui["vram_mib"] / 1024, 1),
        "driver": own["driver"] if own and is_here else None,
    }
