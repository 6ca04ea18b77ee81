"""`make bench-scoring`: the panel against the usual way of scoring, in one run and on the same weights.

A 120-frame video of the procedural renderer at 1280 x 720, once with all frames different and once drawn on
twos, with the phase-3 panel of the `embedded` profile; then the LPIPS part alone, on frames decoded before.
Both sides run in one process with one torch thread, in alternating order; the medians are compared, and the
numbers must be equal to 1e-4. Progress goes to stderr; the last line on stdout is one JSON value in the shape
of every bench.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from farm.settings import Settings
from models.metrics import Metric
from models.vocabulary import JobType, Phase
from tests.bench.one_by_one import OneByOne
from workers.media.masters import MasterWriter
from workers.media.reading import read_frames
from workers.renderers.toon.drawing import frames
from workers.scoring.casting import character, clip, picture
from workers.scoring.expectations import Expectations
from workers.scoring.frames import SHORT_SIDE_PX, short_side
from workers.scoring.panel import Panel
from workers.scoring.profiles import EMBEDDED

if TYPE_CHECKING:
    from collections.abc import Callable

_WIDTH, _HEIGHT = 1280, 720
#: two people who talk while the camera pushes in: every frame differs from the one before
_CLIP = 3
#: how many times as fast as the usual way the panel must at least be
_GOALS = {"ones": 1.5, "twos": 2.5, "lpips": 2.2}
_EQUAL = 1e-4


@dataclass
class Contest:
    """Both ways on one clip, again and again in alternating order."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: {"panel": [], "one_by_one": []})
    cpu_seconds: dict[str, list[float]] = field(default_factory=lambda: {"panel": [], "one_by_one": []})
    values: dict[str, dict[Metric, float]] = field(default_factory=dict)
    parts: dict[str, float] = field(default_factory=dict)

    def run(self, side: str, measure: Callable[[], dict[Metric, float]]) -> None:
        """Measure once and write down the time."""
        began, used = time.perf_counter(), time.process_time()
        self.values[side] = measure()
        self.seconds[side].append(time.perf_counter() - began)
        self.cpu_seconds[side].append(time.process_time() - used)
        _say(f"  {side} {self.seconds[side][-1]:.2f} s, {self.cpu_seconds[side][-1]:.2f} s of CPU")

    @property
    def largest_difference(self) -> float:
        """Between the numbers of both, over all metrics."""
        ours, theirs = self.values["panel"], self.values["one_by_one"]
        return max(abs(ours[metric] - theirs[metric]) for metric in theirs)

    def figures(self, name: str, frames_measured: int) -> dict[str, float]:
        """The medians and their ratio."""
        medians = {side: statistics.median(times) for side, times in self.seconds.items()}
        cpu = {side: statistics.median(times) for side, times in self.cpu_seconds.items()}
        return {
            f"{name}_panel_s": medians["panel"],
            f"{name}_one_by_one_s": medians["one_by_one"],
            f"{name}_times_as_fast": medians["one_by_one"] / medians["panel"],
            f"{name}_times_less_cpu": cpu["one_by_one"] / cpu["panel"],
            f"{name}_panel_frames_a_second": frames_measured / medians["panel"],
            f"{name}_largest_difference": self.largest_difference,
        }


