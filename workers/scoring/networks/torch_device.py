"""Where a network runs: the GPU when there is one, else the CPU, on a set number of threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def choose_device(wanted: str | None = None) -> torch.device:
    """The device asked for, or CUDA when it is available, or the CPU."""
    return torch.device(wanted or ("cuda" if torch.cuda.is_available() else "cpu"))


def set_threads(count: int) -> None:
    """How many CPU threads all networks of this process use together."""
    torch.set_num_threads(count)


def to_batch(frames: Sequence[NDArray[np.uint8]], device: torch.device) -> torch.Tensor:
    """Frames `(H, W, 3)` uint8 of one size -> `(N, 3, H, W)` float32 in 0..255, channels last in memory."""
    array = torch.from_numpy(np.ascontiguousarray(np.stack(frames)))
    return array.to(device).permute(0, 3, 1, 2).to(torch.float32)
