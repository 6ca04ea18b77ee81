"""How different two pictures look, by LPIPS, with the network loaded when the first two differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.errors import NotMeasured
from workers.scoring.frames import SHORT_SIDE_PX, short_side

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from workers.scoring.networks.network import PairNetwork
    from workers.scoring.networks.shelf import Shelf

NETWORK = "lpips-alex"


class PictureDistance:
    """LPIPS of two frames `(H, W, 3)` uint8 RGB of one size, 0 upwards; None where nothing can measure it."""

    def __init__(self, shelf: Callable[[], Shelf]) -> None:
        self._shelf = shelf
        self._network: PairNetwork | None = None
        #: one sentence: why there is no distance; empty before the first call
        self.why_not = ""

    def __call__(self, one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float | None:
        network = self._opened()
        if network is None:
            return None
        # LPIPS depends on size, so all pictures are compared at the one at which clips are measured.
        features = [network.features(short_side(picture, SHORT_SIDE_PX)) for picture in (one, other)]
        return network.distance(*features)

    def _opened(self) -> PairNetwork | None:
        if self._network is None and not self.why_not:
            try:
                self._network = self._shelf().pairs(NETWORK)
            except NotMeasured as error:
                self.why_not = error.message
        return self._network
