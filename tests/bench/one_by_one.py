"""The usual way to score a clip: each metric decodes the file by itself, one frame or pair at a time.

`tests.bench.scoring` holds the panel against it. The formulas are written out plainly; the networks are built
once, from the same weights files.
"""

from __future__ import annotations

import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import torch

from models.metrics import Metric
from tests.support.plain_lite0 import PlainLite0
from workers.media.reading import FrameReader, read_frames
from workers.media.structure import StructureCheck
from workers.scoring import tensors
from workers.scoring.gauges.faces import assign
from workers.scoring.networks.dis_flow import DisFlow
from workers.scoring.networks.identity_toon import IdentityToon
from workers.scoring.networks.lpips import _build
from workers.scoring.networks.scene_toon import SceneToon
from workers.scoring.shifts import ShiftFinder
from workers.scoring.standing import standing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from workers.scoring.expectations import Expectations

    Picture = NDArray[np.uint8]

_SAMPLED_FOR_FACES = 24


class OneByOne:
    """One method a metric; each reads the whole file."""

    def __init__(self, networks: Path, *, subject: Any, scene: Any, faces: Any) -> None:
        """`subject` and `scene` embed a picture, `faces` looks for people and says who is like whom."""
        self._lpips: Any = _build("alex", tensors.load(networks / "lpips-alex.safetensors"))
        self.subject = subject
        self.scene = scene
        self._faces = faces
        self._flow = DisFlow()
        self._measures: dict[Metric, Callable[[Path, Expectations], float]] = {
            Metric.LUMA_FLICKER: self._flicker,
            Metric.JITTER: self._jitter,
            Metric.FRAME_ORDER: self._order,
            Metric.IDENTITY: self._who,
            Metric.FACE_SIMILARITY: self._who,
            Metric.TEMPORAL_LPIPS: self._temporal,
            Metric.LOOP_SEAM: self._seam,
            Metric.MOTION_SMOOTHNESS: self._smoothness,
            Metric.SUBJECT_CONSISTENCY: self._consistency,
            Metric.SCENE_CONTINUITY: self._continuity,
        }

    @torch.inference_mode()
    def measure(
        self, master: Path, expectations: Expectations, wanted: list[tuple[Metric, str]]
    ) -> tuple[dict[Metric, float], dict[str, float]]:
        """Values by metric, and seconds of each."""
        values: dict[Metric, float] = {}
        took: dict[str, float] = {}
        if any(metric.is_structural for metric, _ in wanted):
            began = time.perf_counter()
            values |= self._structure(master, expectations)
            took["structure"] = time.perf_counter() - began
        for metric, _ in wanted:
            if not metric.is_structural:
                began = time.perf_counter()
                values[metric] = self._measures[metric](master, expectations)
                took[metric.value] = time.perf_counter() - began
        return values, took

    def _structure(self, master: Path, expectations: Expectations) -> dict[Metric, float]:
        check = StructureCheck(
            frames=expectations.frame_count,
            width=expectations.width,
            height=expectations.height,
            fps=expectations.fps,
            motion=True,
        )
        reader = FrameReader(master)
        for frame in reader:
            check.add(frame)
        return {m.metric: m.value for m in check.measurements(reader.fps) if m.value is not None}

    def _flicker(self, master: Path, expectations: Expectations) -> float:
        means = [float(luma.mean()) for luma in map(_luma, _distinct(master))]
        found = []
        for t in _inner(means):
            around = max(0.1, (means[t - 1] + means[t] + means[t + 1]) / 3)
            found.append(abs(means[t - 1] - 2 * means[t] + means[t + 1]) / around)
        return float(np.mean(found))

    def _jitter(self, master: Path, expectations: Expectations) -> float:
        # How a shift is found, and what stands, is the farm's own; both sides ask for it frame by frame.
        finder = ShiftFinder()
        steps = list(pairwise(_grey(_small(frame)) for frame in _distinct(master)))
        shifts = [finder.shifts(before, after) for before, after in steps]
        stands = [standing(before, after) for before, after in steps]
        found = []
        for t in range(1, len(steps)):
            changes = [np.hypot(*change) for change in shifts[t] - shifts[t - 1] if not np.isnan(change).any()]
            still = float(np.nan_to_num(np.nanmean(stands[t] * stands[t - 1]))) >= 0.01
            found.append(sorted(changes)[(len(changes) - 1) // 4] if changes and not still else 0.0)
        return float(np.mean(found))

    def _order(self, master: Path, expectations: Expectations) -> float:
        distinct = [(number, frame) for number, frame, held in _told(master) if not held]
        return order_of([_even(_luma(frame)) for _, frame in distinct], [number for number, _ in distinct])

    def _who(self, master: Path, expectations: Expectations) -> float:
        """p5 over the looked-at frames of the worst expected character; the panel looks at the same frames."""
        references = np.stack([character.vector for character in expectations.characters])
        every = -(-expectations.frame_count // _SAMPLED_FOR_FACES)
        due, worst = 0, []
        for index, frame, held in _told(master):
            if held or index < due:
                continue
            due = (index // every + 1) * every
            faces = self._faces.look(frame)
            if len(faces) >= len(references):
                alike = self._faces.likeness(references, np.stack([face.vector for face in faces]))
                worst.append(min(float(alike[row, column]) for row, column in assign(alike)))
        return float(np.percentile(worst, 5))

    def _temporal(self, master: Path, expectations: Expectations) -> float:
        before, distances = None, []
        for frame in map(_small, read_frames(master)):
            if before is not None:
                distances.append(self.distance(before, frame))
            before = frame
        return max(float(np.mean(distances)), float(np.percentile(distances, 95)))

    def _seam(self, master: Path, expectations: Expectations) -> float:
        every = [_small(frame) for frame in read_frames(master)]
        return self.distance(every[-1], every[0])

    def _smoothness(self, master: Path, expectations: Expectations) -> float:
        """VBench: every second frame is dropped, interpolated, and compared."""
        frames = [_small(frame) for frame in _distinct(master)]
        errors = [
            np.abs(self._flow.between(frames[t - 1], frames[t + 1]).astype(np.int16) - frames[t]).mean()
            for t in range(1, len(frames) - 1, 2)
        ]
        return (255.0 - float(np.mean(errors))) / 255.0

    def _consistency(self, master: Path, expectations: Expectations) -> float:
        """VBench: each frame's cosine to the one before and to the first."""
        first = before = None
        found = []
        for frame in read_frames(master):
            vector = torch.from_numpy(self.subject.embed(frame))
            vector = vector / vector.norm()
            if before is None or first is None:
                first = vector
            else:
                found.append((max(0.0, float(vector @ before)) + max(0.0, float(vector @ first))) / 2)
            before = vector
        return float(np.mean(found))

    def _continuity(self, master: Path, expectations: Expectations) -> float:
        own, *others = (
            self.scene.embed(next(read_frames(path))) for path in (master, *expectations.neighbours)
        )
        if len(others) != 1:
            raise NotImplementedError("The bench gives one neighbour.")
        return float(own @ others[0] / np.linalg.norm(own) / np.linalg.norm(others[0]))

    @torch.inference_mode()
    def distance(self, one: Picture, other: Picture) -> float:
        """The `lpips` package asked for one pair, as its own example does."""
        pair = (torch.from_numpy(p).permute(2, 0, 1)[None].float() / 127.5 - 1.0 for p in (one, other))
        return float(self._lpips(*pair))


def embedded(networks: Path) -> OneByOne:
    """The usual way for the `embedded` profile."""
    lite0: Any = PlainLite0(networks / "efficientnet-lite0.pth")
    return OneByOne(networks, subject=lite0, scene=SceneToon(lite0), faces=IdentityToon(lite0))


def order_of(lumas: list[NDArray[np.float32]], numbers: list[int]) -> float:
    """Frame order as defined, three distinct frames after three; `numbers` are theirs in the file."""
    ratios, weights = [], []
    for t in _inner(lumas):
        there, back = (float(np.abs(lumas[t] - lumas[other]).mean()) for other in (t - 1, t + 1))
        over = float(np.abs(lumas[t - 1] - lumas[t + 1]).mean())
        ratio = min(1.0, over / max(there, back))
        excused = np.interp(numbers[t + 1] - numbers[t - 1], (2, 3, 4), (0.0, 0.33, 0.5))
        ratios.append(ratio + (1.0 - ratio) * float(excused))
        weights.append(there + back)
    return float(np.average(ratios, weights=weights))


def _told(master: Path) -> Iterator[tuple[int, Picture, bool]]:
    """Number, picture, and whether it shows what the last distinct one showed."""
    last = None
    for index, frame in enumerate(read_frames(master)):
        small = _small(frame)
        held = last is not None and int(cv2.absdiff(small, last).max()) <= 2
        last = last if held else small
        yield index, frame, held


def _distinct(master: Path) -> Iterator[Picture]:
    return (frame for _, frame, held in _told(master) if not held)


def _small(picture: Picture, side_px: int = 256) -> Picture:
    height, width = picture.shape[:2]
    scale = side_px / min(height, width)
    size = (round(width * scale), round(height * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, size, interpolation=how), dtype=np.uint8)


def _luma(picture: Picture) -> NDArray[np.float32]:
    return _grey(_small(_small(picture), 128))


def _grey(picture: Picture) -> NDArray[np.float32]:
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) / np.float32(255.0)


def _even(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of equal brightness: a fade does not enter into how far frames are apart."""
    return luma * np.float32(0.5 / max(float(luma.mean()), 0.1))


def _inner(series: list[Any]) -> range:
    return range(1, len(series) - 1)
