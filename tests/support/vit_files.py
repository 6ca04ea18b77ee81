"""Seeded files in the formats of the upstream networks: DINO's, CLIP's, the LAION head's and AMT's."""

from __future__ import annotations

import functools
import warnings
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import torch
from torch import nn

if TYPE_CHECKING:
    from pathlib import Path

    from workers.scoring.networks.vision_transformer import VitShape

#: a prime number of random numbers, used again and again: drawing 300 million of them takes too long
_DICE = 1_000_003


def seeded(net: Any, seed: int = 0) -> Any:
    """The network with weights of a plausible size in place of its own, the same for one seed."""
    dice = torch.randn(_DICE, generator=torch.Generator().manual_seed(seed))
    net = net.to_empty(device="cpu") if next(net.parameters()).is_meta else net
    with torch.no_grad():
        for number, (name, weight) in enumerate(net.named_parameters()):
            numbers = dice.roll(number * 7919).repeat(-(-weight.numel() // _DICE))[: weight.numel()]
            if weight.ndim == 1 and name.endswith("weight"):
                weight.copy_(1.0 + 0.1 * numbers)
            else:
                weight.copy_(0.04 * numbers.reshape(weight.shape))
    return net.eval()


def timm_dino(shape: VitShape, size: tuple[int, int] = (224, 224)) -> Any:
    """timm's vision transformer of that shape for pictures of that size, without weights."""
    from timm.models.vision_transformer import VisionTransformer

    with torch.device("meta"):
        return VisionTransformer(
            img_size=size,
            patch_size=shape.patch_px,
            embed_dim=shape.width,
            depth=shape.depth,
            num_heads=shape.width // 64,
            num_classes=0,
            norm_layer=functools.partial(nn.LayerNorm, eps=1e-6),
        )


def timm_dino_of(file: Path, shape: VitShape, rows: int, columns: int) -> Any:
    """timm's vision transformer with the weights of DINO's file, for pictures of so many patches.

    The positions are spread as DINO's authors do: OpenCV's cubic kernel is torch's, and its `fx` is their scale
    with the tenth of a patch they add.
    """
    state = torch.load(file, weights_only=True)
    trained = state["pos_embed"][0, 1:].reshape(shape.grid, shape.grid, -1).numpy()
    wider, higher = (columns + 0.1) / shape.grid, (rows + 0.1) / shape.grid
    layers = [
        cv2.resize(layer, None, fx=wider, fy=higher, interpolation=cv2.INTER_CUBIC)
        for layer in np.ascontiguousarray(trained.transpose(2, 0, 1))
    ]
    spread = torch.from_numpy(np.stack(layers, axis=-1).reshape(1, rows * columns, -1))
    state["pos_embed"] = torch.cat([state["pos_embed"][:, :1], spread], dim=1)
    net = timm_dino(shape, (rows * shape.patch_px, columns * shape.patch_px))
    net.load_state_dict(state, assign=True)
    return net.eval().requires_grad_(False)


def open_clip_tower(shape: VitShape) -> Any:
    """open_clip's picture tower of that shape with the quick GELU, without weights."""
    from open_clip.transformer import QuickGELU, VisionTransformer

    with torch.device("meta"):
        return VisionTransformer(
            image_size=shape.side_px,
            patch_size=shape.patch_px,
            width=shape.width,
            layers=shape.depth,
            heads=shape.width // 64,
            mlp_ratio=4.0,
            output_dim=shape.answer,
            act_layer=QuickGELU,
        )


def write_dino(path: Path, shape: VitShape, seed: int = 0) -> Path:
    """A file like `dino_vitbase16_pretrain.pth`: a plain state dict."""
    torch.save(seeded(timm_dino(shape), seed).state_dict(), path)
    return path


def write_clip(path: Path, shape: VitShape, seed: int = 0, kind: torch.dtype = torch.float16) -> Path:
    """A file like OpenAI's `ViT-B-32.pt`: a TorchScript archive with the tower under `visual`."""
    return write_archive(path, {"visual": seeded(open_clip_tower(shape), seed).state_dict()}, kind)


def write_archive(
    path: Path, parts: dict[str, dict[str, torch.Tensor]], kind: torch.dtype = torch.float16
) -> Path:
    """A TorchScript archive of named tensors in named parts, beside what else CLIP's archives hold."""
    top = _Words()
    for part, tensors in parts.items():
        for name, tensor in tensors.items():
            *folders, leaf = f"{part}.{name}".split(".")
            here: nn.Module = top
            for folder in folders:
                if not hasattr(here, folder):
                    here.add_module(folder, nn.Module())
                here = getattr(here, folder)
            here.register_parameter(leaf, nn.Parameter(tensor.to(kind), requires_grad=False))
    with warnings.catch_warnings():
        # torch would rather see other formats written; this is the one upstream's files have.
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(top), str(path))
    return path


def write_head(path: Path, numbers: int = 768, seed: int = 0) -> Path:
    """A file like `sa_0_4_vit_l_14_linear.pth`: the state dict of one linear layer."""
    head = seeded(nn.Linear(numbers, 1), seed)
    with torch.no_grad():
        head.bias.fill_(5.0)
    torch.save(head.state_dict(), path)
    return path


def write_amt(path: Path, seed: int = 0) -> Path:
    """A file like `amt-s.pth`: a training checkpoint with the weights under `state_dict`."""
    from workers.scoring.networks.amt_layers import AmtLayers

    torch.save({"epoch": 299, "state_dict": seeded(AmtLayers(), seed).state_dict()}, path)
    return path


class _Words(nn.Module):
    """The words' half of CLIP, of which a few attributes of each kind are enough."""

    def __init__(self) -> None:
        super().__init__()
        self.context_length = 77
        self.sizes = [224, 224]
        self.logit_scale = nn.Parameter(torch.tensor(4.6))
        self.token_embedding = nn.Embedding(4, 8)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        return self.token_embedding(words) * self.logit_scale.exp() + self.sizes[0]
