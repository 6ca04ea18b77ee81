"""Where a clip is cut: every metric is measured inside one shot, a cut is never bad motion."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from workers.scoring.frames import Frame
    from workers.scoring.networks.network import ShotFinder

#: a shot has at least this many frames, a third of a second; frames out of order look like a flurry of cuts
#: and must not be excused as such
MIN_SHOT_FRAMES = 8
#: mean difference of two neighbouring thumbnails, in levels of 255, under which no cut can lie between them.
#: Cuts were seen from 13.9 (two cuts of one drawn scene) to 82 (film), good takes of the renderer up to 3.5,
#: film with a shaking camera up to 20.
SUSPICIOUS_STEP = 6.0
_THUMBNAIL_PX = (48, 27)
#: probability from which a frame is the last one of its shot
_SURE = 0.5


@dataclass(frozen=True, slots=True)
class Shots:
    """The shots of a clip, by the frames at which a new one begins."""

    #: number of the first frame of each shot but the first, rising
    cuts: tuple[int, ...] = ()
    #: False when cuts were not looked for, and the clip is only assumed to be one shot
    looked_for: bool = True
    #: where cuts were not looked for: frames that differ from the one before as much as after a cut
    suspicious: tuple[int, ...] = ()

    def shot_of(self, frame: int) -> int:
        """Which shot, counted from 0, a frame belongs to.

        >>> Shots((10, 20)).shot_of(10)
        1
        """
        return bisect_right(self.cuts, frame)

    def together(self, *frames: int) -> bool:
        """Whether all these frames belong to one shot."""
        return len({self.shot_of(frame) for frame in frames}) == 1

    def ranges(self, length: int) -> list[range]:
        """The frame numbers of each shot of a clip of that length.

        >>> Shots((10,)).ranges(16)
        [range(0, 10), range(10, 16)]
        """
        edges = (0, *(cut for cut in self.cuts if cut < length), length)
        return [range(first, after) for first, after in pairwise(edges)]


class ShotSeeker:
    """Sees each frame once and finds the cuts; holds a hundred thumbnails, however long the clip is.

    The network looks only where two neighbouring thumbnails differ enough for a cut; most takes have no such
    place, and looking everywhere would cost half as much as the whole panel. Slow dissolves are no cuts here.
    Without a network only those places are told: there nobody knows whether a cut lies.
    """

    def __init__(self, network: ShotFinder | None) -> None:
        self._network = network
        self._kept: list[NDArray[np.uint8]] = []  #: thumbnails of the frames from `_start` on
        self._start = 0
        self._frames = 0
        self._judged = 0  #: frames of which it is known whether they end their shot
        self._suspicious: list[int] = []  #: frames that differ much from the one before
        self._ends: list[NDArray[np.float32]] = []  #: how surely each frame ends its shot

    def see(self, frame: Frame) -> None:
        """Take the next frame, and look at the next fifty once enough is seen around them."""
        if frame.held and self._kept:
            thumbnail = self._kept[-1]
        else:
            thumbnail = np.asarray(cv2.resize(frame.small, _THUMBNAIL_PX, interpolation=cv2.INTER_AREA))
            if self._kept and _differ(self._kept[-1], thumbnail) >= SUSPICIOUS_STEP:
                self._suspicious.append(self._frames)
        self._kept.append(thumbnail)
        self._frames += 1
        if self._network is None:
            del self._kept[:-1]
        elif self._frames == self._judged + self._network.step + self._network.margin:
            self._judge(self._network)

    def finish(self) -> Shots:
        """The shots of the frames so far."""
        if self._network is None:
            return Shots(looked_for=False, suspicious=tuple(self._suspicious))
        while self._judged < self._frames:
            self._judge(self._network)
        if not self._ends:
            return Shots()
        cuts = beginnings(np.concatenate(self._ends)[: self._frames])
        return Shots(merged(cuts, self._frames))

    def _judge(self, network: ShotFinder) -> None:
        """Say of the next fifty frames whether each ends its shot."""
        first, after = self._judged, self._judged + network.step
        # Between the last of the fifty and the next one may lie a cut as well.
        if any(first < frame <= after for frame in self._suspicious):
            wanted = range(first - network.margin, after + network.margin)
            window = [self._kept[self._place(frame)] for frame in wanted]
            self._ends.append(network.probabilities(window))
        else:
            self._ends.append(np.zeros(network.step, dtype=np.float32))
        self._judged = after
        needed = max(0, after - network.margin)
        del self._kept[: needed - self._start]
        self._start = needed

    def _place(self, frame: int) -> int:
        """Where the thumbnail of a frame is kept; beyond either end the last picture goes on."""
        return min(max(frame, 0), self._frames - 1) - self._start


def cuts(network: ShotFinder, thumbnails: Sequence[NDArray[np.uint8]]) -> tuple[int, ...]:
    """Numbers of the frames at which a new shot begins, from a clip's thumbnails `(27, 48, 3)` uint8 RGB."""
    if not thumbnails:
        return ()
    last, width = len(thumbnails) - 1, network.step + 2 * network.margin
    ends = [
        network.probabilities([thumbnails[min(max(index, 0), last)] for index in range(start, start + width)])
        for start in range(-network.margin, len(thumbnails) - network.margin, network.step)
    ]
    return beginnings(np.concatenate(ends)[: len(thumbnails)])


def beginnings(ends: NDArray[np.float32]) -> tuple[int, ...]:
    """Where new shots begin, from how surely each frame `(T,)` ends one: after each run of sure frames.

    >>> beginnings(np.array([0.1, 0.9, 0.0, 0.2, 0.8, 0.7, 0.1]))
    (2, 6)
    """
    sure = ends > _SURE
    return tuple(int(last) + 1 for last in np.flatnonzero(sure[:-1] & ~sure[1:]))


def merged(cuts: Sequence[int], length: int) -> tuple[int, ...]:
    """The cuts that are left when every shot shorter than `MIN_SHOT_FRAMES` joins the one before it.

    A short first shot joins the one after it.

    >>> merged((30, 60, 63, 66), 100)
    (30, 66)
    """
    kept: list[int] = []
    for cut, after in pairwise((*cuts, length)):
        if after - cut >= MIN_SHOT_FRAMES and cut >= MIN_SHOT_FRAMES:
            kept.append(cut)
    return tuple(kept)


def _differ(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    return float(cv2.absdiff(one, other).mean())
