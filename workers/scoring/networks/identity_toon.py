"""Who a drawn character is: a learnt projection of what EfficientNet-lite0 and plain colour see of the head.

Learnt from the procedural renderer's own characters by `training.identity`, so it judges the renderer it learnt
from and no other; its error rates on characters it has not seen lie beside it in `toon_id.json`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from workers.scoring.frames import square_around
from workers.scoring.networks.head_colours import colours
from workers.scoring.networks.heads import Head, HeadMap
from workers.scoring.networks.network import Directions, Face
from workers.scoring.networks.projection import Projection, learnt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from workers.scoring.networks.efficientnet_lite0 import EfficientNetLite0, Features

NAME = "toon-id"
FILE = Path(__file__).parent.parent / "toon_id.npz"
#: the crop is this much wider than the head, so that hair that falls to the shoulders is seen
_MARGIN = 1.3
_CROP_PX = 160
#: heads looked at in one picture; a crowd has more, a cut expects fewer
_MOST_HEADS = 6


class IdentityToon(Directions):
    """Vectors of heads; the cosine of two says how surely they are one character."""

    name = NAME

    def __init__(self, lite0: EfficientNetLite0, file: Path = FILE) -> None:
        self.sha256, arrays = learnt(file, lite0)
        self.device = lite0.device
        self._lite0 = lite0
        self._projection = Projection(arrays)
        self._map = HeadMap({k.removeprefix("map_"): v for k, v in arrays.items() if k.startswith("map_")})

    @property
    def size(self) -> int:
        """How many numbers a vector has."""
        return self._projection.size

    def heads(self, picture: NDArray[np.uint8]) -> list[Head]:
        """Heads in a picture `(H, W, 3)` uint8 RGB, the surest first."""
        return self._map.find(self._lite0, picture)

    def embed(self, picture: NDArray[np.uint8], heads: list[Head]) -> NDArray[np.float32]:
        """One vector of length 1 for each of these heads, `(K, D)`.

        Each head is seen as it is and in a mirror: the mean of both errs a tenth less often, because a parting
        or a ribbon on the other side is then no other person.
        """
        if not heads:
            return np.zeros((0, self._projection.size), np.float32)
        squares = [crop(picture, head) for head in heads]
        seen = describe(self._lite0, [*squares, *(mirrored(square) for square in squares)])
        return self._projection((seen[: len(heads)] + seen[len(heads) :]) * np.float32(0.5))

    def look(self, picture: NDArray[np.uint8], most: int = _MOST_HEADS) -> list[Face]:
        """At most `most` heads of a picture `(H, W, 3)` uint8 RGB, the surest first."""
        heads = self.heads(picture)[:most]
        return [
            Face(head.x, head.y, head.width, head.height, head.score, vector)
            for head, vector in zip(heads, self.embed(picture, heads), strict=True)
        ]


def mirrored(square: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same head looking the other way."""
    return np.ascontiguousarray(square[:, ::-1])


def crop(picture: NDArray[np.uint8], head: Head) -> NDArray[np.uint8]:
    """The square around a head, `(160, 160, 3)`; beyond the picture's edge the edge goes on."""
    side = max(8, round(_MARGIN * max(head.width, head.height)))
    return square_around(picture, head.x, head.y, side, _CROP_PX)


def describe(lite0: EfficientNetLite0, squares: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Everything seen of cropped heads, `(K, F)`: shapes by place, and colours in zones."""
    held = np.stack([colours(square, _MARGIN) for square in squares])
    return np.concatenate([_shapes(lite0.parts(squares)), held], axis=1).astype(np.float32)


def _shapes(features: Features) -> NDArray[np.float32]:
    """Layers pooled on a 4 x 4 grid, `(K, 2816)`; late layers name things, and everybody is a person."""
    pooled = [
        functional.adaptive_avg_pool2d(layer, 4).flatten(1)
        for layer in (features.fine, features.middle, features.coarse)
    ]
    vectors = torch.cat(pooled, dim=1).cpu()
    return np.asarray(vectors.numpy(), dtype=np.float32)
