"""Where and in which light a picture plays, whatever characters are in it: a learnt projection, as for style.

EfficientNet-lite0 by itself sees the framing before the place: the cosine of two cuts of one scene (0.53 to
0.75) is no better than that of two scenes. Learnt by `training.scene` from the renderer's own scenes in
pictures of every shape, seen with other people and cameras each time, so it judges that renderer and no other.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from workers.scoring.frames import of_height
from workers.scoring.networks.style_toon import StyleToon, statistics

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workers.scoring.networks.efficientnet_lite0 import EfficientNetLite0

NAME = "toon-scene"
_HEIGHT_PX = 256
#: values of each of red, green and blue that are told apart
_STEPS = 5
FILE = Path(__file__).parent.parent / "toon_scene.npz"


class SceneToon(StyleToon):
    """Vectors of pictures; the cosine of two says how surely they show one scene."""

    name = NAME

    def __init__(self, lite0: EfficientNetLite0, file: Path = FILE) -> None:
        super().__init__(lite0, file)

    @staticmethod
    def describe(lite0: EfficientNetLite0, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """At one height, so that what stands in a place has one size in pictures of every shape."""
        small = of_height(picture, _HEIGHT_PX)
        return np.concatenate([statistics(lite0, small), _colours(small)])


def _colours(small: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Roots of the shares of 125 colours, `(125,)`: a place has its colours wherever the camera looks."""
    steps = small.reshape(-1, 3).astype(np.int64) * _STEPS // 256
    counts = np.bincount(steps @ np.array([_STEPS**2, _STEPS, 1]), minlength=_STEPS**3)
    return np.sqrt(counts / len(steps)).astype(np.float32)
