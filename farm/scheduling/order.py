"""What a claim orders by, without a database: the twin of the statement in `db.queue.claim`.

A test holds the two equal on random rows. Of the due rows that a worker can do, that no hold keeps from it,
and that no other should have first, it is given the highest priority, then the oldest: age is counted from the
order, so a row that lost its worker or was handed back keeps its place. Of several equal orders only the first
is given out. Among the best rows one whose checkpoint is loaded may overtake older ones of its own priority;
the first row is passed over in this way for a bounded time only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from models.scheduling import Affinity
from models.vocabulary import HoldScope

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime
    from uuid import UUID

WARM_AMONG = 64
"""How many of the best rows are looked at for one whose checkpoint is already loaded."""

WARM_JUMP = timedelta(minutes=5)
"""How much older a row may be than the warm one that overtakes it, and for how long that may go on."""

AFFINITY = Affinity(among=WARM_AMONG, jump=WARM_JUMP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A row of `render_queue` that waits for its render."""

    id: UUID
    pool: str
    priority: int
    #: its age
    queued_at: datetime
    #: when it may start
    available_at: datetime
    #: since when it is the first and others are given out before it
    passed_over_since: datetime | None = None
    project: str = ""
    model_name: str = ""
    fingerprint: str | None = None
    #: an equal order comes before it
    waits_for_equal: bool = False
    needs: frozenset[str] = frozenset()
    #: where the last attempt ended, if this one would be a retry
    failed_at: str | None = None

    @property
    def place(self) -> tuple[int, datetime, UUID]:
        """The smallest goes first."""
        return -self.priority, self.queued_at, self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimer:
    """A worker that asks for work."""

    id: str
    pools: frozenset[str]
    has: frozenset[str] = frozenset()
    warm: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What else a claim sees."""

    now: datetime
    #: how long a retry is left to other workers
    lease: timedelta
    #: fingerprints that are being rendered
    running: frozenset[str] = frozenset()
    #: live workers and the pools they serve
    live: dict[str, frozenset[str]] = field(default_factory=dict)
    #: what is held, each as scope and target
    held: frozenset[tuple[HoldScope, str]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a claim comes to."""

    row: Waiting
    #: the first row, where the chosen one overtook it
    passed_over: Waiting | None


def next_row(
    rows: Iterable[Waiting], claimer: Claimer, situation: Situation, affinity: Affinity = AFFINITY
) -> Choice | None:
    """What `claimer` is given; None when nothing is due for it."""
    takeable = (row for row in rows if may_take(row, claimer, situation))
    best = sorted(takeable, key=lambda row: row.place)[: affinity.among]
    if not best:
        return None
    head = best[0]
    since = head.passed_over_since
    may_be_overtaken = since is None or since > situation.now - affinity.jump

    def overtakes(row: Waiting) -> bool:
        return (
            may_be_overtaken
            and row.model_name in claimer.warm
            and row.priority == head.priority
            and row.queued_at <= head.queued_at + affinity.jump
        )

    row = min(_first_of_equals(best), key=lambda row: (not overtakes(row), row.place))
    return Choice(row=row, passed_over=head if row is not head else None)


def may_take(row: Waiting, claimer: Claimer, situation: Situation) -> bool:
    """Whether `claimer` can do the row now, and no other worker should have it first."""
    return (
        row.pool in claimer.pools
        and row.needs <= claimer.has
        and not _is_held(row, claimer, situation)
        and is_startable(row, situation)
        and not _is_left_to_others(row, claimer, situation)
    )


def is_startable(row: Waiting, situation: Situation) -> bool:
    """Whether the row is due, its project not held, and no equal order being rendered or before it."""
    return (
        row.available_at <= situation.now
        and (HoldScope.PROJECT, row.project) not in situation.held
        and not row.waits_for_equal
        and row.fingerprint not in situation.running
    )


def ahead_of(
    row: Waiting, rows: Iterable[Waiting], situation: Situation, inventories: Collection[frozenset[str]]
) -> int:
    """How many rows of its pool go before `row`; what none of the live `inventories` can do never goes."""
    return sum(
        other.pool == row.pool
        and other.place < row.place
        and is_startable(other, situation)
        and (not other.needs or any(other.needs <= has for has in inventories))
        for other in rows
    )


def _first_of_equals(rows: Iterable[Waiting]) -> list[Waiting]:
    """Of each set of equal orders only the first."""
    seen: set[str] = set()
    firsts = []
    for row in rows:
        if row.fingerprint not in seen:
            firsts.append(row)
        if row.fingerprint is not None:
            seen.add(row.fingerprint)
    return firsts


def _is_held(row: Waiting, claimer: Claimer, situation: Situation) -> bool:
    mine = {(HoldScope.FARM, ""), (HoldScope.POOL, row.pool), (HoldScope.WORKER, claimer.id)}
    return not mine.isdisjoint(situation.held)


def _is_left_to_others(row: Waiting, claimer: Claimer, situation: Situation) -> bool:
    """What failed here goes to another live worker of its pool, for one lease at most."""
    return (
        row.failed_at == claimer.id
        and row.available_at > situation.now - situation.lease
        and any(row.pool in pools for worker, pools in situation.live.items() if worker != claimer.id)
    )
