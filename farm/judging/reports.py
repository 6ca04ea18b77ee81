"""Whether a phase has earned the door behind it, and what stands in its way: the 80 % gate, purely."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from statistics import fmean
from typing import TYPE_CHECKING, Any

from farm.judging.best_take import overall_score
from models.metrics import Direction, Metric
from models.plain import plain_fields
from models.takes import STILL_LIMIT_S
from models.vocabulary import LeftOut, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from models.takes import TakeResult
    from models.units import PhaseTally, UnitStanding
    from models.vocabulary import Phase

REQUIRED_RATE = Fraction(8, 10)
MINIMUM = 5
#: results that a report keeps as JSON; a show has fewer cuts
EVIDENCE = 1000
#: cuts that a sentence names
_NAMED = 5


class IssueKind(StrEnum):
    """Why a cut does not count as passed."""

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
    #: how many cuts
    failed: int
    worst_job: UUID | None
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
class UnitReport:
    """How one cut stands, or one character by its sheets, judged by its best take."""

    cut: str | None
    character: str | None
    best_job_id: UUID | None
    #: root jobs, and jobs in all
    orders: int
    takes: int
    finished: bool
    passed: bool
    verdict: Verdict | None
    blocking: tuple[str, ...]
    overall_score: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseReport:
    """A phase's cuts counted and weighed."""

    phase: Phase
    #: cuts, and characters with a sheet, that have an order and are not left out
    ordered: int
    finished: int
    #: with a verdict on their best take
    judged: int
    passed: int
    #: passed / ordered, 0..1; None when nothing was ordered
    pass_rate: float | None
    required_rate: float
    #: how many must be ordered: a small show's cuts, where they are fewer than `MINIMUM`
    minimum: int
    can_open: bool
    #: what is missing, as sentences; empty when the door may open
    missing: tuple[str, ...]
    blocking_issues: tuple[BlockingIssue, ...]
    #: mean of the judged takes' own, 0..1; None when nothing was measured
    overall_score: float | None
    individual_results: tuple[UnitReport, ...]
    #: left out: what was called off altogether, cuts the show does without, orders for no cut, takes made again
    cancelled: tuple[str, ...] = ()
    omitted: tuple[str, ...] = ()
    scratch: int = 0
    reproductions: int = 0
    #: stills over the specification's seconds; retakes count too
    slow_stills: int = 0
    slowest_still: SlowStill | None = None

    @property
    def pace_sentence(self) -> str:
        """What is to be said of slow stills; empty when there are none."""
        worst = self.slowest_still
        if worst is None:
            return ""
        stills = "1 still" if self.slow_stills == 1 else f"{self.slow_stills} stills"
        return (
            f"{stills} took longer than {STILL_LIMIT_S:g} s, the slowest {worst.seconds:.1f} s "
            f"in {worst.cut or worst.job_id}."
        )

    @property
    def left_out_sentence(self) -> str:
        """What does not count here and why; empty when everything does."""
        parts = [
            f"{what} {', '.join(cuts[:_NAMED])}{f' and {len(cuts) - _NAMED} more' if cuts[_NAMED:] else ''}"
            for what, cuts in (("omitted", self.omitted), ("cancelled", self.cancelled))
            if cuts
        ]
        parts += [
            f"{count} {what if count == 1 else f'{what}s'}"
            for what, count in (("scratch order", self.scratch), ("reproduction", self.reproductions))
            if count
        ]
        return f"Not counted: {'; '.join(parts)}." if parts else ""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types: the evidence a door keeps, with no more than `EVIDENCE` results in it."""
        evidence = plain_fields(self)
        for shown, issue in zip(evidence["blocking_issues"], self.blocking_issues, strict=True):
            shown["sentence"] = issue.sentence
        results = evidence.pop("individual_results")
        evidence |= {"individual_results": results[:EVIDENCE], "results_not_shown": len(results[EVIDENCE:])}
        return evidence | {"still_limit_s": STILL_LIMIT_S}


def phase_report(
    units: Sequence[UnitStanding],
    phase: Phase,
    *,
    cuts: int = MINIMUM,
    required_rate: Fraction | float | str = REQUIRED_RATE,
) -> PhaseReport:
    """Count a phase's units, each judged by its best take, in a show of so many cuts.

    What is left out is listed. Everything else that was ordered is in the denominator: unfinished, unscored or
    failed means not passed. Exactly the required rate passes.
    """
    rate = required_rate if isinstance(required_rate, Fraction) else Fraction(str(required_rate))
    counted = [unit for unit in units if unit.left_out is None]
    results = tuple(_unit_report(unit) for unit in counted)
    passed = sum(unit.passed for unit in counted)
    finished = sum(unit.finished for unit in results)
    missing = _missing(len(results), finished, passed, rate, minimum_of(cuts))
    scores = [unit.overall_score for unit in results if unit.overall_score is not None]
    return PhaseReport(
        phase=phase,
        ordered=len(results),
        finished=finished,
        judged=sum(unit.verdict is not None for unit in results),
        passed=passed,
        pass_rate=passed / len(results) if results else None,
        required_rate=float(rate),
        minimum=minimum_of(cuts),
        can_open=not missing,
        missing=missing,
        blocking_issues=_issues(counted),
        overall_score=fmean(scores) if scores else None,
        individual_results=results,
        cancelled=_labels(units, LeftOut.CANCELLED),
        omitted=_labels(units, LeftOut.OMITTED),
        scratch=sum(unit.orders for unit in units if unit.left_out is LeftOut.SCRATCH),
        reproductions=sum(unit.orders for unit in units if unit.left_out is LeftOut.REPRODUCTION),
        slow_stills=sum(unit.slow_takes for unit in counted),
        slowest_still=_slowest_still(counted),
    )


def minimum_of(cuts: int) -> int:
    """How many units must be ordered in a show of so many cuts; a show without cuts is counted in orders.

    >>> [minimum_of(cuts) for cuts in (0, 1, 3, 12)]
    [5, 1, 3, 5]
    """
    return min(cuts, MINIMUM) or MINIMUM


def has_earned(tally: PhaseTally, required_rate: Fraction = REQUIRED_RATE) -> bool:
    """Whether so many passed of so many ordered open the door; exact, because 0.8 is no binary fraction."""
    return tally.ordered >= minimum_of(tally.cuts) and tally.passed >= required_rate * tally.ordered


def _missing(ordered: int, finished: int, passed: int, rate: Fraction, minimum: int) -> tuple[str, ...]:
    sentences = []
    if ordered < minimum:
        cuts = "1 cut" if minimum == 1 else f"{minimum} cuts"
        sentences.append(f"{cuts} must be ordered, {ordered} {'is' if ordered == 1 else 'are'}.")
    if passed < rate * ordered:
        share, needed = f"{passed / ordered:.0%}", math.ceil(rate * ordered)
        sentences.append(f"{passed} of {ordered} passed ({share}), {needed} ({float(rate):.0%}) are needed.")
    if sentences and finished < ordered:
        sentences.append(f"{ordered - finished} of {ordered} are still in work.")
    return tuple(sentences)


def _labels(units: Sequence[UnitStanding], why: LeftOut) -> tuple[str, ...]:
    """A cut that the show lost altogether has no path any more."""
    return tuple(unit.label or "a cut that is gone" for unit in units if unit.left_out is why)


def _slowest_still(units: Sequence[UnitStanding]) -> SlowStill | None:
    stills = [
        SlowStill(job_id=unit.slowest_job_id, cut=unit.cut, seconds=unit.slowest_seconds)
        for unit in units
        if unit.slowest_job_id is not None and unit.slowest_seconds is not None
    ]
    return max(stills, key=lambda still: still.seconds, default=None)


def _unit_report(unit: UnitStanding) -> UnitReport:
    best = unit.best
    return UnitReport(
        cut=unit.cut,
        character=unit.character,
        best_job_id=best.job_id if best else None,
        orders=unit.orders,
        takes=unit.takes,
        finished=unit.passed or not unit.in_work,
        passed=unit.passed,
        verdict=best.verdict if best else None,
        blocking=best.blocking if best else (),
        overall_score=overall_score(best) if best else None,
    )


def _issues(units: Sequence[UnitStanding]) -> tuple[BlockingIssue, ...]:
    """The reasons, most frequent first."""
    failing = [unit for unit in units if not unit.passed]
    judged = [unit.best for unit in units if unit.best]
    blocked = [(unit, unit.best) for unit in failing if unit.best and not unit.in_work]
    issues = _metric_issues(blocked, judged)
    for kind, members in _unmetered(failing).items():
        # Of those that tell why, where one does.
        first = next((unit for unit in members if unit.error), members[0])
        issues.append(
            BlockingIssue(
                kind=kind,
                metric=None,
                failed=len(members),
                worst_job=first.best.job_id if first.best else first.last_job_id,
                worst_cut=first.label,
                reason=first.error or "",
            )
        )
    return tuple(sorted(issues, key=lambda issue: (-issue.failed, issue.kind, issue.metric or "")))


def _metric_issues(
    failing: Sequence[tuple[UnitStanding, TakeResult]], judged: Sequence[TakeResult]
) -> list[BlockingIssue]:
    issues = []
    failed = Counter(name for _, best in failing for name in best.blocking)
    for name, times in failed.items():
        metric = Metric(name)
        sign = -1 if metric.direction is Direction.LOWER else 1
        members = [(unit, best) for unit, best in failing if name in best.blocking]
        unit, worst = min(members, key=lambda member: sign * member[1].values.get(name, 0.0))
        values = [best.values[name] for best in judged if name in best.values]
        issues.append(
            BlockingIssue(
                kind=IssueKind.FAILED,
                metric=metric,
                failed=times,
                worst_job=worst.job_id,
                worst_cut=unit.label,
                worst_value=worst.values.get(name),
                mean=fmean(values) if values else None,
                mark=worst.limits.get(name),
            )
        )
    unseen = Counter(name for _, best in failing if not best.blocking for name in best.not_measured)
    for name, times in unseen.items():
        unit, best = next(member for member in failing if name in member[1].not_measured)
        issues.append(
            BlockingIssue(
                kind=IssueKind.NOT_MEASURED,
                metric=Metric(name),
                failed=times,
                worst_job=best.job_id,
                worst_cut=unit.label,
            )
        )
    return issues


def _unmetered(failing: Sequence[UnitStanding]) -> dict[IssueKind, list[UnitStanding]]:
    """Units that do not pass for another reason than a metric."""
    failed: dict[IssueKind, list[UnitStanding]] = {}
    for unit in failing:
        if unit.in_work:
            failed.setdefault(IssueKind.UNFINISHED, []).append(unit)
        elif unit.best is None:
            failed.setdefault(IssueKind.NO_TAKE, []).append(unit)
        elif unit.best.verdict is Verdict.REJECTED and not unit.best.blocking:
            failed.setdefault(IssueKind.REJECTED, []).append(unit)
    return failed


def _because(reason: str) -> str:
    return f" ({reason.rstrip('.')})" if reason else ""
