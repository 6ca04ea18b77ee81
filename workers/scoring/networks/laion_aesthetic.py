"""LAION's aesthetic head: one number from 0 to 10 for how much people would like a picture."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from models.disk import sha256_of
from models.errors import NotMeasured
from workers.scoring.networks.state_dict import read_state

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from workers.scoring.networks.network import Embedder

NAME = "clip-l14-laion"
ENTRY = "laion-aesthetic"


class LaionAesthetic:
    """The linear head `sa_0_4_vit_l_14_linear` over vectors of length 1 of CLIP ViT-L/14."""

    name = NAME

    def __init__(self, clip: Embedder, path: Path, numbers: int = 768) -> None:
        """`numbers` is the length of the vectors of `clip`; raises NotMeasured when the file has another."""
        head = sha256_of(path)
        self.sha256 = hashlib.sha256(f"{head} {clip.sha256}".encode()).hexdigest()
        self._clip = clip
        self.device = clip.device
        self._weight, self._bias = _read(path, numbers)

    def rate(self, picture: NDArray[np.uint8]) -> float:
        """About 0 to 10 for a picture `(H, W, 3)` uint8 RGB, higher is better; most pictures lie at 4 to 7."""
        vector = self._clip.embed(picture).astype(np.float64)
        return float(self._weight @ (vector / np.linalg.norm(vector))) + self._bias


def _read(path: Path, numbers: int) -> tuple[NDArray[np.float64], float]:
    state = read_state(path, ENTRY)
    shapes = {name: tuple(tensor.shape) for name, tensor in state.items()}
    if shapes != {"weight": (1, numbers), "bias": (1,)}:
        raise NotMeasured(
            f"{path.name} holds another head than one number from {numbers}: {shapes}.",
            hint=f"Pull it again with `farm networks pull {ENTRY}`.",
        )
    return np.asarray(state["weight"][0].double().numpy(), dtype=np.float64), float(state["bias"][0])
