"""What this worker's machine has to offer, as its row and Echo are told; asked of the driver, never assumed."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from collections.abc import Mapping


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
