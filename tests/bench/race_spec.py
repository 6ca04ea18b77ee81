"""The race of the `spec` profile, on seeded weights: what it costs, not what a clip is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from tests.bench import one_by_one_spec, seeded_networks
from tests.bench.race import HEIGHT, WIDTH, Bench
from tests.support import onnx_files
from workers.scoring.profiles import SPEC

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from numpy.typing import NDArray

    from models.metrics import Profile
    from tests.bench.one_by_one import OneByOne

WEIGHTS = (
    "seeded weights in upstream's formats, DINO ViT-B/16 and CLIP ViT-B/32 at full size; ArcFace's two "
    "networks are small ones that find red squares: faces, which both sides embed alike, cost less than with "
    "the real ones, and the panel looks the better for it"
)
#: side of the square that the seeded detector finds, in a frame that is fitted into its 640 px
_SQUARE_PX = onnx_files.FACE_PX * WIDTH // 640
#: what is left of red elsewhere, so that nothing else is taken for a face
_MOST_RED = 150


class SpecBench(Bench):
    """The clip of the other race with a red square for each of its people, on a folder of seeded files."""

    profile: ClassVar[Profile] = SPEC
    identity: ClassVar[str] = "arcface-buffalo_l"

    @classmethod
    def catalogue(cls, networks: Path) -> AbstractContextManager[None]:
        """Inside, the catalogue of this process describes the seeded files."""
        return seeded_networks.known(networks)

    @classmethod
    def usual_way(cls, networks: Path) -> OneByOne:
        """timm, open_clip and insightface."""
        return one_by_one_spec.spec(networks, WIDTH, HEIGHT)

    def drawn(self) -> Iterator[NDArray[np.uint8]]:
        """The frames of the clip; the squares wander two pixels a frame."""
        one, other = self.cast.characters
        for index, frame in enumerate(super().drawn()):
            shown = frame.copy()
            shown[..., 0] = np.minimum(shown[..., 0], _MOST_RED)
            for number, left, top in ((one, 160 + 2 * index, 256), (other, 960 - 2 * index, 352)):
                square = onnx_files.somebody(number, _SQUARE_PX)
                shown[top : top + _SQUARE_PX, left : left + _SQUARE_PX] = square
            yield shown

    def pictures_of(self, number: int) -> list[NDArray[np.uint8]]:
        """The square of one of them, alone."""
        return [onnx_files.picture((number, 240, 160), side_px=onnx_files.FACE_PX)]
