"""What a page of dailies shows, as frozen values: takes beside their scores, their lineages and the doors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from farm.explaining.scores import MarkedScore
from farm.judging.best_take import best_so_far
from models.vocabulary import JobType, Phase, Verdict

if TYPE_CHECKING:
    from datetime import datetime
    from fractions import Fraction


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
    fps: int | Fraction
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
    scores: tuple[MarkedScore, ...] = ()
    #: metric -> number and metric -> limit, as the gate weighed them
    values: dict[str, float] = field(default_factory=dict)
    limits: dict[str, float] = field(default_factory=dict)
    #: what was asked for and is not in the picture
    not_drawn: tuple[str, ...] = ()
    #: what the retake changed, in words; empty for a first take
    changed: str = ""
    #: the fault this order was told to draw, for a fire drill
    drill: str = ""
    error: str = ""

    @property
    def measured(self) -> tuple[MarkedScore, ...]:
        """Scores with a bar of their own: judged by a network or a formula, not by structure."""
        return tuple(score for score in self.scores if not score.metric.is_structural)

    @property
    def structure(self) -> tuple[MarkedScore, ...]:
        """The structural contract: each holds or does not."""
        return tuple(score for score in self.scores if score.metric.is_structural)

    @property
    def evidence(self) -> tuple[MarkedScore, ...]:
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
        return round((frame + 0.5) / float(self.fps or 24), 3)

    @property
    def duration(self) -> float:
        """Seconds of screen time."""
        return float(self.frames / self.fps) if self.fps else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """One root order and its retakes, in the order they were made."""

    takes: tuple[PageTake, ...]

    @property
    def first(self) -> PageTake:
        return self.takes[0]

    @property
    def best(self) -> PageTake:
        """The take its gate counts."""
        return best_so_far(self.takes)

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
    """The gate of one phase: how many of its cuts passed, and what stands in the way."""

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
