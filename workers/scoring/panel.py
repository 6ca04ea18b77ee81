"""The panel: one sequential decode of a take feeds every metric that its phase asks for."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from models.errors import BadInput, FarmError, LeaseLost, NotMeasured, StepFailed
from models.metrics import Measurement, Metric
from models.vocabulary import ErrorKind
from workers.media.reading import FrameReader
from workers.media.structure import RECOMMENDED_LIMITS, StructureCheck, undecodable
from workers.scoring.ahead import Ahead
from workers.scoring.frames import Shrinker
from workers.scoring.gauges.faces import build_identity_reference
from workers.scoring.gauges.gauge import not_measured, with_shots
from workers.scoring.gauges.style import build_style_reference
from workers.scoring.network_table import SHOT_FINDER
from workers.scoring.networks.shelf import Shelf
from workers.scoring.selection import gauges_for
from workers.scoring.shots import Shots, ShotSeeker

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from workers.scoring.expectations import Expectations
    from workers.scoring.frames import Frame
    from workers.scoring.gauges.gauge import Gauge
    from workers.scoring.references import IdentityReference, StyleReference

    Wanted = tuple[Metric, str]


class Panel:
    """Measures takes; keeps its networks loaded between them. One panel serves one thread at a time."""

    def __init__(self, networks_dir: Path, device: str | None = None, threads: int | None = None) -> None:
        """`device` is `cpu`, `cuda` or chosen here; `threads` bounds the CPU threads of all networks."""
        self.shelf = Shelf(networks_dir, device)
        if threads is not None:
            from workers.scoring.networks.torch_device import set_threads

            set_threads(threads)

    def measure(
        self,
        master: Path,
        expectations: Expectations,
        wanted: Iterable[Wanted],
        *,
        progress: Callable[[int, int], None] = lambda done, total: None,
        alive: Callable[[], bool] = lambda: True,
    ) -> list[Measurement]:
        """One measurement for every wanted (metric, network), in the order asked.

        A metric whose network or reference is missing has no value and says why. `progress(frames_done,
        frames_ordered)` is told as frames are really looked at.

        Raises:
            LeaseLost: `alive()` turned false.
            StepFailed: a network crashed (BUG) or its memory ran out (OUT_OF_MEMORY).
        """
        asked = list(wanted)
        with _translated_crashes():
            measured = self._measure(master, expectations, asked, progress, alive)
        return [
            measured.get((metric, network)) or not_measured(metric, _why_not(metric, expectations), network)
            for metric, network in asked
        ]

    def build_identity_reference(
        self, pictures: Sequence[NDArray[np.uint8]], network: str = "toon-id"
    ) -> IdentityReference:
        """One character's reference from pictures `(H, W, 3)` uint8 RGB that show only them; four do well.

        Raises:
            BadInput: no picture shows a head.
            NotMeasured: the network is missing or damaged.
        """
        with _translated_crashes():
            return build_identity_reference(self.shelf.faces(network), pictures)

    def build_style_reference(
        self, pictures: Sequence[NDArray[np.uint8]], network: str = "toon-style"
    ) -> StyleReference:
        """A style's centre and scale from at least eight approved frames `(H, W, 3)` uint8 RGB.

        Raises:
            NotMeasured: too few frames, or the network is missing or damaged.
        """
        with _translated_crashes():
            return build_style_reference(self.shelf.embedder(network), pictures)

    def _measure(
        self,
        master: Path,
        expectations: Expectations,
        asked: list[Wanted],
        progress: Callable[[int, int], None],
        alive: Callable[[], bool],
    ) -> dict[Wanted, Measurement]:
        structure = StructureCheck(
            frames=expectations.frame_count,
            width=expectations.width,
            height=expectations.height,
            fps=expectations.fps,
            motion=expectations.job_type.is_motion,
        )
        gauges, missing = gauges_for(
            [pair for pair in asked if not pair[0].is_structural], expectations, self.shelf
        )
        moving = expectations.job_type.is_motion and bool(gauges)
        run = _Run(structure, gauges, self._seeker() if moving else None, expectations.frame_count)
        try:
            reader = FrameReader(master, expectations.fps)
            run.watch(reader, progress, alive)
        except BadInput as error:
            shape = undecodable(error.message, motion=expectations.job_type.is_motion)
            return _with_rest(shape, asked, "The file cannot be decoded.")
        shape = structure.measurements(reader.fps, reader.pace, reader.drawings)
        if _is_blank(shape, expectations):
            return _with_rest(shape, asked, "The picture is blank, so there is nothing to measure.")
        if run.odd_size:
            return _with_rest(shape, asked, f"Frame {run.odd_size} has another size than the first.")
        return {(m.metric, m.network): m for m in [*shape, *missing, *run.measurements()]}

    def _seeker(self) -> ShotSeeker:
        """What looks for cuts, or only for where one may be when its network is missing or damaged."""
        try:
            return ShotSeeker(self.shelf.shot_finder(SHOT_FINDER))
        except NotMeasured:
            return ShotSeeker(None)


class _Run:
    """One pass over the frames of a take."""

    def __init__(
        self, structure: StructureCheck, gauges: list[Gauge], seeker: ShotSeeker | None, ordered: int
    ) -> None:
        self._structure, self._gauges, self._seeker, self._ordered = structure, gauges, seeker, ordered
        #: number of the first frame that has another size than the first; 0 when there is none
        self.odd_size = 0

    def watch(
        self, reader: FrameReader, progress: Callable[[int, int], None], alive: Callable[[], bool]
    ) -> None:
        """Show every frame to the structure check and, while sizes agree, to every gauge."""
        with Ahead(self._prepared(reader)) as frames:
            for index, frame in enumerate(frames):
                if not alive():
                    raise LeaseLost
                if frame is not None:
                    self._show(frame)
                progress(index + 1, self._ordered)

    def measurements(self) -> list[Measurement]:
        """What every gauge says once all frames were shown."""
        shots = self._seeker.finish() if self._seeker else Shots(looked_for=False)
        return [with_shots(m, shots) for gauge in self._gauges for m in gauge.finish(shots)]

    def _prepared(self, reader: FrameReader) -> Generator[Frame | None]:
        """Decode, check the structure and shrink, in the thread that reads ahead."""
        shrinker = Shrinker()
        shape: tuple[int, ...] | None = None
        for index, picture in enumerate(reader):
            self._structure.add(picture)
            shape = shape or picture.shape
            if picture.shape != shape:
                self.odd_size = self.odd_size or index
            wanted = self._gauges and not self.odd_size
            yield shrinker.take(index, picture) if wanted else None

    def _show(self, frame: Frame) -> None:
        if self._seeker:
            self._seeker.see(frame)
        for gauge in self._gauges:
            gauge.see(frame)


def _is_blank(shape: Iterable[Measurement], expectations: Expectations) -> bool:
    flattest = next(m.value for m in shape if m.metric is Metric.BLANK)
    limit = expectations.blank_below
    return flattest is not None and flattest < (RECOMMENDED_LIMITS[Metric.BLANK] if limit is None else limit)


def _with_rest(shape: Iterable[Measurement], asked: list[Wanted], reason: str) -> dict[Wanted, Measurement]:
    """The structural measurements, and everything else not measured for one reason."""
    rest = [not_measured(metric, reason, network) for metric, network in asked if not metric.is_structural]
    return {(m.metric, m.network): m for m in [*rest, *shape]}


def _why_not(metric: Metric, expectations: Expectations) -> str:
    if metric.is_structural:
        return f"{metric.value} does not apply to a {expectations.job_type.value}."
    return f"Nothing here can measure {metric.value}."


@contextmanager
def _translated_crashes() -> Iterator[None]:
    """A network that crashes is a failed step, never a metric that quietly was not measured."""
    try:
        yield
    except FarmError:
        raise
    except MemoryError as error:
        raise StepFailed("Memory ran out while scoring.", error_kind=ErrorKind.OUT_OF_MEMORY) from error
    except Exception as error:
        # The task's own time limit may be raised anywhere in here; the task that set it handles it.
        if type(error).__name__ == "SoftTimeLimitExceeded":
            raise
        kind = ErrorKind.OUT_OF_MEMORY if type(error).__name__ == "OutOfMemoryError" else ErrorKind.BUG
        raise StepFailed(
            f"Scoring crashed: {type(error).__name__}: {error}.",
            error_kind=kind,
            hint="The take itself is unharmed; the log holds the traceback.",
        ) from error
