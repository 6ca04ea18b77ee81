"""`make false-rejects`: how often the embedded marks refuse faultless takes, by shape and framing.

Writes a table. The takes are drawn from other characters, scenes and seeds than those that networks learnt
from and marks were set on; marks are tried with `--first 100 --into elsewhere.md`. Exit code 1 when more than
one take of a cell, and more than 5 % of it, are refused by one metric.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from farm.judging.statistics import wilson
from models.metrics import Metric
from models.vocabulary import JobType, Phase
from tests.bench import faultless
from tests.bench.faultless import CUTS, FRAMES, FRAMINGS, PEOPLE, SERIES
from tests.training.scene import SHAPES
from workers.media.takes import TakeWriter
from workers.renderers.toon.drawing import frames
from workers.renderers.toon.random_scenes import character, picture
from workers.scoring import metrics
from workers.scoring.expectations import Expectations
from workers.scoring.panel import Panel
from workers.scoring.profiles import EMBEDDED
from workers.scoring.references import MIN_STYLE_REFERENCES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from models.recipe import Recipe
    from tests.bench.faultless import Shot
    from workers.scoring.references import CharacterReference

MOST = 0.05
_APPROVED = 4
_LOOP, _VIDEO = FRAMES[JobType.ANIMATION_LOOP], FRAMES[JobType.FULL_VIDEO]


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One faultless take, held against one mark."""

    shape: str
    framing: str
    phase: Phase
    metric: Metric
    value: float | None
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """Which scenes, loops and videos of each shape are drawn, by their numbers."""

    scenes: range
    clips: dict[JobType, range]


class Bench:
    """The panel, and what is approved of the people and the style, made once for all shapes."""

    def __init__(self, networks: Path) -> None:
        self.panel = Panel(networks, threads=1)
        self._known: dict[int, CharacterReference] = {}
        approved = [picture((number,), f"{SERIES} style", 0).draw() for number in range(MIN_STYLE_REFERENCES)]
        self.style = self.panel.build_style_reference(approved)

    def reference(self, number: int) -> CharacterReference:
        """One of the people."""
        if number not in self._known:
            approved = [picture((number,), SERIES, 9000 + take).draw() for take in range(_APPROVED)]
            reference = self.panel.build_identity_reference(approved)
            self._known[number] = reference.of(character(number, SERIES).name)
        return self._known[number]


