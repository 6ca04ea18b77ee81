"""LPIPS 0.1 on AlexNet, with the features of each frame computed once for both of its neighbours."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from workers.scoring import tensors, weights
from workers.scoring.networks.torch_device import choose_device, to_batch

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Features = list[torch.Tensor]

#: index of each convolution in torchvision's AlexNet, in the order of the file
_CONVOLUTIONS = (0, 3, 6, 8, 10)


class Lpips:
    """Perceptual distance of two pictures, 0 upwards; loads in about 0.3 s."""

    def __init__(self, trunk: str, path: Path, device: str | None = None) -> None:
        self.name = f"lpips-{trunk}"
        self.sha256 = weights.sha256_of(path)
        self._device = choose_device(device)
        self._net: Any = _build(tensors.load(path)).to(memory_format=torch.channels_last).to(self._device)

    @property
    def device(self) -> str:
        return str(self._device)

    @torch.inference_mode()
    def features(self, frame: NDArray[np.uint8]) -> Features:
        """The five layers of one frame `(H, W, 3)` uint8 RGB, each of unit length per pixel."""
        batch = to_batch([frame], self._device).contiguous(memory_format=torch.channels_last)
        layers = self._net.net.forward(self._net.scaling_layer(batch / 127.5 - 1.0))
        return [_unit(layer) for layer in layers]

    @torch.inference_mode()
    def distance(self, one: Features, other: Features) -> float:
        """LPIPS between two frames of one size, from their features."""
        total = 0.0
        for head, a, b in zip(self._net.lins, one, other, strict=True):
            total += float(head((a - b) ** 2).mean())
        return total


def _unit(layer: torch.Tensor) -> torch.Tensor:
    """Channel vectors of length 1, guarded against zero exactly as the `lpips` package guards them."""
    import lpips

    unit: torch.Tensor = lpips.normalize_tensor(layer)
    return unit


def _build(arrays: dict[str, NDArray[np.float32]]) -> torch.nn.Module:
    """The `lpips` package's network with the trunk and heads of the file in place of random ones."""
    import lpips

    with warnings.catch_warnings():
        # lpips calls torchvision in a way that torchvision calls deprecated; the weights are ours anyway.
        warnings.simplefilter("ignore")
        net = lpips.LPIPS(net="alex", pretrained=False, pnet_rand=True, verbose=False)
    state = net.state_dict()
    trunk = {int(key.split(".")[2]): key.rpartition(".")[0] for key in state if key.startswith("net.slice")}
    for number, index in enumerate(_CONVOLUTIONS):
        kernel = arrays[f"AlexNet_0/Conv_{number}/kernel"]
        state[f"{trunk[index]}.weight"] = torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy())
        state[f"{trunk[index]}.bias"] = torch.from_numpy(arrays[f"AlexNet_0/Conv_{number}/bias"])
        head = arrays[f"NetLinLayer_{number}/Conv_0/kernel"].transpose(3, 2, 0, 1).copy()
        state[f"lin{number}.model.1.weight"] = torch.from_numpy(head)
        state[f"lins.{number}.model.1.weight"] = torch.from_numpy(head)
    net.load_state_dict(state)
    return net.eval().requires_grad_(False)  # type: ignore[no-any-return]
