"""EfficientNet-lite0: one pass over a picture gives edges and textures (mid) up to objects (late)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from workers.scoring import weights
from workers.scoring.frames import short_side
from workers.scoring.networks.torch_device import choose_device, to_batch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

NAME = "efficientnet-lite0"

#: (expansion, channels, repeats, stride of the first, kernel) of each group of blocks
_GROUPS = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)
#: blocks whose output is handed out: strides 4, 8 and 16
_TAPS = (2, 4, 10)


@dataclass(frozen=True, slots=True)
class Features:
    """What one pass gives for N pictures of `(H, W)`."""

    fine: torch.Tensor  #: (N, 24, H/4, W/4): lines and flat colour
    middle: torch.Tensor  #: (N, 40, H/8, W/8): small shapes
    coarse: torch.Tensor  #: (N, 112, H/16, W/16): parts such as eyes and fringes
    late: torch.Tensor  #: (N, 1280): the whole picture, pooled


class EfficientNetLite0:
    """Trained on ImageNet photographs; loads in about 0.2 s."""

    name = NAME

    def __init__(self, path: Path, device: str | None = None) -> None:
        self.sha256 = weights.sha256_of(path)
        self._device = choose_device(device)
        net = _Trunk()
        net.load_state_dict(_renamed(torch.load(path, map_location="cpu", weights_only=True)))
        net.eval().requires_grad_(False)
        self._net = net.to(memory_format=torch.channels_last).to(self._device)

    @property
    def device(self) -> str:
        return str(self._device)

    @torch.inference_mode()
    def features(self, frames: Sequence[NDArray[np.uint8]]) -> Features:
        """Features of frames `(H, W, 3)` uint8 RGB of one size."""
        batch = to_batch(frames, self._device)
        return self._net((batch - 127.0) / 128.0)  # type: ignore[no-any-return]

    def embed(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The late layer `(1280,)` of one picture, brought to a short side of 224 px."""
        features = self.features([short_side(picture, 224)])
        return np.asarray(features.late[0].cpu().numpy(), dtype=np.float32)

    @torch.inference_mode()
    def parts(self, frames: Sequence[NDArray[np.uint8]]) -> Features:
        """As `features` without the last third, for finding heads and styles; `late` is empty."""
        batch = to_batch(frames, self._device)
        return self._net((batch - 127.0) / 128.0, whole=False)  # type: ignore[no-any-return]


class _SameConv2d(nn.Conv2d):
    """Convolution with the padding these weights were trained under: the odd pixel goes right and down."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        pads: list[int] = []
        for length in (x.shape[3], x.shape[2]):
            total = max((-(-length // stride) - 1) * stride + kernel - length, 0)
            pads += [total // 2, total - total // 2]
        return functional.conv2d(
            functional.pad(x, pads), self.weight, None, stride=self.stride, groups=self.groups
        )


class _Block(nn.Module):
    """Expand, filter each channel, project; added to its input where the shapes allow."""

    def __init__(self, before: int, after: int, *, expansion: int, stride: int, kernel: int) -> None:
        super().__init__()
        wide = before * expansion
        layers: list[nn.Module] = []
        if expansion > 1:
            layers += [nn.Conv2d(before, wide, 1, bias=False), nn.BatchNorm2d(wide, eps=1e-3), nn.ReLU6()]
        layers += [
            _SameConv2d(wide, wide, kernel, stride, groups=wide, bias=False),
            nn.BatchNorm2d(wide, eps=1e-3),
            nn.ReLU6(),
            nn.Conv2d(wide, after, 1, bias=False),
            nn.BatchNorm2d(after, eps=1e-3),
        ]
        self.layers = nn.Sequential(*layers)
        self._adds = stride == 1 and before == after

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.layers(x)
        return x + y if self._adds else y


class _Trunk(nn.Module):
    """The network up to its pooled 1280 numbers; the ImageNet classes are left out."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            _SameConv2d(3, 32, 3, 2, bias=False), nn.BatchNorm2d(32, eps=1e-3), nn.ReLU6()
        )
        blocks: list[nn.Module] = []
        before = 32
        for expansion, channels, repeats, stride, kernel in _GROUPS:
            for number in range(repeats):
                step = stride if number == 0 else 1
                blocks.append(_Block(before, channels, expansion=expansion, stride=step, kernel=kernel))
                before = channels
        self.blocks = nn.ModuleList(blocks)
        self.head = nn.Sequential(
            nn.Conv2d(before, 1280, 1, bias=False), nn.BatchNorm2d(1280, eps=1e-3), nn.ReLU6()
        )

    def forward(self, x: torch.Tensor, whole: bool = True) -> Features:
        x = self.stem(x)
        taps = []
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in _TAPS:
                taps.append(x)
            if not whole and number == _TAPS[-1]:
                return Features(taps[0], taps[1], taps[2], x.new_zeros((len(x), 0)))
        return Features(taps[0], taps[1], taps[2], self.head(x).mean(dim=(2, 3)))


#: our layer index inside a block by the name the file uses, with and without an expansion
_EXPANDED = {
    "_expand_conv": 0,
    "_bn0": 1,
    "_depthwise_conv": 3,
    "_bn1": 4,
    "_project_conv": 6,
    "_bn2": 7,
}
_PLAIN = {"_depthwise_conv": 0, "_bn1": 1, "_project_conv": 3, "_bn2": 4}


def _renamed(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The file's names turned into ours; the classifier is dropped."""
    top = {"_conv_stem": "stem.0", "_bn0": "stem.1", "_conv_head": "head.0", "_bn1": "head.1"}
    expanded = {key.split(".")[1] for key in state if "_expand_conv" in key}
    ours = {}
    for key, value in state.items():
        parts = key.split(".")
        if parts[0] == "_fc":
            continue
        if parts[0] == "_blocks":
            index = (_EXPANDED if parts[1] in expanded else _PLAIN)[parts[2]]
            ours[f"blocks.{parts[1]}.layers.{index}.{parts[3]}"] = value
        else:
            ours[f"{top[parts[0]]}.{parts[1]}"] = value
    return ours
