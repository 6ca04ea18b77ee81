"""Which score a worker measures next, without a database: the twin of the statement in `db.queue.claim`.

A test holds the two equal on random rows. A worker that lacks networks a take's profile asks for leaves it to a
live worker that lacks fewer of them: partly measured it would only wait for a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime
    from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingScore:
    """A row of `render_queue` that waits for its score."""

    id: UUID
    priority: int
    #: its age
    queued_at: datetime
    #: when it may start
    available_at: datetime
    #: what the job's profile asks for
    networks: frozenset[str] = frozenset()
    #: one more failure ends the job
    is_last_try: bool = False


def next_score(
    rows: Iterable[WaitingScore],
    networks: frozenset[str],
    others: Collection[frozenset[str]],
    now: datetime,
) -> WaitingScore | None:
    """What a worker with these networks is given while live `others` have theirs; None when nothing is due."""
    takeable = (row for row in rows if row.available_at <= now and not is_left(row, networks, others))
    return min(takeable, key=lambda row: (-row.priority, row.queued_at, row.id), default=None)


def is_left(row: WaitingScore, networks: frozenset[str], others: Collection[frozenset[str]]) -> bool:
    """Whether another worker lacks fewer of the row's networks than this one.

    The last try is made by whoever takes it: what failed wherever it was sent is better measured in part, for a
    person to see, than not at all.
    """
    lacking = len(row.networks - networks)
    return not row.is_last_try and any(len(row.networks - theirs) < lacking for theirs in others)
