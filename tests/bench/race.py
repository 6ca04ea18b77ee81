"""One profile's panel against the usual way, on one clip, in one process and on the same weights."""

from __future__ import annotations

import statistics
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from itertools import pairwise
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, ClassVar

from models.metrics import Metric
from models.vocabulary import JobType, Phase
from tests.bench import one_by_one
from tests.bench.scoring_memory import peak_mib
from workers.media.masters import MasterWriter
from workers.media.reading import read_frames
from workers.renderers.toon.drawing import frames
from workers.renderers.toon.random_scenes import character, clip, picture
from workers.scoring.expectations import Expectations
from workers.scoring.frames import SHORT_SIDE_PX, short_side
from workers.scoring.network_table import SHOT_FINDER
from workers.scoring.networks.torch_device import set_threads
from workers.scoring.panel import Panel
from workers.scoring.profiles import EMBEDDED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from models.metrics import Profile

WIDTH, HEIGHT = 1280, 720
#: two people who talk while the camera pushes in: every frame differs from the one before
_CLIP = 3
SIDES = ("panel", "one_by_one")


@dataclass
class Contest:
    """Both ways on one clip, again and again in alternating order."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: {side: [] for side in SIDES})
    cpu_seconds: dict[str, list[float]] = field(default_factory=lambda: {side: [] for side in SIDES})
    values: dict[str, dict[Metric, float]] = field(default_factory=dict)
    parts: dict[str, float] = field(default_factory=dict)

    def run(self, side: str, measure: Callable[[], dict[Metric, float]]) -> None:
        """Measure once and write down the time."""
        began, used = time.perf_counter(), time.process_time()
        self.values[side] = measure()
        self.seconds[side].append(time.perf_counter() - began)
        self.cpu_seconds[side].append(time.process_time() - used)
        say(f"  {side} {self.seconds[side][-1]:.2f} s, {self.cpu_seconds[side][-1]:.2f} s of CPU")

    @property
    def differences(self) -> dict[Metric, float]:
        """Between the numbers of both; infinite where the panel did not measure."""
        ours, theirs = self.values["panel"], self.values["one_by_one"]
        return {metric: abs(ours.get(metric, float("inf")) - theirs[metric]) for metric in theirs}

    @property
    def largest_difference(self) -> float:
        """Over all metrics."""
        return max(self.differences.values())

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
            f"{name}_one_by_one_frames_a_second": frames_measured / medians["one_by_one"],
            f"{name}_largest_difference": self.largest_difference,
        }


class Bench:
    """Networks of both sides, loaded once, and the people of the clip."""

    profile: ClassVar[Profile] = EMBEDDED
    identity: ClassVar[str] = "toon-id"

    def __init__(self, networks: Path, length: int) -> None:
        self.networks = networks
        with self.catalogue(networks):
            self.panel, self.one_by_one = self.panel_of(networks), self.usual_way(networks)
            self.cast = clip(_CLIP, JobType.FULL_VIDEO, length=length)
            self.recipe = replace(self.cast.recipe, width=WIDTH, height=HEIGHT)
            self.people = tuple(self._person(number) for number in self.cast.characters)

    @classmethod
    def wanted(cls) -> list[tuple[Metric, str]]:
        """The metrics of the profile's phase 3."""
        return [(mark.metric, mark.network) for mark in cls.profile.marks[Phase.VIDEO]]

    @classmethod
    def catalogue(cls, networks: Path) -> AbstractContextManager[None]:
        """Inside, the files of the folder are those that the catalogue describes."""
        return nullcontext()

    @classmethod
    def panel_of(cls, networks: Path) -> Panel:
        """A panel that has all it needs loaded."""
        with _hushed():
            panel = Panel(networks, device="cpu", threads=1)
            for network in {SHOT_FINDER, *(name for _, name in cls.wanted())} - {"none"}:
                panel.shelf.network(network)
        return panel

    @classmethod
    def usual_way(cls, networks: Path) -> one_by_one.OneByOne:
        """The networks that each metric asks by itself."""
        with _hushed():
            return one_by_one.embedded(networks)

    def drawn(self) -> Iterable[NDArray[np.uint8]]:
        """The frames of the clip."""
        return frames(self.recipe)

    def pictures_of(self, number: int) -> list[NDArray[np.uint8]]:
        """What a reference of one of its people is made of."""
        return [picture((number,), "clip", 900 + n).draw() for n in range(4)]

    def expectations(self, neighbour: Path) -> Expectations:
        """What the clip is held to."""
        return Expectations(
            phase=Phase.VIDEO,
            job_type=JobType.FULL_VIDEO,
            frame_count=self.recipe.frame_count,
            width=WIDTH,
            height=HEIGHT,
            fps=self.recipe.fps,
            characters=self.people,
            neighbours=(neighbour,),
        )

    def contest(self, master: Path, neighbour: Path, runs: int) -> Contest:
        """Both sides on one file."""
        expectations, wanted = self.expectations(neighbour), self.wanted()
        contest = Contest()

        def panel() -> dict[Metric, float]:
            found = self.panel.measure(master, expectations, wanted)
            return {m.metric: m.value for m in found if m.value is not None}

        def by_itself() -> dict[Metric, float]:
            values, contest.parts = self.one_by_one.measure(master, expectations, wanted)
            return values

        return _alternating({"panel": panel, "one_by_one": by_itself}, contest, runs)

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

    def peaks(self, name: str, master: Path, neighbour: Path) -> dict[str, float]:
        """The most memory in MiB of a fresh process that has one side only, and how much loading alone took."""
        found: dict[str, float] = {}
        for side in SIDES:
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
                expectations = self.expectations(neighbour)
                asked = fresh.submit(_peak, type(self), side, self.networks, master, expectations)
                loading, whole = asked.result()
            found |= {f"{name}_{side}_loading_mib": loading, f"{name}_{side}_peak_mib": whole}
        return found

    def draw(self, folder: Path) -> tuple[Path, Path]:
        """The clip with all frames different, and the same drawn on twos."""
        ones, twos = (MasterWriter(folder / name, self.recipe.fps) for name in ("ones", "twos"))
        with ones, twos:
            for index, frame in enumerate(self.drawn()):
                ones.add(frame)
                if index % 2 == 0:
                    twos.add(frame)
                    twos.add(frame)
        return ones.path, twos.path

    def draw_neighbour(self, folder: Path) -> Path:
        """The cut beside it: the same place and people, seen from nearer."""
        scene = replace(self.recipe.scene, camera_angle="close up")
        with MasterWriter(folder / "neighbour", self.recipe.fps) as master:
            master.add(next(iter(frames(replace(self.recipe, scene=scene)))))
        return master.path

    def _person(self, number: int) -> Any:
        reference = self.panel.build_identity_reference(self.pictures_of(number), self.identity)
        return reference.of(character(number, "clip").name)


def say(text: str) -> None:
    """Progress, and what a person reads; stdout is for the JSON line."""
    print(text, file=sys.stderr, flush=True)


def _peak(
    bench: type[Bench], side: str, networks: Path, master: Path, expectations: Expectations
) -> tuple[float, float]:
    """In a process of its own: its peak in MiB when one side is built, and when that has measured once."""
    set_threads(1)
    with bench.catalogue(networks):
        build = bench.panel_of if side == "panel" else bench.usual_way
        built: Panel | one_by_one.OneByOne = build(networks)
        loading = peak_mib()
        built.measure(master, expectations, bench.wanted())
    return loading, peak_mib()


def _alternating(sides: dict[str, Callable[[], dict[Metric, float]]], contest: Contest, runs: int) -> Contest:
    """Each side goes first as often as the other."""
    for number in range(runs):
        for side in list(sides) if number % 2 == 0 else list(sides)[::-1]:
            contest.run(side, sides[side])
    return contest


@contextmanager
def _hushed() -> Iterator[None]:
    """lpips and torchvision warn of each other when they are imported."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
