"""Find drawn heads: a small learnt map over the features of EfficientNet-lite0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from workers.scoring.frames import of_height, short_side

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workers.scoring.networks.efficientnet_lite0 import EfficientNetLite0, Features

#: the map has a cell for each 8 x 8 pixels of the picture with this short side
_SIDE_PX = 256
#: a head that fills this share of the width is larger than any that was taught: sought in a smaller picture
_LARGE = 0.6
CELL_PX = 8
_COARSEST_PX = 32
#: a head is a cell at least this sure of itself; at 0.5 every third picture has a head that is none
THRESHOLD = 0.8
#: two boxes that share more than this of the smaller one are one head; in 70 pictures that lost no neighbour
_OVERLAP = 0.2


@dataclass(frozen=True, slots=True)
class Head:
    """Where a head is, in pixels of the picture that was looked at, and how sure the map is, 0..1."""

    x: float  #: centre
    y: float  #: centre
    width: float
    height: float
    score: float


def looked_at(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture `(H, W, 3)` uint8 RGB at the size at which heads are looked for, and the map was taught."""
    return short_side(picture, _SIDE_PX)


def _in_whole_cells(small: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture with its last row and column gone on until the coarsest cells come out even.

    Else the layers of `cells` do not lie upon each other: at 432x768 heads came out a fifth too narrow, at
    1152x480 a third too wide and to one side. Columns that lack less than a fine cell stay as the network's own
    margin fills them, to as many cells of both kinds: so the map was taught 16:9.
    """
    below, beside = (-side % _COARSEST_PX for side in small.shape[:2])
    return np.pad(small, ((0, below), (0, beside if beside >= CELL_PX else 0), (0, 0)), mode="edge")


def cells(features: Features) -> torch.Tensor:
    """One feature vector a cell, `(N, 264, h, w)`: small shapes, parts, and the parts around."""
    size = features.middle.shape[2:]
    around = functional.avg_pool2d(features.coarse, 5, 1, 2, count_include_pad=False)
    coarse, wide = (
        functional.interpolate(layer, size=size, mode="bilinear", align_corners=False)
        for layer in (features.coarse, around)
    )
    return torch.cat([features.middle, coarse, wide], dim=1)


class HeadMap:
    """Two layers over each cell: is a head's centre here, where exactly, how large."""

    def __init__(self, arrays: dict[str, NDArray[np.float32]]) -> None:
        self._arrays = {name: torch.from_numpy(array.astype(np.float32)) for name, array in arrays.items()}

    @torch.inference_mode()
    def find(self, lite0: EfficientNetLite0, picture: NDArray[np.uint8]) -> list[Head]:
        """Heads in a picture `(H, W, 3)` uint8 RGB, the surest first."""
        height, width = picture.shape[:2]
        heads = self._seen(lite0, looked_at(picture), height)
        if height <= width:
            return heads
        # An upright close-up shows a head half as large again, beside its short side, as any other picture.
        coarse = self._seen(lite0, of_height(picture, _SIDE_PX), height)
        large = [head for head in coarse if head.width >= _LARGE * width]
        # What the finer look sees of a large head is a part of it.
        others = (head for head in heads if all(_shared(head, each) < _OVERLAP for each in large))
        return sorted([*large, *others], key=lambda head: -head.score)

    def _seen(self, lite0: EfficientNetLite0, small: NDArray[np.uint8], height: int) -> list[Head]:
        """Heads of a picture made small, where they are in the one of this height."""
        answer = self.answers(cells(lite0.parts([_in_whole_cells(small)])))[0].cpu()
        return _boxes(answer.numpy(), height / small.shape[0])

    def answers(self, vectors: torch.Tensor) -> torch.Tensor:
        """`(N, 5, h, w)`: score 0..1, offset x and y in cells, log of width and height in cells."""
        a = {name: array.to(vectors.device) for name, array in self._arrays.items()}
        vectors = (vectors - a["mean"][None, :, None, None]) / a["deviation"][None, :, None, None]
        hidden = functional.relu(functional.conv2d(vectors, a["w1"][..., None, None], a["b1"]))
        out = functional.conv2d(hidden, a["w2"][..., None, None], a["b2"])
        return torch.cat([torch.sigmoid(out[:, :1]), out[:, 1:]], dim=1)


def _boxes(answer: NDArray[np.float32], scale: float) -> list[Head]:
    """Peaks of the map as boxes, the surest first, each head once."""
    score = answer[0]
    rows, columns = np.nonzero(score >= THRESHOLD)
    return _each_once(
        [
            _box(answer, int(row), int(column), CELL_PX * scale)
            for row, column in zip(rows, columns, strict=True)
        ]
    )


def _box(answer: NDArray[np.float32], row: int, column: int, unit: float) -> Head:
    """What a cell of `unit` pixels says of its head."""
    score, dx, dy, log_w, log_h = (float(value) for value in answer[:, row, column])
    return Head(
        x=(column + 0.5 + dx) * unit,
        y=(row + 0.5 + dy) * unit,
        width=float(np.exp(log_w)) * unit,
        height=float(np.exp(log_h)) * unit,
        score=score,
    )


def _each_once(boxes: list[Head]) -> list[Head]:
    """The boxes that share little with a surer one, the surest first."""
    heads: list[Head] = []
    for box in sorted(boxes, key=lambda box: -box.score):
        if all(_shared(box, other) < _OVERLAP for other in heads):
            heads.append(box)
    return heads


def _shared(one: Head, other: Head) -> float:
    """Share of the smaller box that lies in the larger."""
    x = min(one.x + one.width / 2, other.x + other.width / 2) - max(
        one.x - one.width / 2, other.x - other.width / 2
    )
    y = min(one.y + one.height / 2, other.y + other.height / 2) - max(
        one.y - one.height / 2, other.y - other.height / 2
    )
    smaller = min(one.width * one.height, other.width * other.height)
    return max(0.0, x) * max(0.0, y) / smaller
