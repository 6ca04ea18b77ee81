"""What every network is, and the few kinds of network that gauges ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from workers.scoring import metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]
    Floats = NDArray[np.float32]


class Network(Protocol):
    """A loaded network; what it answers differs, how a score names it does not."""

    @property
    def name(self) -> str:
        """The name that scores and marks carry, e.g. `lpips-alex`."""
        ...

    @property
    def sha256(self) -> str:
        """SHA-256 of the file, or over the files, that decide its numbers."""
        ...

    @property
    def device(self) -> str:
        """Where it really runs: `cpu`, `cuda`."""
        ...


@runtime_checkable
class Embedder(Network, Protocol):
    """Makes one vector of a whole picture."""

    def embed(self, picture: Picture) -> Floats:
        """The vector `(D,)` of a picture `(H, W, 3)` uint8 RGB; cosines compare two of them."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face or drawn head found in a picture."""

    x: float  #: centre, pixels
    y: float  #: centre, pixels
    width: float  #: pixels
    height: float  #: pixels
    score: float  #: how sure the detector is, 0..1
    vector: Floats  #: (D,), who it is


class Directions:
    """What networks share whose vectors have length 1, so that only their directions say who it is."""

    def likeness(self, references: Floats, vectors: Floats) -> Floats:
        """Cosines `(C, K)` of vectors of length 1."""
        return references @ vectors.T

    def average(self, vectors: Floats) -> Floats:
        """The mean direction `(D,)`, of length 1."""
        return metrics.normalised(vectors.mean(axis=0)).astype("float32")


@runtime_checkable
class FaceNetwork(Network, Protocol):
    """Finds faces and says who they are.

    One may also have `outlier`, the likeness below which two faces are two people; and, when it gains by
    several pictures at once, `batch`, how many, and `look_at_all(pictures, most)`.
    """

    def look(self, picture: Picture, most: int = 6) -> list[Face]:
        """At most `most` faces of a picture `(H, W, 3)` uint8 RGB, the surest first."""
        ...

    def likeness(self, references: Floats, vectors: Floats) -> Floats:
        """How alike references `(C, D)` and faces `(K, D)` are: `(C, K)`, at most 1, higher is more alike."""
        ...

    def average(self, vectors: Floats) -> Floats:
        """One reference `(D,)` of several faces `(K, D)` of one character."""
        ...


@runtime_checkable
class PairNetwork(Network, Protocol):
    """Says how different two pictures look; a picture's features are computed once for all its pairs."""

    def features(self, picture: Picture) -> Any: ...

    def distance(self, one: Any, other: Any) -> float:
        """0 upwards, lower is more alike."""
        ...


@runtime_checkable
class Interpolator(Network, Protocol):
    """Interpolates the frame between two frames."""

    def between(self, before: Picture, after: Picture) -> Picture: ...


@runtime_checkable
class Rater(Network, Protocol):
    """Gives a picture one number."""

    def rate(self, picture: Picture) -> float: ...


@runtime_checkable
class ShotFinder(Network, Protocol):
    """Finds the cuts of a clip."""

    @property
    def step(self) -> int:
        """How many frames one look judges."""
        ...

    @property
    def margin(self) -> int:
        """How many frames before them, and after them, it sees as well."""
        ...

    def probabilities(self, window: Sequence[Picture]) -> Floats:
        """How surely each of the judged frames ends its shot, `(step,)` in 0..1.

        `window` holds `margin + step + margin` thumbnails `(27, 48, 3)` uint8 RGB; beyond either end of a clip
        its last picture goes on.
        """
        ...
