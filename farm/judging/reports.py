"""Whether a phase has earned the door behind it, and what stands in its way: the 80 % gate, purely."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from statistics import fmean
from typing import TYPE_CHECKING, Any

from farm.judging.best_take import best_take, overall_score
from models.metrics import Direction, Metric
from models.plain import plain_fields
from models.takes import STILL_LIMIT_S
from models.vocabulary import Phase, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from models.takes import RootResult, TakeResult

REQUIRED_RATE = Fraction(8, 10)
MINIMUM = 5


class IssueKind(StrEnum):
    """Why a root job does not count as passed."""

    FAILED = "failed"  #: a metric missed its mark
    NOT_MEASURED = "not_measured"  #: a required metric could not be measured; a person decides
    REJECTED = "rejected"  #: a person said no
    NO_TAKE = "no_take"  #: the render or the scoring itself failed
    UNFINISHED = "unfinished"  #: still waiting or running


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockingIssue:
    """One reason why takes do not pass, with the worst of them."""

    kind: IssueKind
    #: None where no metric is to blame
    metric: Metric | None
    #: how many root jobs
    failed: int
    worst_job: UUID
    worst_cut: str | None
    worst_value: float | None = None
    #: over every judged take of the phase
    mean: float | None = None
    mark: float | None = None
    reason: str = ""

    @property
    def sentence(self) -> str:
        """The issue for a person, e.g. `identity failed 3 times: mean 0.61 against 0.70, worst 0.41 in ...`."""
        where = self.worst_cut or str(self.worst_job)
        times = "once" if self.failed == 1 else f"{self.failed} times"
        if self.metric is None:
            return f"{_SENTENCES[self.kind].format(times=times)}, for example {where}{_because(self.reason)}."
        if self.kind is IssueKind.NOT_MEASURED or self.worst_value is None:
            return (
                f"{self.metric.value} was not measured {times}, for example in {where}{_because(self.reason)}."
            )
        return (
            f"{self.metric.value} failed {times}: mean {self.mean:.3f} against {self.mark:.3f}, "
            f"worst {self.worst_value:.3f} in {where}."
        )


_SENTENCES = {
    IssueKind.REJECTED: "a person rejected the take {times}",
    IssueKind.NO_TAKE: "no take was made {times}",
    IssueKind.UNFINISHED: "still in work {times}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowStill:
    """A still that took longer to render than the specification allows; it informs and never blocks."""

    job_id: UUID
    cut: str | None
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RootReport:
    """How one ordered take stands, judged by its best take."""

    job_id: UUID
    best_job_id: UUID | None
    cut: str | None
    takes: int
    finished: bool
    passed: bool
    verdict: Verdict | None
    blocking: tuple[str, ...]
    overall_score: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseReport:
    """A phase's outputs counted and weighed."""

    phase: Phase
    #: root jobs that count: all but the cancelled ones
    ordered: int
    finished: int
    #: with a verdict on their best take
    judged: int
    passed: int
    #: passed / ordered, 0..1; None when nothing was ordered
    pass_rate: float | None
    required_rate: float
    minimum: int
    can_open: bool
    #: what is missing, as sentences; empty when the door may open
    missing: tuple[str, ...]
    blocking_issues: tuple[BlockingIssue, ...]
    #: mean of the judged takes' own, 0..1; None when nothing was measured
    overall_score: float | None
    individual_results: tuple[RootReport, ...]
    cancelled: tuple[UUID, ...]
    #: stills over the specification's seconds, the slowest first; retakes count too
    slow_stills: tuple[SlowStill, ...] = ()

    @property
    def pace_sentence(self) -> str:
        """What is to be said of slow stills; empty when there are none."""
        if not self.slow_stills:
            return ""
        count, worst = len(self.slow_stills), self.slow_stills[0]
        stills = "1 still" if count == 1 else f"{count} stills"
        return (
            f"{stills} took longer than {STILL_LIMIT_S:g} s, the slowest {worst.seconds:.1f} s "
            f"in {worst.cut or worst.job_id}."
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types: the evidence a door keeps."""
        evidence = plain_fields(self)
        for shown, issue in zip(evidence["blocking_issues"], self.blocking_issues, strict=True):
            shown["sentence"] = issue.sentence
        slow = evidence["slow_stills"]
        evidence |= {"slow_stills": len(slow), "slowest_still": slow[0] if slow else None}
        return evidence | {"still_limit_s": STILL_LIMIT_S}


def phase_report(
    roots: Sequence[RootResult],
    phase: Phase,
    required_rate: Fraction | float | str = REQUIRED_RATE,
    minimum: int = MINIMUM,
) -> PhaseReport:
    """Count a phase's root jobs, each judged by its best take.

    Cancelled roots are left out and listed. Everything else that was ordered is in the denominator: unfinished,
    unscored or failed means not passed. Exactly the required rate passes.
    """
    rate = required_rate if isinstance(required_rate, Fraction) else Fraction(str(required_rate))
    counted = [root for root in roots if not root.cancelled]
    results = tuple(_root_report(root) for root in counted)
    passed = sum(root.passed for root in results)
    finished = sum(root.finished for root in results)
    missing = _missing(len(results), finished, passed, rate, minimum)
    scores = [root.overall_score for root in results if root.overall_score is not None]
    return PhaseReport(
        phase=phase,
        ordered=len(results),
        finished=finished,
        judged=sum(root.verdict is not None for root in results),
        passed=passed,
        pass_rate=passed / len(results) if results else None,
        required_rate=float(rate),
        minimum=minimum,
        can_open=not missing,
        missing=missing,
        blocking_issues=_issues(counted),
        overall_score=fmean(scores) if scores else None,
        individual_results=results,
        cancelled=tuple(root.job_id for root in roots if root.cancelled),
        slow_stills=_slow_stills(counted),
    )


def has_earned(
    ordered: int, passed: int, required_rate: Fraction = REQUIRED_RATE, minimum: int = MINIMUM
) -> bool:
    """Whether so many passed of so many ordered open the door; exact, because 0.8 is no binary fraction."""
    return ordered >= minimum and passed >= required_rate * ordered


def _missing(ordered: int, finished: int, passed: int, rate: Fraction, minimum: int) -> tuple[str, ...]:
    if has_earned(ordered, passed, rate, minimum):
        return ()
    sentences = []
    if ordered < minimum:
        sentences.append(f"{minimum} takes must be ordered, {ordered} are.")
    if passed < rate * ordered:
        share, needed = f"{passed / ordered:.0%}", math.ceil(rate * ordered)
        sentences.append(f"{passed} of {ordered} passed ({share}), {needed} ({float(rate):.0%}) are needed.")
    if finished < ordered:
        sentences.append(f"{ordered - finished} of {ordered} are still in work.")
    return tuple(sentences)


def _slow_stills(roots: Sequence[RootResult]) -> tuple[SlowStill, ...]:
    slow = [
        SlowStill(job_id=take.job_id, cut=root.cut, seconds=take.render_seconds)
        for root in roots
        for take in root.takes
        if take.is_slow and take.render_seconds is not None
    ]
    return tuple(sorted(slow, key=lambda still: -still.seconds))


def _root_report(root: RootResult) -> RootReport:
    best = best_take(root.takes)
    passed = best is not None and best.verdict is not None and best.verdict.passes
    return RootReport(
        job_id=root.job_id,
        best_job_id=best.job_id if best else None,
        cut=root.cut,
        takes=len(root.takes),
        finished=root.finished or passed,
        passed=passed,
        verdict=best.verdict if best else None,
        blocking=best.blocking if best else (),
        overall_score=overall_score(best) if best else None,
    )


def _issues(roots: Sequence[RootResult]) -> tuple[BlockingIssue, ...]:
    """The reasons, most frequent first."""
    bests = [(root, best_take(root.takes)) for root in roots]
    judged = [best for _, best in bests if best]
    failing = [
        (root, best) for root, best in bests if not (best and best.verdict is not None and best.verdict.passes)
    ]
    issues = _metric_issues([(root, best) for root, best in failing if best and root.finished], judged)
    for kind, members in _unmetered(failing).items():
        issues.append(
            BlockingIssue(
                kind=kind,
                metric=None,
                failed=len(members),
                worst_job=members[0].job_id,
                worst_cut=members[0].cut,
                reason=members[0].error or "",
            )
        )
    return tuple(sorted(issues, key=lambda issue: (-issue.failed, issue.kind, issue.metric or "")))


def _metric_issues(
    failing: Sequence[tuple[RootResult, TakeResult]], judged: Sequence[TakeResult]
) -> list[BlockingIssue]:
    issues = []
    failed = Counter(name for _, best in failing for name in best.blocking)
    for name, times in failed.items():
        metric = Metric(name)
        sign = -1 if metric.direction is Direction.LOWER else 1
        members = [(root, best) for root, best in failing if name in best.blocking]
        root, worst = min(members, key=lambda member: sign * member[1].values.get(name, 0.0))
        values = [best.values[name] for best in judged if name in best.values]
        issues.append(
            BlockingIssue(
                kind=IssueKind.FAILED,
                metric=metric,
                failed=times,
                worst_job=worst.job_id,
                worst_cut=root.cut,
                worst_value=worst.values.get(name),
                mean=fmean(values) if values else None,
                mark=worst.limits.get(name),
            )
        )
    unseen = Counter(name for _, best in failing if not best.blocking for name in best.not_measured)
    for name, times in unseen.items():
        root, best = next(member for member in failing if name in member[1].not_measured)
        issues.append(
            BlockingIssue(
                kind=IssueKind.NOT_MEASURED,
                metric=Metric(name),
                failed=times,
                worst_job=best.job_id,
                worst_cut=root.cut,
            )
        )
    return issues


def _unmetered(
    failing: Sequence[tuple[RootResult, TakeResult | None]],
) -> dict[IssueKind, list[RootResult]]:
    """Root jobs that do not pass for another reason than a metric."""
    failed: dict[IssueKind, list[RootResult]] = {}
    for root, best in failing:
        if not root.finished:
            failed.setdefault(IssueKind.UNFINISHED, []).append(root)
        elif best is None:
            failed.setdefault(IssueKind.NO_TAKE, []).append(root)
        elif best.verdict is Verdict.REJECTED and not best.blocking:
            failed.setdefault(IssueKind.REJECTED, []).append(root)
    return failed


def _because(reason: str) -> str:
    return f" ({reason.rstrip('.')})" if reason else ""
