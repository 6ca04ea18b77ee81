"""EfficientNet-lite0 in plain torch, layer after layer as its file has them: a reference for ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
from torch.nn import functional

from models.disk import sha256_of
from workers.scoring.networks.efficientnet_lite0 import Features

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

#: stride of each of the sixteen blocks
_STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)
_TAPS = (2, 4, 10)


class PlainLite0:
    """The same answers as the farm's network; nothing is folded, and torch runs it."""

    name = "efficientnet-lite0"
    device = "cpu"

    def __init__(self, path: Path) -> None:
        self.sha256 = sha256_of(path)
        self._state = torch.load(path, map_location="cpu", weights_only=True)

    @torch.inference_mode()
    def features(self, frames: Sequence[NDArray[np.uint8]]) -> Features:
        """All layers of frames `(H, W, 3)` uint8 RGB of one size."""
        x = torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2).float()
        x = self._layer((x - 127.0) / 128.0, "_conv_stem", "_bn0", stride=2)
        taps = []
        for number, stride in enumerate(_STRIDES):
            x = self._block(x, f"_blocks.{number}.", stride)
            if number in _TAPS:
                taps.append(x)
        late = self._layer(x, "_conv_head", "_bn1").mean(dim=(2, 3))
        return Features(taps[0], taps[1], taps[2], late)

    #: nothing is left out here, which costs this side a third more where only the early layers are asked for
    parts = features

    def embed(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The late layer `(1280,)` at a short side of 224 px."""
        height, width = picture.shape[:2]
        scale = 224 / min(height, width)
        size = (round(width * scale), round(height * scale))
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        return self.features([small]).late[0].numpy()

    def _block(self, x: torch.Tensor, block: str, stride: int) -> torch.Tensor:
        y = x
        if f"{block}_expand_conv.weight" in self._state:
            y = self._layer(y, f"{block}_expand_conv", f"{block}_bn0")
        y = self._layer(y, f"{block}_depthwise_conv", f"{block}_bn1", stride=stride, groups=y.shape[1])
        y = self._layer(y, f"{block}_project_conv", f"{block}_bn2", relu=False)
        return x + y if y.shape == x.shape else y

    def _layer(
        self, x: torch.Tensor, kernel: str, norm: str, *, stride: int = 1, groups: int = 1, relu: bool = True
    ) -> torch.Tensor:
        weight, norms = self._state[f"{kernel}.weight"], self._state
        pads: list[int] = []
        for length in (x.shape[3], x.shape[2]):
            total = max((-(-length // stride) - 1) * stride + weight.shape[2] - length, 0)
            pads += [total // 2, total - total // 2]
        y = functional.conv2d(functional.pad(x, pads), weight, stride=stride, groups=groups)
        y = functional.batch_norm(
            y,
            norms[f"{norm}.running_mean"],
            norms[f"{norm}.running_var"],
            norms[f"{norm}.weight"],
            norms[f"{norm}.bias"],
            eps=1e-3,
        )
        return functional.relu6(y) if relu else y
