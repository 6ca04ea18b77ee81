"""What our own networks over EfficientNet-lite0 have in common: a file of learnt arrays, and a projection."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from models.errors import NotMeasured
from workers.scoring import metrics

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from workers.scoring.networks.efficientnet_lite0 import EfficientNetLite0


def learnt(file: Path, lite0: EfficientNetLite0) -> tuple[str, dict[str, NDArray[np.float32]]]:
    """The SHA-256 that decides a network's numbers, and the arrays it learnt.

    Raises:
        NotMeasured: the file is missing.
    """
    if not file.is_file():
        raise NotMeasured(f"{file.name} is missing.", hint="It is part of the package: install the farm again.")
    # Its numbers depend on the features under it as well, so both files make the hash.
    own = hashlib.sha256(file.read_bytes()).hexdigest()
    with np.load(file) as arrays:
        loaded = {name: arrays[name].astype(np.float32) for name in arrays.files}
    return hashlib.sha256(f"{own} {lite0.sha256}".encode()).hexdigest(), loaded


class Projection:
    """`(x - mean) @ matrix`, made length 1; the matrix is learnt."""

    def __init__(self, arrays: dict[str, NDArray[np.float32]]) -> None:
        self._mean, self._matrix = arrays["mean"], arrays["matrix"]
        self.size = int(self._matrix.shape[1])

    def __call__(self, raw: NDArray[np.float32]) -> NDArray[np.float32]:
        """Descriptions `(K, F)` -> vectors `(K, D)` of length 1."""
        return metrics.normalised((raw - self._mean) @ self._matrix).astype(np.float32)
