"""Which of several takes is the best, and how near a take comes to its marks: one answer for everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from models.metrics import STRUCTURE, Direction, Metric
from models.vocabulary import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Judged(Protocol):
    """What decides which of several takes is the best, wherever they are shown."""

    @property
    def job_id(self) -> Any: ...
    @property
    def take_number(self) -> int: ...
    @property
    def verdict(self) -> Verdict | None: ...
    @property
    def blocking(self) -> tuple[str, ...]: ...
    @property
    def values(self) -> Mapping[str, float]: ...
    @property
    def limits(self) -> Mapping[str, float]: ...


T = TypeVar("T", bound=Judged)
#: verdict, blocking metrics, overall score turned round
Place = tuple[float, float, float]


#: every other verdict comes after these
_PLACES = {Verdict.APPROVED: 0, Verdict.PASS: 1, Verdict.REVIEW: 2}


def best_take(takes: Iterable[T]) -> T | None:
    """The take that stands for an order or a cut, at gates, on pages and for delivery; None: none was judged.

    A person's approval comes first, then a pass, then what waits for a person; of equal verdicts the one with
    fewer blocking metrics, then the higher overall score, then the earlier take.
    """
    return min((take for take in takes if take.verdict is not None), key=_rank, default=None)


def best_so_far(takes: Sequence[T]) -> T:
    """The best take, or the last of them while none was judged; there must be one."""
    return best_take(takes) or takes[-1]


def overall_score(take: Judged) -> float | None:
    """How near a take comes to its marks: the mean of value / mark over what was measured, each at most 1.

    Inverted where lower is better. The structural contract is left out: its limits are switches, not scales.
    None when nothing was measured.
    """
    return _overall(take.values, take.limits)


def place_of(
    verdict: Verdict, blocking: int, values: Mapping[str, float], limits: Mapping[str, float]
) -> Place:
    """Where a judged take stands among others: the lowest is the best, and so it is kept with the job.

    `blocking` says how many metrics block it.

    >>> place_of(Verdict.PASS, 0, {"identity": 0.35}, {"identity": 0.7})
    (1.0, 0.0, -0.5)
    """
    return float(_PLACES.get(verdict, len(_PLACES))), float(blocking), -(_overall(values, limits) or 0.0)


def _rank(take: Judged) -> tuple[Place, int, Any]:
    """Lowest first; ids of jobs sort as the jobs were made, so that no two takes are equal."""
    verdict = take.verdict or Verdict.RETAKE
    return place_of(verdict, len(take.blocking), take.values, take.limits), take.take_number, take.job_id


def _overall(values: Mapping[str, float], limits: Mapping[str, float]) -> float | None:
    ratios = [
        _ratio(Metric(name), value, limits[name])
        for name, value in values.items()
        if name in limits and Metric(name) not in STRUCTURE
    ]
    return sum(ratios) / len(ratios) if ratios else None


def _ratio(metric: Metric, value: float, limit: float) -> float:
    lower = metric.direction is Direction.LOWER
    good, wanted = (limit, value) if lower else (value, limit)
    if wanted <= 0:
        # Nothing to divide by: a perfect 0 where lower is better, or a limit that anything reaches.
        return 1.0
    return max(0.0, min(1.0, good / wanted))
