"""What a take is held to: a character's vector, a style's centroid; frozen values that go to JSON and back."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from models.plain import plain_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

#: with fewer reference frames a style's own spread is a guess
MIN_STYLE_REFERENCES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class CharacterReference:
    """Who is expected in the picture, as one network knows them."""

    name: str
    vector: NDArray[np.float32]  #: (D,) of length 1
    network: str
    sha256: str
    #: attribute -> word: what the take was ordered to show, for an explanation beside identity
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outlier:
    """A picture that was named for a reference and not used."""

    position: int  #: in the list of pictures, counted from 0
    why: str  #: `no face`, `unlike the others` or `several people`


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityReference:
    """One character's vector, made from several pictures."""

    vector: NDArray[np.float32]  #: (D,) of length 1
    network: str
    sha256: str
    images_used: int
    #: pictures that were left out, each with the reason
    outliers: tuple[Outlier, ...]
    #: mean similarity of the used pictures to their own mean, -1..1; 1.0 with one picture
    baseline: float

    def to_bytes(self) -> bytes:
        """Little-endian float32, as the database keeps a vector."""
        return self.vector.astype("<f4").tobytes()

    def of(self, name: str) -> CharacterReference:
        return CharacterReference(name=name, vector=self.vector, network=self.network, sha256=self.sha256)


def vector_from_bytes(data: bytes) -> NDArray[np.float32]:
    """The inverse of `IdentityReference.to_bytes`."""
    return np.frombuffer(data, dtype="<f4").astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleReference:
    """What a project's pictures look like to one network: a centre, and the two ends of its scale."""

    centroid: NDArray[np.float32]  #: (D,) of length 1
    mu_pos: float  #: mean cosine of each reference to the centre of the others
    mu_neg: float  #: mean cosine of foreign styles to the centre
    n: int  #: reference frames used
    network: str
    sha256: str

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; the centre as base64 of little-endian float32."""
        centroid = base64.b64encode(self.centroid.astype("<f4").tobytes()).decode()
        return plain_fields(self) | {"centroid": centroid}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> StyleReference:
        """The inverse of `to_json`; raises KeyError or TypeError on anything else."""
        centroid = np.frombuffer(base64.b64decode(data["centroid"]), dtype="<f4").astype(np.float32)
        return cls(**{**data, "centroid": centroid})
