"""What happens to work whose memory ran out: once more where it is, then on a bigger card, else it fails.

The recipe never shrinks, and the same or a smaller card is never tried a third time: the work moves to a pool
that the cards it failed on do not fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from models.pools import bigger, gib_of, renderer_of, served_by
from models.vocabulary import Step

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from db.queue.claim import Claim


@dataclass(frozen=True, slots=True)
class NextTry:
    """What comes next after memory ran out."""

    message: str
    repeats: bool = False
    #: where it goes on; None: it stays, or fails
    moves_to: str | None = None


# The workers at which this step of the job ran out of memory before, each time anew.
_BEFORE = text("""
SELECT worker_id FROM attempts
WHERE job_id = :job_id AND step = :step AND error_kind = 'out_of_memory' AND epoch <> :epoch
ORDER BY epoch
""")

# What those workers serve, and the card of each where it is known.
_WHERE = text("""
SELECT pools, capabilities -> :renderer -> 'vram_mib' AS vram_mib FROM workers WHERE id = ANY(:ids)
""")

# The pools that somebody serves who was heard of lately.
_SERVED = text("""
SELECT DISTINCT unnest(pools) AS pool FROM workers
WHERE status IN ('ready', 'busy') AND last_seen_at > now() - CAST(:silent_after AS interval)
""")


def after_running_out(session: Session, claim: Claim, message: str, *, silent_after: timedelta) -> NextTry:
    """What becomes of `claim`, whose memory ran out just now; `message` is what its worker said.

    In every pool it is tried twice, because memory that another job held is freed after the first time.
    """
    values = {"job_id": claim.job_id, "step": claim.step.value, "epoch": claim.epoch}
    before = list(session.execute(_BEFORE, values).scalars())
    if len(before) % 2 == 0:
        return NextTry(message, repeats=True)
    if claim.step is not Step.RENDER:
        return NextTry(message)
    tried = _tried(session, claim.pool, {*before, claim.worker_id})
    served = set(session.execute(_SERVED, {"silent_after": silent_after}).scalars())
    wanted = [pool for pool in bigger(claim.pool) if pool not in tried.pools]
    place = next((pool for pool in wanted if pool in served), None)
    if place is not None:
        return NextTry(
            f"{_said(message)} It ran out of memory twice on {tried.card}; moved to {place}.", moves_to=place
        )
    if not tried.is_card:
        return NextTry(message)
    need = "the farm knows no class of cards with more"
    if wanted:
        need = f"it would need one of {gib_of(wanted[0])} GiB or more, and no live worker has it"
    return NextTry(f"{_said(message)} It ran out of memory twice on {tried.card}; {need}.")


@dataclass(frozen=True, slots=True)
class _Tried:
    #: what the workers that ran out serve, and every pool their cards fit
    pools: frozenset[str]
    #: in words
    card: str
    #: whether any of it is about a card of known size
    is_card: bool


def _tried(session: Session, pool: str, worker_ids: Iterable[str]) -> _Tried:
    renderer = renderer_of(pool)
    rows = session.execute(_WHERE, {"renderer": renderer, "ids": list(worker_ids)}).all()
    biggest = max((int(row.vram_mib or 0) for row in rows), default=0)
    pools = {served for row in rows for served in row.pools}
    pools |= set(served_by(renderer, biggest)) if biggest else set()
    size = round(biggest / 1024) if biggest else gib_of(pool)
    return _Tried(frozenset(pools), f"a card of {size} GiB" if size else "the card it was on", size > 0)


def _said(message: str) -> str:
    return message if message.endswith((".", "!", "?")) else f"{message}."
