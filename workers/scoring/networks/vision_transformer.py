"""The vision transformer that DINO and CLIP share: patches, a class token, encoder layers, one vector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Activation = Callable[[torch.Tensor], torch.Tensor]

#: numbers that one attention head looks at, in every network of this family
_HEAD = 64
#: what DINO's authors add to the grid they interpolate to; with it their numbers come out, without it others
_GRID_NUDGE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class VitShape:
    """The sizes of one network; its file must agree with them."""

    patch_px: int
    width: int  #: numbers per token
    depth: int  #: encoder layers
    #: side of the square pictures it was trained on; larger or longer ones spread the position embedding
    side_px: int = 224
    #: numbers answered after a last projection; None answers the class token itself
    answer: int | None = None

    @property
    def grid(self) -> int:
        """Patches along one side of the training picture."""
        return self.side_px // self.patch_px


@dataclass(frozen=True, slots=True, kw_only=True)
class VitNames:
    """What one network's authors call what is ours by another name."""

    layers: str  #: what stands before a layer's number, with its dot
    top: Mapping[str, str]
    layer: Mapping[str, str]  #: inside a layer


class VisionTransformer(nn.Module):
    """Pictures `(N, 3, H, W)`, prepared as the network wants them, to vectors `(N, D)` of length 1."""

    def __init__(
        self, shape: VitShape, activation: Activation, *, eps: float, patch_bias: bool, norm_before: bool
    ) -> None:
        """`norm_before`: tokens are normalised before the first layer too, as in CLIP."""
        super().__init__()
        width = shape.width
        self._grid = shape.grid
        self.patches = nn.Conv2d(3, width, shape.patch_px, stride=shape.patch_px, bias=patch_bias)
        self.class_token = nn.Parameter(torch.zeros(width))
        self.positions = nn.Parameter(torch.zeros(1 + shape.grid**2, width))
        self.norm_before = nn.LayerNorm(width, eps=eps) if norm_before else nn.Identity()
        self.layers = nn.Sequential(*(_Layer(width, activation, eps) for _ in range(shape.depth)))
        self.norm_after = nn.LayerNorm(width, eps=eps)
        self.projection = nn.Parameter(torch.zeros(width, shape.answer)) if shape.answer else None

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """The vectors, always float32, whatever the matrices are multiplied in."""
        patches: torch.Tensor = self.patches(pictures)
        rows, columns = patches.shape[-2:]
        first = self.class_token.expand(len(patches), 1, -1)
        tokens = torch.cat([first, patches.flatten(2).transpose(1, 2).float()], dim=1)
        tokens = self.layers(self.norm_before(tokens + self._spread(rows, columns)))
        vectors: torch.Tensor = self.norm_after(tokens[:, 0])
        if self.projection is not None:
            vectors = vectors @ self.projection
        return functional.normalize(vectors.float(), dim=-1)

    def _spread(self, rows: int, columns: int) -> torch.Tensor:
        """The position embedding `(1 + rows * columns, D)` of a grid, bicubic between the trained ones."""
        if (rows, columns) == (self._grid, self._grid):
            return self.positions
        trained = self.positions[1:].T.reshape(1, -1, self._grid, self._grid)
        scale = tuple((length + _GRID_NUDGE) / self._grid for length in (rows, columns))
        spread = functional.interpolate(trained, scale_factor=scale, mode="bicubic")
        return torch.cat([self.positions[:1], spread.flatten(2)[0].T])


class _Layer(nn.Module):
    """One encoder layer: every token looks at all others, then is worked on by itself.

    torch's own layer does the same sums, but keeps its matrices where `torch_device.settled` cannot exchange
    them for quicker ones.
    """

    def __init__(self, width: int, activation: Activation, eps: float) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=eps), nn.LayerNorm(width, eps=eps)
        self.attention_in, self.attention_out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.linear1, self.linear2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self._activation = activation

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pictures, tokens, width = x.shape
        heads = self.attention_in(self.norm1(x)).view(pictures, tokens, 3, width // _HEAD, _HEAD)
        query, key, value = heads.permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(query, key, value)
        x = x + self.attention_out(seen.transpose(1, 2).reshape(pictures, tokens, width))
        worked: torch.Tensor = self.linear2(self._activation(self.linear1(self.norm2(x))))
        return x + worked


def renamed(state: Mapping[str, torch.Tensor], names: VitNames) -> dict[str, torch.Tensor]:
    """The file's names turned into ours; what is not known keeps its name, so that it is refused by it."""
    ours = {}
    for name, value in state.items():
        number, _, rest = name.removeprefix(names.layers).partition(".")
        if name.startswith(names.layers) and rest in names.layer:
            ours[f"layers.{number}.{names.layer[rest]}"] = value
        else:
            ours[names.top.get(name, name)] = value
    return ours


def quick_gelu(x: torch.Tensor) -> torch.Tensor:
    """The cheaper GELU that OpenAI trained CLIP with; the exact one gives other vectors."""
    return x * torch.sigmoid(1.702 * x)