class Trier:
    """Draws and judges the takes of one shape."""

    def __init__(self, shape: str, bench: Bench, scratch: Path) -> None:
        self._shape, self._bench, self._scratch = shape, bench, scratch

    def cuts(self, scenes: Iterable[int]) -> Iterator[Try]:
        """The first frames of the cuts of these scenes: as stills, and for how they join."""
        network = self._bench.panel.shelf.embedder("toon-scene")
        (mark,) = (mark for mark in EMBEDDED.marks[Phase.VIDEO] if mark.metric is Metric.SCENE_CONTINUITY)
        for number in scenes:
            shots = faultless.scene(number, self._shape)
            vectors = []
            for shot in shots:
                recipe = shot.cast.recipe
                first = next(frames(recipe))
                vectors.append(network.embed(first))
                still = replace(recipe, job_type=JobType.STILL_IMAGE, frame_count=1)
                yield from self._measured(shot, still, [first])
            for at, shot in enumerate(shots):
                beside = vectors[max(0, at - 1) : at + 2]
                value = metrics.scene_continuity(np.stack(beside), min(at, 1)).value
                yield self._try(shot, Phase.VIDEO, mark.metric, value, mark.holds(value))

    def clips(self, numbers: Mapping[JobType, Iterable[int]]) -> Iterator[Try]:
        """These loops and videos of every framing, by all marks but that of the scene."""
        for framing in FRAMINGS:
            for kind in FRAMES:
                for number in numbers[kind]:
                    shot = faultless.clip(number, self._shape, framing, kind)
                    yield from self._measured(shot, shot.cast.recipe, frames(shot.cast.recipe))

    def _measured(self, shot: Shot, recipe: Recipe, drawn: Iterable[NDArray[np.uint8]]) -> Iterator[Try]:
        phase = recipe.job_type.phase
        expectations = Expectations.of(
            recipe,
            one_shot=True,
            characters=tuple(self._bench.reference(number) for number in shot.cast.characters),
            style=self._bench.style,
        )
        marks = [mark for mark in EMBEDDED.marks[phase] if mark.metric is not Metric.SCENE_CONTINUITY]
        with TakeWriter(self._scratch, recipe) as take:
            for frame in drawn:
                take.add(frame)
            master = take.finish().master
        found = self._bench.panel.measure(master, expectations, [(mark.metric, mark.network) for mark in marks])
        for mark, each in zip(marks, found, strict=True):
            holds = each.value is not None and mark.holds(each.value)
            yield self._try(shot, phase, mark.metric, each.value, holds)

    def _try(self, shot: Shot, phase: Phase, metric: Metric, value: float | None, holds: bool) -> Try:
        return Try(
            shape=self._shape, framing=shot.framing, phase=phase, metric=metric, value=value, holds=holds
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Try everything and write the page."""
    from farm.settings import settings

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=Path, default=settings().networks_dir)
    parser.add_argument("--into", type=Path, default=Path("docs/false_rejects.md"))
    parser.add_argument("--scenes", type=int, default=12, help="scenes of five cuts, of each shape")
    parser.add_argument("--loops", type=int, default=3, help="of each cell")
    parser.add_argument("--videos", type=int, default=2, help="of each cell")
    parser.add_argument("--first", type=int, default=0, help="number of the first; the page's begin at 0")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    options = parser.parse_args(argv)
    first = options.first
    tried = Tried(
        scenes=range(first, first + options.scenes),
        clips={
            JobType.ANIMATION_LOOP: range(first, first + options.loops),
            JobType.FULL_VIDEO: range(first, first + options.videos),
        },
    )
    of_shape = partial(try_shape, networks=options.networks, tried=tried)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.jobs, mp_context=context) as pool:
        tries = []
        for shape, of_one in zip(SHAPES, pool.map(of_shape, SHAPES), strict=True):
            sys.stderr.write(f"{shape}: {len(of_one)} tries\n")
            tries += of_one
    options.into.write_text("\n".join(page(tries)) + "\n", encoding="utf-8")
    sys.stdout.write("\n".join(page(tries)) + "\n")
    return 1 if any(too_many(cell) for cell in by_cell(tries).values()) else 0


def try_shape(shape: str, networks: Path, tried: Tried) -> list[Try]:
    """All tries of one shape."""
    with tempfile.TemporaryDirectory() as folder:
        trier = Trier(shape, _bench(networks), Path(folder))
        return [*trier.cuts(tried.scenes), *trier.clips(tried.clips)]


@cache
def _bench(networks: Path) -> Bench:
    return Bench(networks)


def by_cell(tries: Sequence[Try]) -> dict[tuple[str, str, Phase, Metric], list[Try]]:
    """The tries of each shape, framing, phase and metric."""
    cells: dict[tuple[str, str, Phase, Metric], list[Try]] = {}
    for each in tries:
        cells.setdefault((each.shape, each.framing, each.phase, each.metric), []).append(each)
    return cells


def too_many(cell: Sequence[Try]) -> bool:
    """Whether more of a cell are refused than a mark may: one of few is no rate."""
    refused = sum(not each.holds for each in cell)
    return refused > 1 and refused > MOST * len(cell)


def page(tries: Sequence[Try]) -> Iterator[str]:
    """The page: the cells, then each metric over all of them."""
    yield from _INTRODUCTION.splitlines()
    yield ""
    yield "| shape | framing | stills refused | cuts that do not join | loops refused | videos refused |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for shape, sizes in SHAPES.items():
        for framing in FRAMINGS:
            own = [each for each in tries if (each.shape, each.framing) == (shape, framing)]
            joins = [each for each in own if each.metric is Metric.SCENE_CONTINUITY]
            takes = [each for each in own if each.metric is not Metric.SCENE_CONTINUITY]
            columns = [_told([e for e in takes if e.phase is Phase.STILL]), _told(joins)]
            columns += [_told([e for e in takes if e.phase is phase]) for phase in (Phase.LOOP, Phase.VIDEO)]
            yield f"| {shape} ({'x'.join(map(str, sizes[0]))}) | {framing} | {' | '.join(columns)} |"
    yield ""
    yield "| phase | metric | tried | refused | 95 % interval | lowest to highest |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for phase in Phase:
        for metric in Metric:
            if own := [each for each in tries if (each.phase, each.metric) == (phase, metric)]:
                yield _summed(phase, metric, own)


_INTRODUCTION = f"""\
# How often faultless takes are refused

Made by `make false-rejects`; do not edit.

Takes without a fault, drawn by the procedural renderer and held to the embedded profile's marks, by the shape
of the picture and by how much of people it shows. Characters ({PEOPLE}, each known by {_APPROVED} approved
pictures), scenes and seeds are others than those that the networks learnt from and the marks were set on;
views, poses, lights, places and camera are random, backs of heads among them. Scenes have {CUTS} cuts; the
first frame of each is judged as a still, and for how it joins the cuts beside it. Loops have {_LOOP} frames,
videos {_VIDEO}. A cell says how many were refused, of how many, and by what; not measured counts as refused.

What is known to be refused so: a jump, or a head that turns, in a close shot, which changes more of the picture
from drawing to drawing than the specification's mark for temporal LPIPS allows, with any seed; people who laugh
or jump and leave next to nothing of the place in sight, or a hand-held camera close to them in an upright
picture, for jitter; of two people the one whose face is half behind the other's hair, for identity. A head that
is not found is not measured and goes to a person.
"""


def _told(tries: Sequence[Try]) -> str:
    """`1 of 30: identity 1`: takes that some mark refuses, and the marks that do."""
    by_metric: dict[Metric, list[Try]] = {}
    for each in tries:
        by_metric.setdefault(each.metric, []).append(each)
    if not by_metric:
        return ""
    takes = list(zip(*by_metric.values(), strict=True))
    refused = sum(not all(each.holds for each in take) for take in takes)
    names = [f"{m.value} {n}" for m, own in by_metric.items() if (n := sum(not e.holds for e in own))]
    return f"{refused} of {len(takes)}" + (f": {', '.join(names)}" if names else "")


def _summed(phase: Phase, metric: Metric, tries: Sequence[Try]) -> str:
    refused = sum(not each.holds for each in tries)
    low, high = wilson(refused, len(tries))
    values = [each.value for each in tries if each.value is not None]
    span = f"{min(values):.4g} to {max(values):.4g}" if values else "not measured"
    of_all = f"{refused} ({refused / len(tries):.1%}) | {low:.1%} to {high:.1%}"
    return f"| {phase.value} | {metric.value} | {len(tries)} | {of_all} | {span} |"


if __name__ == "__main__":
    sys.exit(main())
