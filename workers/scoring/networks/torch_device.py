"""Where a network runs: the GPU when there is one, else the CPU, on a set number of threads."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, TypeVar

import cv2
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
    # TF32 would move a number by which card measured it; onnxruntime's sessions leave it out as well.
    torch.backends.cudnn.allow_tf32 = False
    return torch.device(wanted or "cuda")


def set_threads(count: int) -> None:
    """How many CPU threads all networks of this process use, OpenCV (DIS flow, shrinking) among them."""
    torch.set_num_threads(count)
    cv2.setNumThreads(count)


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


def settled(net: Net, device: torch.device, kind: torch.dtype | None = None) -> Net:
    """The network on its device, its large matrices in the form that is quickest there; norms stay float32.

    `kind` is what matrices are multiplied in, `matmul_type` when it is not given: kept so, they are not
    converted at each call. Answers agree with the plain network's to 1e-5 in single precision.
    """
    kind = kind or matmul_type(device)
    one_dnn: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    if device.type == "cpu" and kind is torch.float32 and one_dnn:
        _quicken(net)
    for module in net.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            module.to(kind)
    return net.to(device)


class _OneDnnLinear(nn.Module):
    """A linear layer multiplied by oneDNN: on an EPYC 2.1 times as fast as by MKL, which torch chooses."""

    def __init__(self, plain: nn.Linear) -> None:
        super().__init__()
        self._weight = plain.weight.detach().to_mkldnn()
        self._bias = plain.bias.detach().to_mkldnn()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        flat = x.reshape(-1, x.shape[-1]).to_mkldnn()
        answer: torch.Tensor = nn.functional.linear(flat, self._weight, self._bias).to_dense()
        return answer.view(*x.shape[:-1], -1)


def _quicken(net: nn.Module) -> None:
    for name, child in net.named_children():
        if isinstance(child, nn.Linear):
            setattr(net, name, _OneDnnLinear(child))
        else:
            _quicken(child)
