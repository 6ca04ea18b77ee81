"""Try the embedded profile's marks on good clips of the procedural renderer and on each of its defects.

`python -m tests.training.calibration --networks FOLDER` prints where the numbers of good takes lie beside each
mark, how many good takes pass each phase, and whether each defect is refused under the right name.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.metrics import CAUGHT_BY
from models.vocabulary import Defect, JobType, Phase
from workers.acceptance.renders import Approved
from workers.media.takes import TakeWriter
from workers.renderers.toon.drawing import frames
from workers.renderers.toon.random_scenes import Cast, clip, picture
from workers.scoring.expectations import Expectations
from workers.scoring.panel import Panel
from workers.scoring.profiles import EMBEDDED
from workers.scoring.references import MIN_STYLE_REFERENCES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from models.metrics import Measurement, Metric
    from workers.scoring.references import StyleReference

_FRAMES = {JobType.STILL_IMAGE: 1, JobType.ANIMATION_LOOP: 16, JobType.FULL_VIDEO: 120}


@dataclass
class Tally:
    """What was seen so far."""

    values: dict[tuple[Phase, Metric], list[float]] = field(default_factory=lambda: defaultdict(list))
    passed: dict[Phase, list[bool]] = field(default_factory=lambda: defaultdict(list))
    failures: dict[Phase, list[str]] = field(default_factory=lambda: defaultdict(list))
    caught: dict[tuple[Phase, Defect], list[bool]] = field(default_factory=lambda: defaultdict(list))
    blocked_by: dict[tuple[Phase, Defect], dict[str, int]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(int))
    )


class Trier:
    """Renders clips into a scratch folder and scores them under the embedded profile."""

    def __init__(self, networks: Path, scratch: Path) -> None:
        self.panel = Panel(networks, threads=1)
        self._scratch = scratch
        self._style = self._style_reference()
        self._approved = Approved(self.panel)

    def score(self, cast: Cast, neighbours: tuple[Path, ...] = ()) -> list[Measurement]:
        """The measurements of one take for every mark of its phase."""
        expectations = Expectations.of(
            cast.recipe,
            characters=self._approved.people("toon-id", cast.characters),
            style=self._style,
            neighbours=neighbours,
        )
        marks = EMBEDDED.marks[cast.recipe.job_type.phase]
        master = self.render(cast, "take")
        return self.panel.measure(master, expectations, [(mark.metric, mark.network) for mark in marks])

    def render(self, cast: Cast, name: str) -> Path:
        """The master of one take, in a folder of that name."""
        folder = self._scratch / name
        folder.mkdir(exist_ok=True)
        with TakeWriter(folder, cast.recipe) as take:
            for frame in frames(cast.recipe):
                take.add(frame)
            return take.finish().master

    def _style_reference(self) -> StyleReference:
        casts = [picture((number,), "style-approved", 0) for number in range(MIN_STYLE_REFERENCES)]
        return self.panel.build_style_reference([cast.draw() for cast in casts])


def main(argv: list[str] | None = None) -> int:
    """Try everything and print the tables; exit code 1 when fewer than 95 % of good takes pass a phase."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=Path, required=True)
    parser.add_argument("--stills", type=int, default=30)
    parser.add_argument("--loops", type=int, default=30)
    parser.add_argument("--videos", type=int, default=12)
    parser.add_argument("--bad", type=int, default=4, help="takes with each defect in each phase")
    options = parser.parse_args(argv)
    counts = {
        JobType.STILL_IMAGE: options.stills,
        JobType.ANIMATION_LOOP: options.loops,
        JobType.FULL_VIDEO: options.videos,
    }
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        trier = Trier(options.networks, Path(folder))
        for job_type, count in counts.items():
            for number in range(count):
                _try_good(trier, tally, number, job_type)
                sys.stderr.write(f"\r{job_type.value} {number + 1}/{count} ")
            for number in range(min(options.bad, count)):
                _try_bad(trier, tally, number, job_type)
    sys.stdout.write("\n".join(_tables(tally)) + "\n")
    return 0 if all(np.mean(passed) >= 0.95 for passed in tally.passed.values()) else 1


