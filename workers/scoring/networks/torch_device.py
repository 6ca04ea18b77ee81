"""Where a network runs: the GPU when there is one, else the CPU, on a set number of threads."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

Net = TypeVar("Net", bound=nn.Module)


def choose_device(wanted: str | None = None) -> torch.device:
    """The device asked for (`cpu`, `cuda`, `cuda:1`), or CUDA where there is one; the CPU where there is none.

    A network tells its `device`, so asking for CUDA on a machine without it is slow, and seen, but no failure:
    the networks of onnxruntime do the same.
    """
    if not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device(wanted or "cuda")


def set_threads(count: int) -> None:
    """How many CPU threads all networks of this process use together."""
    torch.set_num_threads(count)


def to_batch(frames: Sequence[NDArray[np.uint8]], device: torch.device) -> torch.Tensor:
    """Frames `(H, W, 3)` uint8 of one size -> `(N, 3, H, W)` float32 in 0..255, channels last in memory."""
    array = torch.from_numpy(np.ascontiguousarray(np.stack(frames)))
    return array.to(device).permute(0, 3, 1, 2).to(torch.float32)


def matmul_type(device: torch.device) -> torch.dtype:
    """What matrices are multiplied in: half precision on CUDA, where that saves time and memory.

    A CPU has no units for it, so float32 is both exact and faster there.
    """
    return torch.float16 if device.type == "cuda" else torch.float32


def matmuls(device: torch.device, kind: torch.dtype | None = None) -> AbstractContextManager[object]:
    """Inside, matrices are multiplied in `kind`; sums, normalisations and softmax stay float32."""
    kind = kind or matmul_type(device)
    return nullcontext() if kind is torch.float32 else torch.autocast(device.type, dtype=kind)


def halve_matmuls(net: Net, device: torch.device, kind: torch.dtype | None = None) -> Net:
    """Keep the large matrices in `kind`, so that they are not converted at each call; norms stay float32."""
    for module in net.modules():
        if isinstance(module, nn.Linear | nn.Conv2d | nn.MultiheadAttention):
            module.to(kind or matmul_type(device))
    return net
