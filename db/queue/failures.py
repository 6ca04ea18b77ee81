"""Attempts that end with an error or in silence: what is known of them, and the decision written down.

What happens next is decided in `farm.scheduling.failures`, between the two and in the same transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from db.events.outbox import OF_A_JOB, noted
from db.queue.attempts import closed
from models.events import EventType
from models.plain import storable
from models.scheduling import FailureFacts, TriedAt
from models.vocabulary import AttemptOutcome, Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import timedelta

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from db.queue.claim import Claim
    from models.scheduling import Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """One attempt whose worker is no more, or silent past its lease; whatever it left in the store is to go."""

    job_id: UUID
    #: of the attempt, which is the name of its folder
    epoch: int
    #: since its claim; None: nothing is known of the attempt
    ran_for: timedelta | None
    facts: FailureFacts


_TIMED_OUT_BEFORE = """(
    SELECT count(*) FROM attempts t WHERE t.job_id = q.job_id AND t.step = q.step AND t.error_kind = 'timeout'
) AS timed_out_before"""

# Locked, so that what is decided next is written.
_FACTS = text(f"""
SELECT q.step, q.pool, q.retry_count, q.max_retries,
       (SELECT count(*) FROM attempts a WHERE a.job_id = q.job_id AND a.step = q.step
          AND a.error_kind = 'out_of_memory' AND a.epoch <> q.epoch) AS ran_out_before,
       {_TIMED_OUT_BEFORE},
       ARRAY(SELECT DISTINCT unnest(w.pools) FROM workers w
             WHERE is_live(w, CAST(:silent_after AS interval))) AS live_pools,
       EXISTS (SELECT 1 FROM workers w JOIN inventories i ON i.sha256 = w.comfyui_inventory
               WHERE w.id <> q.worker_id AND q.pool = ANY(w.pools) AND q.needs <@ i.has
                 AND is_live(w, CAST(:silent_after AS interval))) AS another_has_its_needs
FROM render_queue q
WHERE q.job_id = :job_id AND q.epoch = :epoch AND q.status = 'running'
FOR UPDATE OF q
""")

_TRIED_AT = text("""
SELECT pools, COALESCE(comfyui_vram_mib, 0) AS vram_mib FROM workers
WHERE id = :worker_id OR id IN (SELECT worker_id FROM attempts
                                WHERE job_id = :job_id AND step = :step AND error_kind = 'out_of_memory')
""")


def _lost(which: str) -> str:
    """Running rows whose worker is no more; SKIP LOCKED lets a settle that is committing just now win."""
    return f"""
SELECT q.job_id, q.epoch, q.step, q.pool, q.retry_count, q.max_retries, now() - a.started_at AS ran_for,
       {_TIMED_OUT_BEFORE}
FROM render_queue q LEFT JOIN attempts a ON a.job_id = q.job_id AND a.epoch = q.epoch
WHERE q.status = 'running' AND {which}
ORDER BY q.lease_until LIMIT :at_most FOR UPDATE OF q SKIP LOCKED
"""


_EXPIRED = text(_lost("q.lease_until < now()"))

# A parent knows its children: what another process of this start of the worker held, it holds no more.
_ORPHANED = text(_lost("q.incarnation = :incarnation AND a.pid <> ALL(CAST(:living AS integer[]))"))


_WHY = "jsonb_build_object('step', e.step, 'error_kind', e.error_kind, 'message', e.error_message)"


def _end(outcome: AttemptOutcome, *, epoch: str, worker_id: str) -> str:
    """Rows go back after their pause, or fail; `epoch` and `worker_id` are what those columns become."""
    return f"""
