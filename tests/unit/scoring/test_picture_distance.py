"""LPIPS between the frames of two takes: loaded when frames first differ, at one size, or not measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workers.scoring.networks.shelf import Shelf
from workers.scoring.picture_distance import PictureDistance

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


class Apart:
    """Stands in for the network: mean difference of what it was shown."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def features(self, picture: NDArray[np.uint8]) -> NDArray[np.float64]:
        self.shapes.append(picture.shape)
        return picture.astype(np.float64)

    def distance(self, one: Any, other: Any) -> float:
        return float(np.abs(one - other).mean())


def frame(level: int) -> NDArray[np.uint8]:
    return np.full((96, 128, 3), level, np.uint8)


def test_both_frames_are_shown_at_the_size_at_which_clips_are_measured() -> None:
    network = Apart()

    class Only(Shelf):
        def pairs(self, name: str) -> Any:
            assert name == "lpips-alex"
            return network

    distance = PictureDistance(lambda: Only.__new__(Only))

    assert distance(frame(10), frame(13)) == 3.0
    assert network.shapes == [(256, 341, 3)] * 2


def test_without_its_network_it_says_why_and_gives_no_number(tmp_path: Path) -> None:
    opened: list[Shelf] = []

    def shelf() -> Shelf:
        opened.append(Shelf(tmp_path))
        return opened[-1]

    distance = PictureDistance(shelf)
    assert (opened, distance.why_not) == ([], "")

    assert [distance(frame(1), frame(2)), distance(frame(1), frame(3))] == [None, None]
    assert distance.why_not == "The network lpips-alex is not installed."
    assert len(opened) == 1
