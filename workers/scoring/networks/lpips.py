"""LPIPS 0.1 on AlexNet or VGG16, with the features of each frame computed once for both of its neighbours."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import torch

from models.disk import sha256_of
from workers.scoring import tensors
from workers.scoring.networks.torch_device import choose_device, to_batch

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

#: name of each trunk in the file, and the index of each convolution in torchvision's, in the order of the file
_TRUNKS = {
    "alex": ("AlexNet_0", (0, 3, 6, 8, 10)),
    "vgg": ("VGG16_0", (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)),
}
#: keeps a pixel without any feature from dividing by zero, as the `lpips` package does
_EPSILON = 1e-10


class Lpips:
    """Perceptual distance of two pictures, 0 upwards; loads in about 0.3 s."""

    def __init__(self, trunk: str, path: Path, device: str | None = None) -> None:
        """`trunk` is `alex` or `vgg`; the file is the one of that name in `networks.toml`."""
        self.name = f"lpips-{trunk}"
        self.sha256 = sha256_of(path)
        self._device = choose_device(device)
        self.device = str(self._device)
        net: Any = _build(trunk, tensors.load(path))
        self._net = net.to(memory_format=torch.channels_last).to(self._device)
        # A head weighs squared differences, so its root weighs the features themselves.
        self._roots = [head.model[-1].weight.clamp(min=0.0).sqrt().view(1, -1) for head in self._net.lins]

    @torch.inference_mode()
    def features(self, frame: NDArray[np.uint8]) -> torch.Tensor:
        """One frame `(H, W, 3)` uint8 RGB as one long vector: LPIPS is the squared distance of two of them.

        Each of the five layers is of unit length per pixel, weighed by the root of its head and averaged.
        """
        batch = to_batch([frame], self._device).contiguous(memory_format=torch.channels_last)
        layers = self._net.net.forward(self._net.scaling_layer(batch.div_(127.5).sub_(1.0)))
        parts = []
        for layer, root in zip(layers, self._roots, strict=True):
            # Pixel by pixel, as it lies in memory: an order of its own would cost a copy.
            pixels = layer.permute(0, 2, 3, 1).reshape(-1, layer.shape[1])
            length = torch.linalg.vector_norm(pixels, dim=1, keepdim=True) + _EPSILON
            parts.append((pixels * (length * len(pixels) ** 0.5).reciprocal_()).mul_(root).view(-1))
        return torch.cat(parts)

    @torch.inference_mode()
    def distance(self, one: torch.Tensor, other: torch.Tensor) -> float:
        """LPIPS between two frames of one size, from their features."""
        # A sum, not a dot product: that one adds up millions in a row and loses the fifth digit.
        return float((one - other).square_().sum())


def _build(trunk: str, arrays: dict[str, NDArray[np.float32]]) -> torch.nn.Module:
    """The `lpips` package's network with the trunk and heads of the file in place of random ones."""
    import lpips

    name, convolutions = _TRUNKS[trunk]
    with warnings.catch_warnings():
        # lpips calls torchvision in a way that torchvision calls deprecated; the weights are ours anyway.
        warnings.simplefilter("ignore")
        net = lpips.LPIPS(net=trunk, pretrained=False, pnet_rand=True, verbose=False)
    state = net.state_dict()
    layers = {int(key.split(".")[2]): key.rpartition(".")[0] for key in state if key.startswith("net.slice")}
    for number, index in enumerate(convolutions):
        kernel = arrays[f"{name}/Conv_{number}/kernel"]
        state[f"{layers[index]}.weight"] = torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy())
        state[f"{layers[index]}.bias"] = torch.from_numpy(arrays[f"{name}/Conv_{number}/bias"])
    for number in range(len(net.lins)):
        head = arrays[f"NetLinLayer_{number}/Conv_0/kernel"].transpose(3, 2, 0, 1).copy()
        state[f"lin{number}.model.1.weight"] = torch.from_numpy(head)
        state[f"lins.{number}.model.1.weight"] = torch.from_numpy(head)
    net.load_state_dict(state)
    return net.eval().requires_grad_(False)  # type: ignore[no-any-return]
