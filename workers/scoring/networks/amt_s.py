"""AMT-S as the interpolator of motion smoothness, prepared and rounded as VBench does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from models.disk import sha256_of
from workers.scoring.networks.amt_layers import AmtLayers
from workers.scoring.networks.state_dict import filled, read_state
from workers.scoring.networks.torch_device import choose_device, to_batch

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

NAME = "amt-s"
_MULTIPLE_PX = 16


class AmtS:
    """Draws the frame halfway between two; trained on real films, 3 million weights."""

    name = NAME

    def __init__(self, path: Path, device: str | None = None) -> None:
        """Reads the authors' `amt-s.pth`; raises NotMeasured when it holds anything else."""
        self.sha256 = sha256_of(path)
        self._device = choose_device(device)
        self.device = str(self._device)
        net = filled(AmtLayers, read_state(path, self.name, inside="state_dict"), self.name)
        # Single precision everywhere: in half, a flow of 100 px is only known to a sixteenth of a pixel.
        self._net = net.to(self._device)

    @torch.inference_mode()
    def between(self, before: NDArray[np.uint8], after: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The frame halfway from `before` to `after`, both `(H, W, 3)` uint8 RGB, sides of 113 px at least."""
        height, width = before.shape[:2]
        left, top = (-width % _MULTIPLE_PX) // 2, (-height % _MULTIPLE_PX) // 2
        pads = [left, -width % _MULTIPLE_PX - left, top, -height % _MULTIPLE_PX - top]
        pair = functional.pad(to_batch([before, after], self._device) / 255.0, pads, mode="replicate")
        frame = self._net(pair[:1], pair[1:])[0, :, top : top + height, left : left + width]
        # VBench cuts fractions of a level off, and its numbers are only reached by doing the same.
        levels = (frame * 255.0).permute(1, 2, 0).to(torch.uint8)
        return np.asarray(levels.cpu().numpy(), dtype=np.uint8)
