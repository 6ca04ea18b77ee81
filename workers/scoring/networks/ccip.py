"""CCIP: who a drawn character is, learnt by deepghs from anime pictures, with a person detector before it.

Three files make its numbers: the detector finds each person, the features describe the cut-out person, and a
small head says how different two descriptions are.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from models.disk import sha256_of
from models.errors import NotMeasured
from workers.scoring import metrics
from workers.scoring.networks.anime_person import AnimePerson
from workers.scoring.networks.network import Directions, Face
from workers.scoring.networks.onnx_session import (
    device_of,
    open_session,
    require_shapes,
    translated_memory_errors,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from workers.scoring.networks.anime_person import Person

    Picture = NDArray[np.uint8]
    Floats = NDArray[np.float32]

DIFFERENCES = "ccip-metrics"
SIDE_PX = 384
NUMBERS = 768
#: mean and deviation of the pictures that CLIP, and after it CCIP, learnt from
_MEAN = np.array([0.48145466, 0.4578275, 0.40821073], dtype=np.float32)
_DEVIATION = np.array([0.26862954, 0.26130258, 0.27577711], dtype=np.float32)
_MOST_PEOPLE = 6
#: pictures whose people are described together on a GPU; a CPU gains nothing
_GPU_BATCH = 8


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the networks that its authors trained."""

    name: str
    entry: str  #: of `networks.toml`, for `model_feat.onnx`; the head is the same in all
    #: the difference up to which its authors call two pictures one character: the best F1 on their pictures
    same: float


PRUNED = Variant("ccip-caformer-24-randaug-pruned", "ccip", 0.1785)
B36 = Variant("ccip-caformer_b36-24", "ccip-caformer_b36-24", 0.2132)


class Ccip(Directions):
    """Vectors of drawn people; likeness is 1 minus the difference that its own head tells."""

    def __init__(
        self,
        variant: Variant,
        *,
        features: Path,
        differences: Path,
        person: Path,
        device: str | None = None,
    ) -> None:
        """The three files: `model_feat.onnx`, `model_metrics.onnx` and the person detector.

        Raises:
            NotMeasured: a file is damaged or holds another network.
        """
        self.name = variant.name
        #: the likeness from which a character passes, and below which a reference picture shows another
        self.outlier = 1.0 - variant.same
        self._person = AnimePerson(person, device)
        self._features = open_session(features.read_bytes(), variant.entry, device)
        require_shapes(self._features, variant.entry, input_px=SIDE_PX, outputs=1)
        # Three operations on a few numbers: carrying them to a GPU and back would take longer.
        self._differences = open_session(differences.read_bytes(), DIFFERENCES, "cpu")
        require_shapes(self._differences, DIFFERENCES, input_px=None, outputs=1)
        hashes = " ".join(sha256_of(file) for file in (features, differences, person))
        self.sha256 = hashlib.sha256(hashes.encode()).hexdigest()
        self.device = device_of(self._features)
        # Asked once now, so that another network is refused before any frame was looked at.
        probe = self.describe([np.zeros((SIDE_PX, SIDE_PX, 3), np.uint8)])
        if probe.shape != (1, NUMBERS) or self.likeness(probe, probe).shape != (1, 1):
            raise NotMeasured(
                f"The file of {variant.entry} or of {DIFFERENCES} holds another network.",
                hint=f"Run `farm networks pull {variant.entry} {DIFFERENCES}`.",
            )
        #: how many pictures `look_at_all` should be given at once
        self.batch = _GPU_BATCH if self.device == "cuda" else 1

    def look(self, picture: Picture, most: int = _MOST_PEOPLE) -> list[Face]:
        """At most `most` people of a picture `(H, W, 3)` uint8 RGB, the surest first."""
        return self.look_at_all([picture], most)[0]

    def look_at_all(self, pictures: Sequence[Picture], most: int = _MOST_PEOPLE) -> list[list[Face]]:
        """The people of each picture `(H, W, 3)` uint8 RGB, described together."""
        with translated_memory_errors():
            people_of_each = [self._person.find(picture)[:most] for picture in pictures]
            crops = [
                picture[person.top : person.bottom, person.left : person.right]
                for picture, people in zip(pictures, people_of_each, strict=True)
                for person in people
            ]
            vectors = iter(self.describe(crops))
        return [[_face(person, next(vectors)) for person in people] for people in people_of_each]

    def describe(self, crops: Sequence[Picture]) -> Floats:
        """Cut-out people `(h, w, 3)` uint8 RGB as vectors `(K, 768)` of length 1."""
        if not crops:
            return np.zeros((0, NUMBERS), np.float32)
        batch = np.stack([prepared(crop) for crop in crops])
        (raw,) = self._features.run(None, {self._features.get_inputs()[0].name: batch})
        return metrics.normalised(raw).astype(np.float32)

    def likeness(self, references: Floats, vectors: Floats) -> Floats:
        """1 minus the difference, `(C, K)` in 0..1; the head compares all with all, here one block counts."""
        everybody = np.concatenate([references, vectors]).astype(np.float32)
        (table,) = self._differences.run(None, {self._differences.get_inputs()[0].name: everybody})
        return np.asarray(1.0 - table[: len(references), len(references) :], dtype=np.float32)


def prepared(crop: Picture) -> Floats:
    """A cut-out person `(h, w, 3)` uint8 RGB as the network takes it: stretched to `(3, 384, 384)`."""
    square = Image.fromarray(np.ascontiguousarray(crop)).resize((SIDE_PX, SIDE_PX), Image.Resampling.BILINEAR)
    scaled = np.asarray(square, dtype=np.float32) / np.float32(255.0)
    return np.ascontiguousarray(((scaled - _MEAN) / _DEVIATION).transpose(2, 0, 1))


def _face(person: Person, vector: Floats) -> Face:
    return Face(
        x=(person.left + person.right) / 2,
        y=(person.top + person.bottom) / 2,
        width=float(person.right - person.left),
        height=float(person.bottom - person.top),
        score=person.score,
        vector=vector,
    )
