"""DINO ViT-B/16: what a picture shows, for subject_consistency; prepared as VBench does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional
from torchvision.transforms import functional as pictures

from models.disk import sha256_of
from workers.scoring.networks.state_dict import filled, read_state
from workers.scoring.networks.torch_device import choose_device, matmuls, settled
from workers.scoring.networks.vision_transformer import VisionTransformer, VitNames, VitShape, renamed

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

NAME = "dino-vitb16"
SHAPE = VitShape(patch_px=16, width=768, depth=12)
_SHORT_SIDE_PX = 224
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

_NAMES = VitNames(
    layers="blocks.",
    top={
        "cls_token": "class_token",
        "pos_embed": "positions",
        "patch_embed.proj.weight": "patches.weight",
        "patch_embed.proj.bias": "patches.bias",
        "norm.weight": "norm_after.weight",
        "norm.bias": "norm_after.bias",
    },
    layer={
        "norm1.weight": "norm1.weight",
        "norm1.bias": "norm1.bias",
        "norm2.weight": "norm2.weight",
        "norm2.bias": "norm2.bias",
        "attn.qkv.weight": "attention_in.weight",
        "attn.qkv.bias": "attention_in.bias",
        "attn.proj.weight": "attention_out.weight",
        "attn.proj.bias": "attention_out.bias",
        "mlp.fc1.weight": "linear1.weight",
        "mlp.fc1.bias": "linear1.bias",
        "mlp.fc2.weight": "linear2.weight",
        "mlp.fc2.bias": "linear2.bias",
    },
)


class DinoVitB16:
    """Trained on ImageNet photographs without labels; the whole picture is seen, nothing is cut off."""

    name = NAME

    def __init__(self, path: Path, shape: VitShape, device: str | None = None) -> None:
        """Reads `dino_vitbase16_pretrain.pth`; raises NotMeasured when it holds anything else."""
        self.sha256 = sha256_of(path)
        self._device = choose_device(device)
        self.device = str(self._device)
        net = filled(lambda: _build(shape), _renamed(read_state(path, self.name)), self.name)
        self._net = settled(net, self._device)

    @torch.inference_mode()
    def embed(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The class token `(768,)`, of length 1, of a picture `(H, W, 3)` uint8 RGB."""
        batch = prepare(picture, self._device)
        with matmuls(self._device):
            vectors = self._net(batch)
        return np.asarray(vectors[0].cpu().numpy(), dtype=np.float32)


def prepare(picture: NDArray[np.uint8], device: torch.device) -> torch.Tensor:
    """A picture `(H, W, 3)` uint8 RGB as `(1, 3, h, w)` with a short side of 224 px, as VBench prepares it.

    Bilinear without antialiasing and rounded back to whole levels: smoother pictures would be nicer, but the
    marks were found on these.
    """
    frame = torch.from_numpy(np.ascontiguousarray(picture)).to(device).permute(2, 0, 1)[None]
    small = pictures.resize(frame, [_SHORT_SIDE_PX], antialias=False)
    prepared: torch.Tensor = pictures.normalize(small.to(torch.float32) / 255.0, _MEAN, _DEVIATION)
    return prepared


def _build(shape: VitShape) -> VisionTransformer:
    return VisionTransformer(shape, functional.gelu, eps=1e-6, patch_bias=True, norm_before=False)


def _renamed(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    ours = renamed(state, _NAMES)
    # The file keeps both with leading axes of length 1.
    for name, axes in (("class_token", 1), ("positions", 2)):
        while name in ours and ours[name].ndim > axes and len(ours[name]) == 1:
            ours[name] = ours[name][0]
    return ours
