"""CLIP's picture towers, ViT-L/14 and ViT-B/32, from OpenAI's own files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image
from torchvision.transforms import functional as pictures

from models.disk import sha256_of
from workers.scoring.networks.state_dict import filled
from workers.scoring.networks.torch_device import choose_device, matmuls, settled
from workers.scoring.networks.torchscript import read_tensors
from workers.scoring.networks.vision_transformer import (
    VisionTransformer,
    VitNames,
    VitShape,
    quick_gelu,
    renamed,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

L14 = VitShape(patch_px=14, width=1024, depth=24, answer=768)
B32 = VitShape(patch_px=32, width=768, depth=12, answer=512)
_MEAN = (0.48145466, 0.4578275, 0.40821073)
_DEVIATION = (0.26862954, 0.26130258, 0.27577711)

_NAMES = VitNames(
    layers="transformer.resblocks.",
    top={
        "class_embedding": "class_token",
        "positional_embedding": "positions",
        "proj": "projection",
        "conv1.weight": "patches.weight",
        "ln_pre.weight": "norm_before.weight",
        "ln_pre.bias": "norm_before.bias",
        "ln_post.weight": "norm_after.weight",
        "ln_post.bias": "norm_after.bias",
    },
    layer={
        "ln_1.weight": "norm1.weight",
        "ln_1.bias": "norm1.bias",
        "ln_2.weight": "norm2.weight",
        "ln_2.bias": "norm2.bias",
        "attn.in_proj_weight": "attention_in.weight",
        "attn.in_proj_bias": "attention_in.bias",
        "attn.out_proj.weight": "attention_out.weight",
        "attn.out_proj.bias": "attention_out.bias",
        "mlp.c_fc.weight": "linear1.weight",
        "mlp.c_fc.bias": "linear1.bias",
        "mlp.c_proj.weight": "linear2.weight",
        "mlp.c_proj.bias": "linear2.bias",
    },
)


class ClipVit:
    """Vectors of pictures as CLIP learnt them from captions; the words' half of the file is left unread."""

    def __init__(self, name: str, path: Path, shape: VitShape, device: str | None = None) -> None:
        """`path` is OpenAI's TorchScript archive (half or single precision); none of its code is run.

        Raises:
            NotMeasured: the file is no such archive, or holds a network of another shape.
        """
        self.name = name
        self.sha256 = sha256_of(path)
        self._device = choose_device(device)
        self.device = str(self._device)
        self._side_px = shape.side_px
        net = filled(lambda: _build(shape), renamed(read_tensors(path, "visual."), _NAMES), name)
        self._net = settled(net, self._device)

    @torch.inference_mode()
    def embed(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The vector of a picture `(H, W, 3)` uint8 RGB: `(768,)` for L/14, `(512,)` for B/32, of length 1."""
        batch = prepare(picture, self._side_px).to(self._device)
        with matmuls(self._device):
            vectors = self._net(batch)
        return np.asarray(vectors[0].cpu().numpy(), dtype=np.float32)


def prepare(picture: NDArray[np.uint8], side_px: int = 224) -> torch.Tensor:
    """The middle square of a picture `(H, W, 3)` uint8 RGB as `(1, 3, side, side)`, as CLIP prepares it."""
    small = pictures.resize(Image.fromarray(picture), side_px, pictures.InterpolationMode.BICUBIC)
    square = pictures.to_tensor(pictures.center_crop(small, side_px))
    prepared: torch.Tensor = pictures.normalize(square, _MEAN, _DEVIATION)[None]
    return prepared


def _build(shape: VitShape) -> VisionTransformer:
    return VisionTransformer(shape, quick_gelu, eps=1e-5, patch_bias=False, norm_before=True)
