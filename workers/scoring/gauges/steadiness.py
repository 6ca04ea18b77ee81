"""luma_flicker, jitter and frame_order: what LPIPS and smoothness let through."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.metrics import Measurement, Metric
from workers.scoring import diagnostics
from workers.scoring.gauges.gauge import STATIC, measured, not_measured
from workers.scoring.shifts import NOT_FOLLOWED, ShiftFinder
from workers.scoring.standing import share_standing, standing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workers.scoring.frames import Frame
    from workers.scoring.shots import Shots

#: 1 had one shift of the whole picture, absolute luma, and excused no hold; 2 of jitter took what half of the
#: picture did for the camera's
_FORMULAS = {Metric.LUMA_FLICKER: "2", Metric.JITTER: "3", Metric.FRAME_ORDER: "2"}
#: the longer side of a picture that is followed; no film is longer, and a damaged file may say that it is
_LONGEST_PX = 1024
_ONE_BRIGHTNESS = "Only colours change, and order is told by brightness."


class SteadinessGauge:
    """luma_flicker, jitter and frame_order over the distinct frames."""

    def __init__(self) -> None:
        self._window: list[NDArray[np.float32]] = []
        self._frames: list[int] = []  #: numbers of the distinct frames
        self._means: list[float] = []
        self._greys: list[NDArray[np.float32]] = []  #: the last three distinct frames, short side at 256 px
        self._shifts: list[NDArray[np.float64]] = []  #: of each block, (12, 2)
        self._stood: NDArray[np.float32] | None = None  #: which cells did, up to the last distinct frame
        self._standing: list[float] = []
        self._steps: list[float] = []
        self._skips: list[float] = []
        self._finder = ShiftFinder()

    def see(self, frame: Frame) -> None:
        """Compare this frame with the two distinct ones before it."""
        if frame.held:
            return
        mean = float(frame.luma.mean())
        # Of equal brightness, so that a fade or a flicker does not enter into how far frames are apart.
        luma = frame.luma * np.float32(0.5 / max(mean, diagnostics.DARK))
        self._frames.append(frame.index)
        self._means.append(mean)
        if self._window:
            self._steps.append(_distance(self._window[-1], luma))
        if len(self._window) == 2:
            self._skips.append(_distance(self._window[0], luma))
        self._window = [*self._window[-1:], luma]
        self._follow(frame)

    def _follow(self, frame: Frame) -> None:
        """What stayed since the distinct frame before, and where the picture went if nothing did.

        To follow a picture costs three times as much as to see that it stands, and most do.
        """
        grey = cv2.cvtColor(_in_reach(frame.small), cv2.COLOR_RGB2GRAY).astype(np.float32) / np.float32(255.0)
        self._greys = [*self._greys[-2:], grey]
        if len(self._greys) == 1:
            return
        self._shifts.append(NOT_FOLLOWED)
        stands = standing(*self._greys[-2:])
        if self._stood is not None:
            self._standing.append(share_standing(self._stood, stands))
            if self._standing[-1] < diagnostics.STANDS:
                self._shifts[-2:] = map(self._followed, self._shifts[-2:], self._greys, self._greys[1:])
        self._stood = stands

    def _followed(
        self, known: NDArray[np.float64], before: NDArray[np.float32], after: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        return self._finder.shifts(before, after) if known is NOT_FOLLOWED else known

    def finish(self, shots: Shots) -> list[Measurement]:
        """All three, or that nothing moved; three frames that a cut divides say nothing."""
        threes = zip(self._frames, self._frames[1:], self._frames[2:], strict=False)
        inside = np.array([shots.together(*three) for three in threes], dtype=np.bool_)
        if not inside.any():
            return [
                not_measured(metric, STATIC)
                for metric in (Metric.LUMA_FLICKER, Metric.JITTER, Metric.FRAME_ORDER)
            ]
        frames = np.array(self._frames)
        where = diagnostics.Triples(middles=frames[1:-1], inside=inside, spans=frames[2:] - frames[:-2])
        summaries = {
            Metric.LUMA_FLICKER: diagnostics.luma_flicker(np.array(self._means), where),
            Metric.JITTER: diagnostics.jitter(np.array(self._shifts), np.array(self._standing), where),
            Metric.FRAME_ORDER: diagnostics.frame_order(np.array(self._steps), np.array(self._skips), where),
        }
        return [
            not_measured(metric, _ONE_BRIGHTNESS)
            if math.isnan(summary.value)
            else measured(metric, summary, formula=_FORMULAS[metric])
            for metric, summary in summaries.items()
        ]


def _in_reach(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture `(H, W, 3)`, made smaller where it is so long that following it would take gigabytes."""
    height, width = picture.shape[:2]
    if max(height, width) <= _LONGEST_PX:
        return picture
    share = _LONGEST_PX / max(height, width)
    # A block that is followed has 32 pixels a side.
    size = (max(32, round(width * share)), max(32, round(height * share)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _distance(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(np.abs(one - other).mean())