WITH decided AS (
    SELECT * FROM unnest(
        CAST(:job_ids AS uuid[]), CAST(:epochs AS integer[]), CAST(:statuses AS varchar[]),
        CAST(:pools AS varchar[]), CAST(:retry_counts AS integer[]), CAST(:pauses AS interval[]),
        CAST(:error_kinds AS varchar[]), CAST(:messages AS text[])
    ) AS d (job_id, epoch, status, pool, retry_count, pause, error_kind, error_message)
), ended AS (
    UPDATE render_queue q
    SET status = d.status, pool = d.pool, retry_count = d.retry_count, epoch = {epoch}, worker_id = {worker_id},
        available_at = CASE d.status WHEN 'ready' THEN now() + d.pause ELSE q.available_at END,
        held_for = CASE d.status WHEN 'held' THEN d.error_message END,
        completed_at = CASE d.status WHEN 'failed' THEN now() END,
        lease_until = NULL, error_kind = d.error_kind, error_message = d.error_message
    FROM decided d WHERE q.job_id = d.job_id AND q.epoch = d.epoch AND q.status = 'running'
    RETURNING q.job_id, d.epoch, q.error_kind, q.error_message, q.project_id, q.status, q.step
), {closed("ended", outcome, error=True)},
{noted("ended", EventType.JOB_FAILED, _WHY, where=f"e.status = 'failed' AND {OF_A_JOB}")}
SELECT count(*) FROM ended
"""


_FAIL = text(
    _end(AttemptOutcome.FAILED, epoch="q.epoch", worker_id="CASE d.status WHEN 'failed' THEN q.worker_id END")
)

_HAND_BACK = text(_end(AttemptOutcome.RELEASED, epoch="q.epoch", worker_id="NULL"))

# The raised epoch fences the silent worker should it wake again.
_TAKE_BACK = text(_end(AttemptOutcome.LOST, epoch="q.epoch + 1", worker_id="NULL"))


def failure_facts(session: Session, claim: Claim, *, silent_after: timedelta) -> FailureFacts | None:
    """What is known of an attempt that just failed, its row locked; None: it is no longer ours.

    A worker silent for longer than `silent_after` does not count as live.
    """
    values = {"job_id": claim.job_id, "epoch": claim.epoch, "silent_after": silent_after}
    row = session.execute(_FACTS, values).one_or_none()
    if row is None:
        return None
    tried_at = session.execute(
        _TRIED_AT, {"job_id": claim.job_id, "step": row.step, "worker_id": claim.worker_id}
    )
    return FailureFacts(
        step=Step(row.step),
        pool=row.pool,
        retry_count=row.retry_count,
        max_retries=row.max_retries,
        ran_out_before=row.ran_out_before,
        timed_out_before=row.timed_out_before,
        tried_at=tuple(TriedAt(pools=tuple(each.pools), vram_mib=each.vram_mib) for each in tried_at),
        live_pools=frozenset(row.live_pools),
        another_has_its_needs=row.another_has_its_needs,
        worker_id=claim.worker_id,
    )


def fail(session: Session, claim: Claim, decision: Decision) -> None:
    """End the attempt as it was decided upon its `failure_facts`, in the same transaction."""
    handed_back = decision.outcome is AttemptOutcome.RELEASED
    session.execute(_HAND_BACK if handed_back else _FAIL, _columns([(claim.job_id, claim.epoch, decision)]))


def expired(session: Session, *, at_most: int = 1000) -> list[Expired]:
    """The attempts whose lease ran out, their rows locked; one that is being settled just now is left out."""
    return [_expired(row) for row in session.execute(_EXPIRED, {"at_most": at_most})]


def orphaned(
    session: Session, incarnation: UUID, living: Iterable[int], *, at_most: int = 1000
) -> list[Expired]:
    """The attempts of a worker whose own process is none of the `living`, as `expired` gives them."""
    values = {"incarnation": incarnation, "living": list(living), "at_most": at_most}
    return [_expired(row) for row in session.execute(_ORPHANED, values)]


def _expired(row: Row[Any]) -> Expired:
    return Expired(
        job_id=row.job_id,
        epoch=row.epoch,
        ran_for=row.ran_for,
        facts=FailureFacts(
            step=Step(row.step),
            pool=row.pool,
            retry_count=row.retry_count,
            max_retries=row.max_retries,
            timed_out_before=row.timed_out_before,
        ),
    )


def take_back(session: Session, decided: Sequence[tuple[Expired, Decision]]) -> None:
    """End expired attempts as it was decided, in the transaction that locked them."""
    if decided:
        session.execute(_TAKE_BACK, _columns([(each.job_id, each.epoch, what) for each, what in decided]))


def _columns(decided: Sequence[tuple[UUID, int, Decision]]) -> dict[str, list[object]]:
    return {
        "job_ids": [job_id for job_id, _, _ in decided],
        "epochs": [epoch for _, epoch, _ in decided],
        "statuses": [decision.status.value for *_, decision in decided],
        "pools": [decision.pool for *_, decision in decided],
        "retry_counts": [decision.retry_count for *_, decision in decided],
        "pauses": [decision.pause for *_, decision in decided],
        "error_kinds": [decision.error_kind.value for *_, decision in decided],
        "messages": [storable(decision.message) for *_, decision in decided],
    }
