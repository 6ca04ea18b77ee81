"""Where and in which light a picture plays, whatever characters are in it: a learnt projection, as for style.

EfficientNet-lite0 by itself sees the framing before the place: the cosine of two cuts of one scene (0.53 to
0.75) is no better than that of two scenes. Learnt by `training.scene` from the renderer's own scenes, seen
with other people and cameras each time, so it judges that renderer and no other.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workers.scoring.networks.style_toon import StyleToon

if TYPE_CHECKING:
    from workers.scoring.networks.efficientnet_lite0 import EfficientNetLite0

NAME = "toon-scene"
FILE = Path(__file__).parent.parent / "toon_scene.npz"


class SceneToon(StyleToon):
    """Vectors of pictures; the cosine of two says how surely they show one scene."""

    name = NAME

    def __init__(self, lite0: EfficientNetLite0, file: Path = FILE) -> None:
        super().__init__(lite0, file)
