"""What a page of dailies shows, as frozen values: takes beside their scores, their lineages and the doors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from models.metrics import Direction, Metric
from models.vocabulary import JobType, Phase, ScoreStatus, Verdict

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PageScore:
    """One number beside its mark."""

    metric: Metric
    value: float | None
    mark: float | None
    status: ScoreStatus
    network: str = "none"
    network_sha256: str = ""
    formula: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    reason: str = ""
    #: address of a picture of its worst frame, relative to the page
    picture: str | None = None

    @property
    def curve(self) -> list[float]:
        """The value over time, one number a frame or a pair of frames; empty when it has none."""
        return [value for _, value in self.points]

    @property
    def points(self) -> list[tuple[float, float]]:
        """(frame, value) over time; the place in the series where the measurement names no frames."""
        values = self.detail.get("curve") or ()
        frames = self._frames or range(len(values))
        told = zip(frames, values, strict=True)
        return [(float(frame), float(value)) for frame, value in told if value is not None]

    @property
    def names_frames(self) -> bool:
        """Whether the points stand at frames of the file, and not just at their place in the series."""
        return bool(self._frames)

    @property
    def _frames(self) -> list[float]:
        frames = self.detail.get("curve_frames") or self.detail.get("frames")
        values = self.detail.get("curve") or ()
        return list(frames) if isinstance(frames, list) and len(frames) == len(values) else []

    @property
    def worst(self) -> float:
        """The worst value over time; of its course, which must not be empty, where no worst is named."""
        told = self.detail.get("worst")
        if isinstance(told, int | float):
            return float(told)
        return min(self.curve) if self.metric.direction is Direction.HIGHER else max(self.curve)

    @property
    def worst_frame(self) -> int | None:
        """Number of the worst frame in the file, from 0; None when the measurement names none."""
        frame = self.detail.get("worst_frame")
        return frame if isinstance(frame, int) else None

    def is_bad(self, value: float) -> bool:
        """Whether a value of the course lies on the bad side of the mark."""
        if self.mark is None:
            return False
        return value > self.mark if self.metric.direction is Direction.LOWER else value < self.mark

    @property
    def distribution(self) -> tuple[tuple[str, float], ...]:
        """(name, number) of what is known of it: mean, median, p5, p95; a single frame has no distribution."""
        if self.detail.get("frames_looked_at") == 1:
            return ()
        told = ((name, self.detail.get(name)) for name in ("mean", "median", "p5", "p95"))
        return tuple((name, float(value)) for name, value in told if isinstance(value, int | float))

    @property
    def filled(self) -> float:
        """How full the bar is drawn, 0..1; where lower is better the mark stands in the middle."""
        return _share(self.value, self)

    @property
    def mark_at(self) -> float | None:
        """Where the mark stands on the bar, 0..1."""
        return None if self.mark is None else _share(self.mark, self)


def _share(value: float | None, score: PageScore) -> float:
    if value is None:
        return 0.0
    if score.metric.direction is Direction.HIGHER:
        # Aesthetic runs to 10 and a frame count to hundreds: any mark above 1 scales the bar to itself.
        top = 1.0 if (score.mark or 0.0) <= 1.0 and value <= 1.0 else max(value, (score.mark or value) / 0.8)
    else:
        top = 2 * score.mark if score.mark else max(value, 1e-9)
    return max(0.0, min(1.0, value / top))


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTake:
    """One take: what it shows, how it was judged, what it came from."""

    job_id: str
    parent_job_id: str | None
    root_job_id: str
    take_number: int
    kind: JobType
    phase: Phase
    #: what a person calls it: `ep001/sc010/c0010`, or the characters of a sheet
    name: str
    line: str = ""  #: dialogue or action, one line
    characters: tuple[str, ...] = ()
    seed: int
    renderer: str = ""
    pixel_sha256: str = ""
    frames: int
    width: int
    height: int
    fps: int
    #: 0 where nothing was rendered for it
    render_seconds: float = 0.0
    #: a still over the specification's seconds
    is_slow: bool = False
    #: the job whose equal take this is
    reused_from: str | None = None
    #: addresses relative to the page; `moving` is a video, `still` a picture or the video's poster
    still: str | None = None
    moving: str | None = None
    master: str | None = None
    verdict: Verdict | None
    blocking: tuple[str, ...] = ()
    not_measured: tuple[str, ...] = ()
    scores: tuple[PageScore, ...] = ()
    #: what the retake changed, in words; empty for a first take
    changed: str = ""
    #: the fault this order was told to draw, for a fire drill
    drill: str = ""
    error: str = ""

    @property
    def measured(self) -> tuple[PageScore, ...]:
        """Scores with a bar of their own: judged by a network or a formula, not by structure."""
        return tuple(score for score in self.scores if not score.metric.is_structural)

    @property
    def structure(self) -> tuple[PageScore, ...]:
        """The structural contract: each holds or does not."""
        return tuple(score for score in self.scores if score.metric.is_structural)

    @property
    def evidence(self) -> tuple[PageScore, ...]:
        """Scores with more to show than a number: a course over time, a picture, attributes."""
        return tuple(
            score
            for score in self.scores
            if len(score.curve) > 1 or score.picture or score.detail.get("attributes")
        )

    @property
    def standing(self) -> str:
        """How the page colours the take: `good`, `bad`, or `open` while nobody has judged it."""
        if self.verdict is None:
            return "bad" if self.error else "open"
        if self.verdict is Verdict.REVIEW:
            return "open"
        return "good" if self.verdict.passes else "bad"

    @property
    def is_refused(self) -> bool:
        """Whether a gate or a person said no to it."""
        return self.verdict in (Verdict.RETAKE, Verdict.REJECTED) or (self.verdict is None and bool(self.error))

    def seconds(self, frame: int) -> float:
        """When frame number `frame` of the file, counted from 0, is on screen: the middle of it."""
        return round((frame + 0.5) / (self.fps or 24), 3)

    @property
    def duration(self) -> float:
        """Seconds of screen time."""
        return self.frames / self.fps if self.fps else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """One root order and its retakes, in the order they were made."""

    takes: tuple[PageTake, ...]

    @property
    def first(self) -> PageTake:
        return self.takes[0]

    @property
    def best(self) -> PageTake:
        """The last take that passed, or else the last one."""
        passed = [take for take in self.takes if take.verdict and take.verdict.passes]
        return (passed or list(self.takes))[-1]

    @property
    def was_retaken(self) -> bool:
        return len(self.takes) > 1

    @property
    def blocking(self) -> tuple[str, ...]:
        """Every metric that refused one of its takes, each once."""
        return tuple(dict.fromkeys(metric for take in self.takes for metric in take.blocking))

    @property
    def can_play(self) -> bool:
        """Whether all its takes are videos, to be played beside one another."""
        return all(take.moving for take in self.takes)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageGate:
    """The gate of one phase: how many root orders of it passed, and what stands in the way."""

    phase: Phase
    is_open: bool  #: the share needed was reached: what comes after may be ordered
    judged: int
    passed: int
    pass_rate: float
    required_rate: float = 0.8
    blocking_issues: tuple[str, ...] = ()
    #: what is to be said of slow stills; empty when there are none
    pace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dailies:
    """A whole page."""

    show: str
    made_at: datetime
    profile: str
    #: metrics of the specification that the profile has no mark for, and why
    leaves_out: dict[str, str] = field(default_factory=dict)
    #: metrics of the specification that it judges by another network, and by which
    replaces: dict[str, str] = field(default_factory=dict)
    gates: tuple[PageGate, ...] = ()
    lineages: tuple[Lineage, ...] = ()
    #: label -> figure, for the head of the page
    facts: dict[str, str] = field(default_factory=dict)

    def of(self, phase: Phase) -> tuple[Lineage, ...]:
        """The lineages of one phase."""
        return tuple(lineage for lineage in self.lineages if lineage.first.phase is phase)

    @property
    def retaken(self) -> tuple[Lineage, ...]:
        """Lineages that needed another take."""
        return tuple(lineage for lineage in self.lineages if lineage.was_retaken)

    @property
    def troubled(self) -> tuple[Lineage, ...]:
        """Lineages that were retaken, that were told to draw a fault, or that did not pass."""
        return tuple(
            lineage
            for lineage in self.lineages
            if lineage.was_retaken or lineage.first.drill or lineage.best.standing == "bad"
        )

    @property
    def frieze(self) -> tuple[PageTake, ...]:
        """A few stills that passed, for the head of the page."""
        stills = [
            lineage.best
            for lineage in self.of(Phase.STILL)
            if lineage.best.kind is JobType.STILL_IMAGE and lineage.best.still
        ]
        return tuple(stills[:7])

    @property
    def networks(self) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
        """(network, file hash, the metrics it measured), each once."""
        seen: dict[tuple[str, str], set[str]] = {}
        for lineage in self.lineages:
            for take in lineage.takes:
                for score in take.scores:
                    if score.network != "none" and score.value is not None:
                        seen.setdefault((score.network, score.network_sha256), set()).add(score.metric)
        return tuple((name, digest, tuple(sorted(of))) for (name, digest), of in sorted(seen.items()))


def lineages(takes: list[PageTake]) -> tuple[Lineage, ...]:
    """Takes gathered under their roots; roots keep the order in which they come."""
    roots: dict[str, list[PageTake]] = {}
    for take in takes:
        roots.setdefault(take.root_job_id, []).append(take)
    return tuple(
        Lineage(takes=tuple(sorted(group, key=lambda take: take.take_number))) for group in roots.values()
    )
