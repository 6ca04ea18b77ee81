"""What a gate counts: which unit an order belongs to, and how one stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.vocabulary import JobType, UnitKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from models.takes import TakeResult
    from models.vocabulary import LeftOut


@dataclass(frozen=True, slots=True, order=True)
class UnitKey:
    """Which unit of a project's phase; `key` is unique among those of its kind."""

    kind: UnitKind
    key: str = ""


def unit_of(
    job_id: UUID,
    job_type: JobType,
    *,
    cut_id: UUID | None,
    characters: Iterable[str],
    is_reproduction: bool,
    show_has_cuts: bool,
    is_scratch: bool = False,
) -> UnitKey:
    """The unit that a root job belongs to; its retakes follow it there, whatever they change.

    `is_scratch`: nothing that was asked for is seen in it, so that it stands for nothing in any show.

    >>> unit_of(None, JobType.CHARACTER_SHEET, cut_id=None, characters=["ren", "mio"], is_reproduction=False,
    ...         show_has_cuts=True)
    UnitKey(kind=<UnitKind.CHARACTER: 'character'>, key='mio & ren')
    """
    if is_reproduction:
        return UnitKey(UnitKind.REPRODUCTION)
    if is_scratch:
        return UnitKey(UnitKind.SCRATCH)
    who = " & ".join(sorted(set(characters)))
    if job_type is JobType.CHARACTER_SHEET and who:
        return UnitKey(UnitKind.CHARACTER, who)
    if cut_id is not None:
        return UnitKey(UnitKind.CUT, str(cut_id))
    return UnitKey(UnitKind.SCRATCH) if show_has_cuts else UnitKey(UnitKind.ORDER, str(job_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseTally:
    """A phase counted in units."""

    #: that have an order and are not left out
    ordered: int
    #: of these, whose best take passed
    passed: int
    #: that the show has in all, without the omitted ones
    cuts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitStanding:
    """How one unit stands in a phase."""

    kind: UnitKind
    #: None: the gate counts it
    left_out: LeftOut | None = None
    #: the path of its cut
    cut: str | None = None
    #: whose sheets these are
    character: str | None = None
    #: root jobs, and all jobs, with those that were called off
    orders: int = 1
    takes: int = 1
    #: of all its judged takes; see `farm.judging.best_take`
    best: TakeResult | None = None
    #: a job of it waits or runs
    in_work: bool = False
    #: of a unit without a judged take: its last job, and why that failed
    last_job_id: UUID | None = None
    error: str | None = None
    #: stills that took longer than the specification allows; see `models.takes.is_slow`
    slow_takes: int = 0
    slowest_job_id: UUID | None = None
    slowest_seconds: float | None = None

    @property
    def passed(self) -> bool:
        """Whether its best take passed or was approved."""
        return self.best is not None and self.best.verdict is not None and self.best.verdict.passes

    @property
    def label(self) -> str | None:
        """How a person calls it; None for an order that stands for itself."""
        return self.cut or self.character
