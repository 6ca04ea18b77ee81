"""The queue's SQL, part two: how an attempt ends (settled, failed, released), only `WHERE epoch = mine`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from db.fleet import workers
from db.queue.memory import after_running_out
from models.pools import renderer_of
from models.recipe import environment_sha256
from models.rows.takes import Take
from models.takes import TakeFiles
from models.vocabulary import ErrorKind, QueueStatus, Step

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from db.queue.claim import Claim

SILENT_AFTER = timedelta(seconds=90)
"""Workers heard of within the default lease count as alive."""


class Settlement(StrEnum):
    """What became of a settle."""

    WRITTEN = "written"  #: this call wrote it
    STANDS = "stands"  #: an earlier call of the same attempt wrote it, and its answer was lost on the way
    FENCED = "fenced"  #: the work is no longer ours: nothing was written, and its files must go

    @property
    def counts(self) -> bool:
        """Whether the attempt's result is the one that stands."""
        return self is not Settlement.FENCED


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeRecord(TakeFiles):
    """What a render made, as it is written down."""

    render_seconds: float
    renderer_version: str
    environment: dict[str, str]
    #: graph, checkpoint hashes: what the renderer made of the ordered recipe
    resolved: dict[str, Any]
    #: the job that rendered these pixels, where it was not this one
    reused_from_job_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """The pause before a next try: `base` doubled with every try, at most `cap`, then 50 to 150 % of it."""

    base: timedelta
    cap: timedelta


# The row moves on and the attempt is closed in one statement; no row means that the work is no longer ours.
# The next step has its own tries to use up, and its message is the rest of the chain, already on its way.
_MOVE_ON = text("""
WITH moved AS (
    UPDATE render_queue
    SET step = :next_step, status = 'ready', retry_count = 0, available_at = now(), dispatched_at = now(),
        lease_until = NULL, worker_id = NULL, error_kind = NULL, error_message = NULL
    WHERE job_id = :job_id AND epoch = :epoch AND step = :step AND status = 'running'
    RETURNING job_id, epoch
), closed AS (
    UPDATE attempts a SET outcome = 'settled', ended_at = now()
    FROM moved WHERE a.job_id = moved.job_id AND a.epoch = moved.epoch
)
SELECT count(*) FROM moved
""")

# The last step leaves the row where it is and says when it ended and by whom.
_COMPLETE = text("""
WITH moved AS (
    UPDATE render_queue
    SET status = 'completed', completed_at = now(), lease_until = NULL, error_kind = NULL, error_message = NULL
    WHERE job_id = :job_id AND epoch = :epoch AND step = :step AND status = 'running'
    RETURNING job_id, epoch
), closed AS (
    UPDATE attempts a SET outcome = 'settled', ended_at = now()
    FROM moved WHERE a.job_id = moved.job_id AND a.epoch = moved.epoch
)
SELECT count(*) FROM moved
""")

# A settle whose commit was written but whose answer was lost finds its own mark here when it asks again.
_WAS_SETTLED = text("""
SELECT count(*) FROM attempts WHERE job_id = :job_id AND epoch = :epoch AND outcome = 'settled'
""")

# Files of an attempt may go unless this says that they are the take.
_HAS_TAKE = text("SELECT count(*) FROM takes WHERE job_id = :job_id AND epoch = :epoch")

# The resolved part of the recipe, and the last frame for everyone who watches.
_RESOLVE = text("""
WITH told AS (UPDATE jobs SET current_frame = :frames WHERE id = :job_id)
UPDATE generation_params
SET renderer_version = :renderer_version, environment = CAST(:environment AS jsonb),
    environment_sha256 = :environment_sha256,
    file_hashes = COALESCE(CAST(:resolved AS jsonb) -> 'file_hashes', file_hashes),
    model_hash = COALESCE(CAST(:resolved AS jsonb) ->> 'model_hash', model_hash),
    comfyui_workflow = COALESCE(CAST(:resolved AS jsonb) -> 'comfyui_workflow', comfyui_workflow)
WHERE job_id = :job_id
""").bindparams(bindparam("environment", type_=JSONB), bindparam("resolved", type_=JSONB))

# Whether the attempt still has the say; locked, so that what is decided next is written.
_LOCK_MINE = text("""
SELECT 1 FROM render_queue WHERE job_id = :job_id AND epoch = :epoch AND status = 'running' FOR UPDATE
""")

# Back to ready after a pause when the same inputs deserve another try, at once where it moves to another pool
# and starts anew there, else failed.
_FAIL = text("""
WITH mine AS (
    SELECT q.id, CAST(:moves_to AS varchar) IS NOT NULL AS moves,
           q.retry_count < q.max_retries AND :repeatable AS again
    FROM render_queue q
    WHERE q.job_id = :job_id AND q.epoch = :epoch AND q.status = 'running'
    FOR UPDATE
), ended AS (
    UPDATE render_queue q
    SET status = CASE WHEN mine.again OR mine.moves THEN 'ready' ELSE 'failed' END,
        pool = COALESCE(:moves_to, q.pool),
        retry_count = CASE WHEN mine.moves THEN 0 WHEN mine.again THEN q.retry_count + 1 ELSE q.retry_count END,
        available_at = CASE WHEN mine.moves THEN now() WHEN mine.again
            THEN now() + LEAST(CAST(:cap AS interval),
                               CAST(:base AS interval) * power(2, LEAST(q.retry_count, 20))) * (0.5 + random())
            ELSE q.available_at END,
        completed_at = CASE WHEN mine.again OR mine.moves THEN NULL ELSE now() END,
        worker_id = CASE WHEN mine.again OR mine.moves THEN NULL ELSE q.worker_id END,
        lease_until = NULL, dispatched_at = NULL, error_kind = :error_kind, error_message = :error_message
    FROM mine WHERE q.id = mine.id
    RETURNING q.job_id, q.epoch, q.status
), closed AS (
    UPDATE attempts a
    SET outcome = 'failed', ended_at = now(), error_kind = :error_kind, error_message = :error_message
    FROM ended WHERE a.job_id = ended.job_id AND a.epoch = ended.epoch
)
SELECT status FROM ended
""")