class Bench:
    """Networks of both sides, loaded once, and the people of the clip."""

    def __init__(self, networks: Path, length: int) -> None:
        with warnings.catch_warnings():
            # lpips and torchvision warn of each other when they are imported.
            warnings.simplefilter("ignore")
            self.panel = Panel(networks, device="cpu", threads=1)
            self.one_by_one = OneByOne(networks)
        self.cast = clip(_CLIP, JobType.FULL_VIDEO, length=length)
        self.recipe = replace(self.cast.recipe, width=_WIDTH, height=_HEIGHT)
        self.people = tuple(self._person(number) for number in self.cast.characters)

    def contest(self, master: Path, neighbour: Path, wanted: list[tuple[Metric, str]], runs: int) -> Contest:
        """Both sides on one file."""
        expectations = Expectations(
            phase=Phase.VIDEO,
            job_type=JobType.FULL_VIDEO,
            frame_count=self.recipe.frame_count,
            width=_WIDTH,
            height=_HEIGHT,
            fps=self.recipe.fps,
            characters=self.people,
            neighbours=(neighbour,),
        )
        contest = Contest()

        def panel() -> dict[Metric, float]:
            found = self.panel.measure(master, expectations, wanted)
            return {m.metric: m.value for m in found if m.value is not None}

        def one_by_one() -> dict[Metric, float]:
            values, contest.parts = self.one_by_one.measure(master, expectations, wanted)
            return values

        return _alternating({"panel": panel, "one_by_one": one_by_one}, contest, runs)

    def lpips_part(self, master: Path, runs: int) -> Contest:
        """LPIPS of decoded frames of the size it wants: each frame's features once, or pair by pair."""
        pictures = [short_side(frame, SHORT_SIDE_PX) for frame in read_frames(master)]
        network = self.panel.shelf.pairs("lpips-alex")

        def reusing() -> dict[Metric, float]:
            features = map(network.features, pictures)
            distances = [network.distance(one, other) for one, other in pairwise(features)]
            return {Metric.TEMPORAL_LPIPS: statistics.mean(distances)}

        def by_pairs() -> dict[Metric, float]:
            distances = [self.one_by_one.distance(one, other) for one, other in pairwise(pictures)]
            return {Metric.TEMPORAL_LPIPS: statistics.mean(distances)}

        return _alternating({"panel": reusing, "one_by_one": by_pairs}, Contest(), runs)

    def draw(self, folder: Path) -> tuple[Path, Path]:
        """The clip with all frames different, and the same drawn on twos."""
        ones, twos = (MasterWriter(folder / name, self.recipe.fps) for name in ("ones", "twos"))
        with ones, twos:
            for index, frame in enumerate(frames(self.recipe)):
                ones.add(frame)
                if index % 2 == 0:
                    twos.add(frame)
                    twos.add(frame)
        return ones.path, twos.path

    def _person(self, number: int) -> Any:
        pictures = [picture((number,), "clip", 900 + n).draw() for n in range(4)]
        return self.panel.build_identity_reference(pictures).of(character(number, "clip").name)


def _alternating(sides: dict[str, Callable[[], dict[Metric, float]]], contest: Contest, runs: int) -> Contest:
    """Each side goes first as often as the other."""
    for number in range(runs):
        for side in list(sides) if number % 2 == 0 else list(sides)[::-1]:
            contest.run(side, sides[side])
    return contest


def main(argv: list[str] | None = None) -> int:
    """Measure, and print the JSON line; exit code 1 when a goal is missed or the numbers differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=Path, default=Settings().networks_dir)
    parser.add_argument("--runs", type=int, default=2, help="of each side on each clip")
    parser.add_argument("--frames", type=int, default=120, help="an even number; the goals are for 120")
    options = parser.parse_args(argv)
    bench = Bench(options.networks, options.frames)
    wanted = [(mark.metric, mark.network) for mark in EMBEDDED.marks[Phase.VIDEO]]
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        ones, twos = bench.draw(Path(folder))
        for name, master in {"ones": ones, "twos": twos}.items():
            _say(name)
            contest = bench.contest(master, twos, wanted, options.runs)
            figures |= contest.figures(name, options.frames)
            figures |= {f"{name}_one_by_one_{part}_s": took for part, took in contest.parts.items()}
        _say("lpips")
        figures |= bench.lpips_part(ones, options.runs).figures("lpips", options.frames)
    return _told(figures)


def _told(figures: dict[str, float]) -> int:
    rounded = {name: round(value, 6 if "difference" in name else 2) for name, value in figures.items()}
    goals = {
        f"{name}_times_as_fast": {
            "goal": goal,
            "value": rounded[f"{name}_times_as_fast"],
            "met": figures[f"{name}_times_as_fast"] >= goal,
        }
        for name, goal in _GOALS.items()
    }
    for name in _GOALS:
        difference = figures[f"{name}_largest_difference"]
        goals[f"{name}_largest_difference"] = {
            "goal": _EQUAL,
            "value": difference,
            "met": difference <= _EQUAL,
        }
    machine = {"cpus": os.cpu_count(), "architecture": platform.machine(), "python": platform.python_version()}
    print(json.dumps({"bench": "bench-scoring", "machine": machine, "figures": rounded, "goals": goals}))
    return 0 if all(goal["met"] for goal in goals.values()) else 1


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
