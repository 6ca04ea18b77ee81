"""TransNetV2: where a clip is cut, from thumbnails of a hundred frames at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from models.disk import sha256_of
from workers.scoring.networks.torch_device import choose_device

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Thumbnail = NDArray[np.uint8]

NAME = "transnetv2"
#: frames that one look judges, and how many more it sees before and after them
STEP, MARGIN = 50, 25
_FILTERS = (16, 32, 64)
_DILATIONS = (1, 2, 4, 8)
#: frames before and after that each frame is compared with, itself included
_LOOKUP = 101


class TransNetV2:
    """Trained on films and television; about 30 MB, loads in about 0.1 s."""

    name = NAME
    step = STEP
    margin = MARGIN

    def __init__(self, path: Path, device: str | None = None) -> None:
        self.sha256 = sha256_of(path)
        self._device = choose_device(device)
        self.device = str(self._device)
        net = _Net()
        net.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        net.eval().requires_grad_(False)
        self._net = net.to(self._device)

    @torch.inference_mode()
    def probabilities(self, window: Sequence[Thumbnail]) -> NDArray[np.float32]:
        """How surely each of the 50 middle frames ends its shot, `(50,)` in 0..1, from 100 thumbnails.

        Thumbnails are `(27, 48, 3)` uint8 RGB; beyond either end of a clip its last picture is repeated.
        """
        frames = torch.from_numpy(np.stack(window)).to(self._device)
        ends = torch.sigmoid(self._net(frames[None]))[0, MARGIN:-MARGIN, 0]
        return np.asarray(ends.cpu().numpy(), dtype=np.float32)


class _Separable(nn.Module):
    """A convolution in the picture, then one in time at a distance."""

    def __init__(self, before: int, after: int, dilation: int) -> None:
        super().__init__()
        space = nn.Conv3d(before, 2 * after, (1, 3, 3), padding=(0, 1, 1), bias=False)
        time = nn.Conv3d(
            2 * after, after, (3, 1, 1), dilation=(dilation, 1, 1), padding=(dilation, 0, 0), bias=False
        )
        self.layers = nn.ModuleList([space, time])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


class _Cell(nn.Module):
    """Four convolutions that look 1, 2, 4 and 8 frames far, side by side."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        for dilation in _DILATIONS:
            self.add_module(f"Conv3D_{dilation}", _Separable(before, after, dilation))
        self.bn = nn.BatchNorm3d(4 * after, eps=1e-3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        parts = [self.get_submodule(f"Conv3D_{dilation}")(x) for dilation in _DILATIONS]
        y: torch.Tensor = self.bn(torch.cat(parts, dim=1))
        return y


class _Stack(nn.Module):
    """Two cells with a shortcut round the second, then half the size."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.DDCNN = nn.ModuleList([_Cell(before, after), _Cell(4 * after, after)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first = functional.relu(self.DDCNN[0](x))
        return functional.avg_pool3d(functional.relu(self.DDCNN[1](first)) + first, (1, 2, 2))


class _Neighbours(nn.Module):
    """What each frame's likeness to the fifty before and the fifty after tells."""

    def __init__(self, features: int | None) -> None:
        super().__init__()
        if features is not None:
            self.projection = nn.Linear(features, 128)
        self.fc = nn.Linear(_LOOKUP, 128)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """`(N, T, F)` -> `(N, T, 128)`."""
        if hasattr(self, "projection"):
            x = self.projection(x)
        unit = functional.normalize(x, dim=2)
        length, reach = x.shape[1], _LOOKUP // 2
        alike = functional.pad(unit @ unit.transpose(1, 2), (reach, reach))
        # Row t of the table, read from column t on, is what surrounds frame t.
        around = torch.stack([alike[:, t, t : t + _LOOKUP] for t in range(length)], dim=1)
        return functional.relu(self.fc(around))


class _Net(nn.Module):
    """The parts under the names of the weights file."""

    def __init__(self) -> None:
        super().__init__()
        inputs = (3, *(4 * filters for filters in _FILTERS[:-1]))
        self.SDDCNN = nn.ModuleList(
            _Stack(before, after) for before, after in zip(inputs, _FILTERS, strict=True)
        )
        self.frame_sim_layer = _Neighbours(sum(4 * filters for filters in _FILTERS))
        self.color_hist_layer = _Neighbours(None)
        self.fc1 = nn.Linear(4 * _FILTERS[-1] * 3 * 6 + 2 * 128, 1024)
        self.cls_layer1 = nn.Linear(1024, 1)
        # The file also holds a head for every frame of a slow transition, which is not asked here.
        self.cls_layer2 = nn.Linear(1024, 1)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """`(N, T, 27, 48, 3)` uint8 -> `(N, T, 1)`, before the sigmoid."""
        x = frames.permute(0, 4, 1, 2, 3).float() / 255.0
        pooled = []
        for stack in self.SDDCNN:
            x = stack(x)
            pooled.append(x.mean(dim=(3, 4)))
        alike = self.frame_sim_layer(torch.cat(pooled, dim=1).transpose(1, 2))
        coloured = self.color_hist_layer(_histograms(frames))
        whole = x.permute(0, 2, 3, 4, 1).flatten(2)
        hidden = functional.relu(self.fc1(torch.cat([coloured, alike, whole], dim=2)))
        scores: torch.Tensor = self.cls_layer1(hidden)
        return scores


def _histograms(frames: torch.Tensor) -> torch.Tensor:
    """How often each of 8 x 8 x 8 colours occurs in each frame, `(N, T, 512)`."""
    coarse = frames.long() >> 5
    bins = ((coarse[..., 0] << 6) + (coarse[..., 1] << 3) + coarse[..., 2]).flatten(2)
    counts = torch.zeros((*bins.shape[:2], 512), device=frames.device)
    return counts.scatter_add_(2, bins, torch.ones_like(bins, dtype=counts.dtype))
