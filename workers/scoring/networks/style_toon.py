"""How a picture is drawn, whatever it shows: a learnt projection of the statistics of early features.

Learnt by `training.style` from the procedural renderer's frames redrawn in foreign styles: what differs between
styles of one content stays, what differs between contents of one style is dropped.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch

from workers.scoring.frames import short_side
from workers.scoring.networks.projection import Projection, learnt

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workers.scoring.networks.efficientnet_lite0 import EfficientNetLite0

NAME = "toon-style"
FILE = Path(__file__).parent.parent / "toon_style.npz"
_SIDE_PX = 256


class StyleToon:
    """Vectors of pictures; the cosine of two says how alike they are drawn."""

    name = NAME

    def __init__(self, lite0: EfficientNetLite0, file: Path = FILE) -> None:
        self.sha256, arrays = learnt(file, lite0)
        self.device = lite0.device
        self._lite0 = lite0
        self._projection = Projection(arrays)

    def embed(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The vector `(D,)` of length 1 of a picture `(H, W, 3)` uint8 RGB."""
        vectors = self._projection(self.describe(self._lite0, picture)[None])
        return np.asarray(vectors[0], dtype=np.float32)

    @staticmethod
    def describe(lite0: EfficientNetLite0, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What is projected, here and in training: all that is seen of a picture, `(F,)`."""
        return statistics(lite0, short_side(picture, _SIDE_PX))


def statistics(lite0: EfficientNetLite0, small: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Mean, spread and correlation of early features, and of colour and fine detail, `(F,)`."""
    features = lite0.parts([small])
    parts = [_statistics(layer[0]) for layer in (features.fine, features.middle)]
    return np.concatenate([*parts, _surface(small)]).astype(np.float32)


def _statistics(layer: torch.Tensor) -> NDArray[np.float32]:
    """Means, log deviations and correlations of the channels of `(C, h, w)`."""
    flat = layer.flatten(1).cpu()
    mean, deviation = flat.mean(1), flat.std(1) + 1e-3
    unit = (flat - mean[:, None]) / deviation[:, None]
    gram = (unit @ unit.T) / flat.shape[1]
    upper = torch.triu_indices(len(flat), len(flat), offset=1)
    vector = torch.cat([mean, deviation.log(), gram[upper[0], upper[1]]])
    return np.asarray(vector.numpy(), dtype=np.float32)


def _surface(small: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Saturation and luma in quantiles, and how much detail there is at three scales."""
    hsv = cv2.cvtColor(small, cv2.COLOR_RGB2HSV)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    quantiles = np.arange(5, 100, 10)
    numbers = [*np.percentile(hsv[..., 1], quantiles) / 255.0, *np.percentile(grey, quantiles) / 255.0]
    for sigma in (1.0, 2.0, 4.0):
        detail = np.abs(grey - cv2.GaussianBlur(grey, (0, 0), sigma))
        numbers += [np.log(value + 0.1) for value in np.percentile(detail, (25, 50, 75, 90, 97))]
    return np.asarray(numbers, dtype=np.float32)