# Whether another worker of the pool, heard of lately, says that it has everything the row needs.
_OTHERS_HAVE = text("""
SELECT EXISTS (
    SELECT 1 FROM render_queue q
    JOIN workers w ON q.pool = ANY(w.pools) AND w.id <> q.worker_id
    JOIN inventories i ON i.sha256 = w.capabilities -> :renderer ->> 'inventory'
    WHERE q.job_id = :job_id AND q.epoch = :epoch AND q.needs <@ i.has
      AND w.status IN ('ready', 'busy') AND w.last_seen_at > now() - CAST(:silent_after AS interval))
""")

# Handed back unharmed: due at once for somebody else, and no try is counted.
_RELEASE = text("""
WITH released AS (
    UPDATE render_queue
    SET status = 'ready', available_at = now(), lease_until = NULL, worker_id = NULL, dispatched_at = NULL
    WHERE job_id = :job_id AND epoch = :epoch AND status = 'running'
    RETURNING job_id, epoch
), closed AS (
    UPDATE attempts a SET outcome = 'released', ended_at = now()
    FROM released WHERE a.job_id = released.job_id AND a.epoch = released.epoch
)
SELECT count(*) FROM released
""")


def settle_render(session: Session, claim: Claim, take: TakeRecord) -> Settlement:
    """Write the take down and move the row on to its score."""
    settlement = _move_on(session, claim, Step.SCORE)
    if settlement is Settlement.WRITTEN:
        facts = asdict(take)
        version, environment, resolved = (facts.pop(k) for k in ("renderer_version", "environment", "resolved"))
        session.add(Take(job_id=claim.job_id, epoch=claim.epoch, **facts))
        session.execute(
            _RESOLVE,
            {
                "job_id": claim.job_id,
                "frames": take.frames,
                "renderer_version": version,
                "environment": environment,
                "environment_sha256": environment_sha256(environment),
                "resolved": resolved,
            },
        )
    return settlement


def settle_score(session: Session, claim: Claim) -> Settlement:
    """Move the row on to its gate, in the transaction that also stores what was measured."""
    return _move_on(session, claim, Step.GATE)


def settle_gate(session: Session, claim: Claim) -> Settlement:
    """Complete the job, in the transaction that also judges it: both are written, or neither."""
    values = {"job_id": claim.job_id, "epoch": claim.epoch, "step": Step.GATE.value}
    return _settlement(session, claim, session.execute(_COMPLETE, values).scalar_one())


def fail(
    session: Session,
    claim: Claim,
    *,
    error_kind: ErrorKind,
    message: str,
    backoff: Backoff,
    silent_after: timedelta = SILENT_AFTER,
) -> QueueStatus | None:
    """End the attempt with an error: READY (tried again later) or FAILED; None: it was no longer ours.

    Where memory ran out twice it moves to a pool of bigger cards, if a worker heard of within `silent_after`
    serves one. What was missing here is tried again only if another such worker has it, because a file may have
    gone since this worker's ComfyUI was listed; the claim gives the others the first say.
    """
    mine = {"job_id": claim.job_id, "epoch": claim.epoch}
    repeats, moves_to = error_kind.is_worth_repeating, None
    if error_kind is ErrorKind.OUT_OF_MEMORY:
        if session.execute(_LOCK_MINE, mine).scalar_one_or_none() is None:
            return None
        next_try = after_running_out(session, claim, message, silent_after=silent_after)
        message, repeats, moves_to = next_try.message, next_try.repeats, next_try.moves_to
    elif error_kind is ErrorKind.MISSING_CHECKPOINT:
        where = {"renderer": renderer_of(claim.pool), "silent_after": silent_after}
        repeats = bool(session.execute(_OTHERS_HAVE, {**mine, **where}).scalar_one())
        workers.doubt(session, claim.worker_id)
    status = session.execute(
        _FAIL,
        {
            **mine,
            "repeatable": repeats,
            "moves_to": moves_to,
            "error_kind": error_kind.value,
            "error_message": message,
            "base": backoff.base,
            "cap": backoff.cap,
        },
    ).scalar_one_or_none()
    return None if status is None else QueueStatus(status)


def release(session: Session, claim: Claim) -> bool:
    """Hand the work back unharmed, as at a drain; False: it was no longer ours."""
    return bool(session.execute(_RELEASE, {"job_id": claim.job_id, "epoch": claim.epoch}).scalar_one())


def has_take(session: Session, claim: Claim) -> bool:
    """Whether the take of this very attempt stands; its files must never be removed."""
    found = session.execute(_HAS_TAKE, {"job_id": claim.job_id, "epoch": claim.epoch})
    return bool(found.scalar_one())


def _move_on(session: Session, claim: Claim, next_step: Step) -> Settlement:
    values = {
        "job_id": claim.job_id,
        "epoch": claim.epoch,
        "step": claim.step.value,
        "next_step": next_step.value,
    }
    return _settlement(session, claim, session.execute(_MOVE_ON, values).scalar_one())


def _settlement(session: Session, claim: Claim, moved: int) -> Settlement:
    if moved:
        return Settlement.WRITTEN
    values = {"job_id": claim.job_id, "epoch": claim.epoch}
    return Settlement.STANDS if session.execute(_WAS_SETTLED, values).scalar_one() else Settlement.FENCED
