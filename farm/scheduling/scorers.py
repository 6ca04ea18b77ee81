"""Which of several score workers should measure a take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.scoring.network_table import lacking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from db.fleet.workers import Scorer


def best_of(others: Sequence[Scorer], wanted: set[str], *, fewer_than: int, turn: int = 0) -> Scorer | None:
    """The worker that lacks the fewest of the wanted networks, fewer than this one does; an idle one first.

    `turn` spreads work over equals.
    """
    able = [(len(lacking(wanted, other.networks)), other.is_busy, other) for other in others]
    able = [each for each in able if each[0] < fewer_than]
    if not able:
        return None
    first = min(each[:2] for each in able)
    equals = [other for lacks, busy, other in able if (lacks, busy) == first]
    return equals[turn % len(equals)]