def _try_good(trier: Trier, tally: Tally, number: int, job_type: JobType) -> None:
    cast = clip(number, job_type, length=_FRAMES[job_type])
    phase = job_type.phase
    found = trier.score(cast, _neighbours(trier, cast) if phase is Phase.VIDEO else ())
    for measurement in found:
        if measurement.value is not None:
            tally.values[phase, measurement.metric].append(measurement.value)
    bad = list(_failing(phase, found))
    tally.passed[phase].append(not bad)
    if bad:
        scene = cast.recipe.scene
        told = f"clip {number} ({scene.time_of_day}, {scene.camera_angle}, {scene.camera_move}, {scene.action})"
        tally.failures[phase].append(f"{told}: {', '.join(bad)}")


def _try_bad(trier: Trier, tally: Tally, number: int, job_type: JobType) -> None:
    motion_only = {Defect.FLICKER, Defect.JITTER, Defect.SHUFFLED, Defect.WRONG_FRAME_COUNT, Defect.FROZEN}
    for defect, metric in CAUGHT_BY.items():
        if defect in motion_only and not job_type.is_motion:
            continue
        good = clip(number, job_type, length=_FRAMES[job_type])
        found = trier.score(replace(good, recipe=replace(good.recipe, defect=defect)))
        blocking = [m.metric.value for m in found if m.value is not None and not _holds(job_type.phase, m)]
        tally.caught[job_type.phase, defect].append(metric.value in blocking)
        for name in blocking:
            tally.blocked_by[job_type.phase, defect][name] += 1


def _neighbours(trier: Trier, cast: Cast) -> tuple[Path, ...]:
    """The neighbouring cuts of the same scene: same people and place, other seeds and framings."""
    paths = []
    for name, angle in (("before", "medium"), ("after", "close up")):
        scene = replace(cast.recipe.scene, camera_angle=angle)
        still = replace(
            cast.recipe, job_type=JobType.STILL_IMAGE, frame_count=1, seed=cast.recipe.seed + 1, scene=scene
        )
        paths.append(trier.render(Cast(still, cast.characters), name))
    return tuple(paths)


def _holds(phase: Phase, measurement: Measurement) -> bool:
    mark = next(mark for mark in EMBEDDED.marks[phase] if mark.metric is measurement.metric)
    return measurement.value is not None and mark.holds(measurement.value)


def _failing(phase: Phase, found: Iterable[Measurement]) -> Iterable[str]:
    for measurement in found:
        if not _holds(phase, measurement):
            value = measurement.reason if measurement.value is None else f"{measurement.value:.4f}"
            yield f"{measurement.metric.value} {value}"


def _tables(tally: Tally) -> Iterable[str]:
    yield "\ngood takes: where their numbers lie"
    yield f"{'phase':6} {'metric':20} {'mark':>8} {'min':>9} {'p5':>9} {'median':>9} {'p95':>9} {'max':>9}"
    for (phase, metric), values in tally.values.items():
        limit = next(mark.limit for mark in EMBEDDED.marks[phase] if mark.metric is metric)
        numbers = " ".join(f"{value:9.4f}" for value in np.percentile(values, (0, 5, 50, 95, 100)))
        yield f"{phase.value:6} {metric.value:20} {limit:8.4f} {numbers}"
    yield "\ngood takes that pass"
    for phase, passed in tally.passed.items():
        yield f"{phase.value:6} {sum(passed)} of {len(passed)}"
        yield from (f"       {failure}" for failure in tally.failures[phase])
    yield "\ndefects refused under their own name"
    for (phase, defect), caught in tally.caught.items():
        others = ", ".join(f"{name} {count}" for name, count in tally.blocked_by[phase, defect].items())
        yield f"{phase.value:6} {defect.value:18} {sum(caught)} of {len(caught)}   ({others})"


if __name__ == "__main__":
    sys.exit(main())
