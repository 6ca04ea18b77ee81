"""The structural contract: what is checked of a take before any network sees it.

Higher is better everywhere, so that a mark is a lower limit:

| metric      | value                                                                              | limit |
| ----------- | ---------------------------------------------------------------------------------- | ----- |
| decodable   | 1.0 when every frame decodes, else 0.0                                             | 1.0   |
| frame_count | smaller / larger of ordered and found                                              | 1.0   |
| size        | shared area / larger area of ordered and found (smallest over frames)              | 1.0   |
| fps         | smaller / larger of ordered and found (worst step if uneven); only for motion      | 0.99  |
| blank       | standard deviation of luma in the flattest frame, luma in 0..1                     | 0.02  |
| frozen      | 1 - (longest held run - 1) / (frames - 1); 0.0 is one picture; only for motion     | 0.5   |
| sharpness   | median variance of the Laplacian of luma (0..255), short side at most 512 px        | 20.0  |

Animation on threes over 16 frames has a `frozen` of 0.87; half of a clip without any change has 0.5.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from models.metrics import STRUCTURE, Measurement, Metric
from workers.media.pace import Pace
from workers.media.pixels import require_rgb

if TYPE_CHECKING:
    from fractions import Fraction

    from numpy.typing import NDArray

#: the limits of the table above
RECOMMENDED_LIMITS = {
    Metric.DECODABLE: 1.0,
    Metric.FRAME_COUNT: 1.0,
    Metric.SIZE: 1.0,
    Metric.FPS: 0.99,
    Metric.BLANK: 0.02,
    Metric.FROZEN: 0.5,
    Metric.SHARPNESS: 20.0,
}
_FOR_MOTION = frozenset({Metric.FPS, Metric.FROZEN})
#: 1 believed the average rate, however unevenly frames came
_FPS_FORMULA = "2"
_SHARPNESS_SIDE_PX = 512
#: sharpness is costly and changes slowly: at most about this many frames of a clip are looked at
_SHARPNESS_SAMPLES = 24
#: blocks small enough to see a blink, and large enough to average a codec's noise away
_MIN_BLOCK_PX, _BLOCKS_A_SIDE = 8, 48
#: two frames are one held picture when no small block's mean luma differs by more grey levels than a codec adds
_HELD_LEVELS = 1.5


class StructureCheck:
    """Fed one frame at a time, says how a take stands against what was ordered."""

    def __init__(self, *, frames: int, width: int, height: int, fps: Fraction | int, motion: bool) -> None:
        """What was ordered: number of frames, size in pixels, rate, and whether it moves at all."""
        self._ordered = (frames, width, height, fps)
        self._motion = motion
        self._every = max(1, frames // _SHARPNESS_SAMPLES)
        self._seen = 0
        self._smallest_size = (1.0, (width, height))
        self._flattest = (float("inf"), 0)
        self._laplacians: list[float] = []
        self._held = _HeldRuns()

    def add(self, frame: NDArray[np.uint8]) -> None:
        """Look at the next frame, `(H, W, 3)` uint8 RGB."""
        require_rgb(frame)
        height, width, _ = frame.shape
        luma = Image.fromarray(frame).convert("L")
        _, ordered_width, ordered_height, _ = self._ordered
        overlap = _shared_area(width, height, ordered_width, ordered_height)
        self._smallest_size = min(self._smallest_size, (overlap, (width, height)))
        self._flattest = min(self._flattest, (luma_deviation(luma), self._seen))
        if self._seen % self._every == 0:
            self._laplacians.append(laplacian_variance(luma))
        if self._motion:
            self._held.add(luma)
        self._seen += 1

    def measurements(
        self, fps: Fraction, pace: Pace | None = None, drawings: int = 0
    ) -> tuple[Measurement, ...]:
        """Every structural metric of the frames so far; `fps` is what the file states, `pace` what it shows.

        `drawings` is how many pictures of an animated picture the frames come from; 0 where they are no such.

        A still has no `fps` and no `frozen`. No frame at all is `undecodable`.
        """
        if not self._seen:
            return undecodable("The file holds no picture.", motion=self._motion)
        measurements = [
            Measurement(metric=Metric.DECODABLE, value=1.0, detail={"frames": self._seen}),
            self._frame_count(fps, drawings),
            self._size(),
            self._blank(),
            self._sharpness(),
        ]
        if self._motion:
            measurements += [self._fps(fps, pace or Pace()), self._frozen()]
        return tuple(sorted(measurements, key=lambda measured: STRUCTURE.index(measured.metric)))

    def _frame_count(self, fps: Fraction, drawings: int) -> Measurement:
        expected = self._ordered[0]
        seen = f"{self._seen} {_plural(self._seen, 'frame')}"
        if drawings:
            lasts = f" for {float(self._seen / fps):.3g} s" if fps else ""
            seen += f" ({drawings} {_plural(drawings, 'drawing')}{lasts})"
        return _measured(
            Metric.FRAME_COUNT,
            _ratio(self._seen, expected),
            expected=expected,
            found=self._seen,
            text=f"{seen}, {expected} ordered",
        )

    def _size(self) -> Measurement:
        overlap, (width, height) = self._smallest_size
        _, ordered_width, ordered_height, _ = self._ordered
        return _measured(
            Metric.SIZE,
            overlap,
            expected=[ordered_width, ordered_height],
            found=[width, height],
            text=f"{width}x{height}, {ordered_width}x{ordered_height} ordered",
        )

    def _fps(self, fps: Fraction, pace: Pace) -> Measurement:
        expected, stated = round(float(self._ordered[3]), 3), round(float(fps), 3)
        value, text = _ratio(stated, expected), f"{stated:g} frames a second"
        if not pace.keeps(fps):
            # A damaged file may even go back in time.
            steps_s = (max(0.0, pace.shortest_s), pace.longest_s)
            value = min(_ratio(step_s * expected, 1.0) for step_s in steps_s)
            text += f" stated, but shown {pace} apart"
        text += f", {expected:g} ordered"
        measured = _measured(Metric.FPS, value, expected=expected, found=stated, text=text)
        return replace(measured, formula=_FPS_FORMULA)

    def _blank(self) -> Measurement:
        deviation, index = self._flattest
        return _measured(
            Metric.BLANK,
            deviation,
            worst_frame=index,
            text=f"luma of frame {index} varies by {deviation:.4f}",
        )

    def _frozen(self) -> Measurement:
        longest = self._held.longest
        value = 1.0 - (longest - 1) / (self._seen - 1) if self._seen > 1 else 0.0
        return _measured(
            Metric.FROZEN,
            value,
            longest_run=longest,
            longest_run_from=self._held.longest_from,
            pictures=self._held.runs,
            text=f"{longest} of {self._seen} frames in a row show the same picture",
        )

    def _sharpness(self) -> Measurement:
        value = float(np.median(self._laplacians))
        return _measured(
            Metric.SHARPNESS,
            value,
            sampled_frames=len(self._laplacians),
            every=self._every,
            text=f"variance of the Laplacian {value:.1f}",
        )


def undecodable(reason: str, *, motion: bool) -> tuple[Measurement, ...]:
    """The contract of a file that cannot be read: decodable is 0.0, all else is not measured."""
    rest = [metric for metric in STRUCTURE[1:] if motion or metric not in _FOR_MOTION]
    failed = Measurement(metric=Metric.DECODABLE, value=0.0, detail={"text": reason})
    unknown = "The file cannot be decoded."
    return (failed, *(Measurement(metric=metric, value=None, reason=unknown) for metric in rest))


def luma_deviation(luma: Image.Image) -> float:
    """Standard deviation of an `L` picture with luma in 0..1; 0.0 is one flat colour."""
    counts = np.asarray(luma.histogram(), dtype=np.float64)
    levels = np.arange(256) / 255.0
    mean = float(counts @ levels / counts.sum())
    return float(np.sqrt(counts @ (levels - mean) ** 2 / counts.sum()))


def laplacian_variance(luma: Image.Image) -> float:
    """Variance of the 4-neighbour Laplacian of an `L` picture, short side scaled down to 512 px; 0.0 is flat.

    Lines of a drawing give hundreds, a strong blur single digits. A smaller picture is taken as it is: scaling
    it up would call every small picture blurred.
    """
    width, height = luma.size
    scale = min(1.0, _SHARPNESS_SIDE_PX / min(width, height))
    size = (max(3, round(width * scale)), max(3, round(height * scale)))
    pixels = np.asarray(luma.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)).astype(np.int16)
    centre = pixels[1:-1, 1:-1]
    laplacian = pixels[:-2, 1:-1] + pixels[2:, 1:-1] + pixels[1:-1, :-2] + pixels[1:-1, 2:] - 4 * centre
    return float(laplacian.var())


class _HeldRuns:
    """The longest run of frames that show one picture.

    Each frame is held against the first of its run, not against its neighbour: a slow fade is no held picture.
    """

    def __init__(self) -> None:
        self._first: NDArray[np.float32] | None = None
        self._length = 0
        self._index = 0
        self.longest = 0
        self.longest_from = 0
        self.runs = 0

    def add(self, luma: Image.Image) -> None:
        blocks = _block_means(luma)
        first = self._first
        same = first is not None and first.shape == blocks.shape and _differ(first, blocks) <= _HELD_LEVELS
        if not same:
            self._first, self._length = blocks, 0
            self.runs += 1
        self._length += 1
        if self._length > self.longest:
            self.longest, self.longest_from = self._length, self._index - self._length + 1
        self._index += 1


def _block_means(luma: Image.Image) -> NDArray[np.float32]:
    """Mean luma of blocks, as floats: rounding would hide a small change."""
    side = min(*luma.size, max(_MIN_BLOCK_PX, min(luma.size) // _BLOCKS_A_SIDE))
    pixels = np.asarray(luma)
    height, width = (pixels.shape[0] // side) * side, (pixels.shape[1] // side) * side
    blocks = pixels[:height, :width].reshape(height // side, side, width // side, side)
    means: NDArray[np.float32] = blocks.mean(axis=(1, 3), dtype=np.float32)
    return means


def _differ(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    return float(np.abs(first - second).max())


def _measured(metric: Metric, value: float, **detail: Any) -> Measurement:
    return Measurement(metric=metric, value=value, detail=detail)


def _ratio(one: float, other: float) -> float:
    """The smaller over the larger: 1.0 when equal."""
    return min(one, other) / max(one, other) if max(one, other) > 0 else 0.0


def _shared_area(width: int, height: int, ordered_width: int, ordered_height: int) -> float:
    shared = min(width, ordered_width) * min(height, ordered_height)
    return shared / max(width * height, ordered_width * ordered_height)


def _plural(count: int, noun: str) -> str:
    return noun if count == 1 else noun + "s"
