"""How an attempt ends at its worker (settled, failed, released), only `WHERE epoch = mine`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from db.queue.attempts import closed
from models.recipe import environment_sha256
from models.rows.takes import Take
from models.takes import TakeFiles
from models.vocabulary import AttemptOutcome, Step

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from db.queue.claim import Claim


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


# The row moves on and the attempt is closed in one statement; no row means that the work is no longer ours.
# The next step has its own tries to use up.
_MOVE_ON = text(f"""
WITH moved AS (
    UPDATE render_queue
    SET step = :next_step, status = 'ready', retry_count = 0, available_at = now(),
        networks = CAST(:networks AS varchar[]), lease_until = NULL, worker_id = NULL, error_kind = NULL,
        error_message = NULL
    WHERE job_id = :job_id AND epoch = :epoch AND step = :step AND status = 'running'
    RETURNING job_id, epoch
), {closed("moved", AttemptOutcome.SETTLED)}
SELECT count(*) FROM moved
""")

# The last step leaves the row where it is and says when it ended and by whom.
_COMPLETE = text(f"""
WITH moved AS (
    UPDATE render_queue
    SET status = 'completed', completed_at = now(), lease_until = NULL, error_kind = NULL, error_message = NULL
    WHERE job_id = :job_id AND epoch = :epoch AND step = :step AND status = 'running'
    RETURNING job_id, epoch
), {closed("moved", AttemptOutcome.SETTLED)}
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

# Handed back unharmed: due at once for somebody else, and no try is counted.
_RELEASE = text(f"""
WITH released AS (
    UPDATE render_queue
    SET status = 'ready', available_at = now(), lease_until = NULL, worker_id = NULL
    WHERE job_id = :job_id AND epoch = :epoch AND status = 'running'
    RETURNING job_id, epoch
), {closed("released", AttemptOutcome.RELEASED)}
SELECT count(*) FROM released
""")


def settle_render(
    session: Session, claim: Claim, take: TakeRecord, *, networks: Iterable[str] = ()
) -> Settlement:
    """Write the take down and move the row on to its score, which asks for these networks."""
    settlement = _move_on(session, claim, Step.SCORE, networks)
    if settlement is Settlement.WRITTEN:
        # The recipe holds the rate exactly.
        facts = asdict(take) | {"fps": round(take.fps)}
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
    return _complete(session, claim, Step.GATE)


def settle_measure(session: Session, claim: Claim) -> Settlement:
    """Complete a measurement, in the transaction that also stores its answer."""
    return _complete(session, claim, Step.MEASURE)


def release(session: Session, claim: Claim) -> bool:
    """Hand the work back unharmed, as at a drain; False: it was no longer ours."""
    return bool(session.execute(_RELEASE, {"job_id": claim.job_id, "epoch": claim.epoch}).scalar_one())


def has_take(session: Session, claim: Claim) -> bool:
    """Whether the take of this very attempt stands; its files must never be removed."""
    count = session.execute(_HAS_TAKE, {"job_id": claim.job_id, "epoch": claim.epoch})
    return bool(count.scalar_one())


def _complete(session: Session, claim: Claim, step: Step) -> Settlement:
    values = {"job_id": claim.job_id, "epoch": claim.epoch, "step": step.value}
    return _settlement(session, claim, session.execute(_COMPLETE, values).scalar_one())


def _move_on(session: Session, claim: Claim, next_step: Step, networks: Iterable[str] = ()) -> Settlement:
    values = {
        "job_id": claim.job_id,
        "epoch": claim.epoch,
        "step": claim.step.value,
        "next_step": next_step.value,
        "networks": list(networks),
    }
    return _settlement(session, claim, session.execute(_MOVE_ON, values).scalar_one())


def _settlement(session: Session, claim: Claim, moved: int) -> Settlement:
    if moved:
        return Settlement.WRITTEN
    values = {"job_id": claim.job_id, "epoch": claim.epoch}
    return Settlement.STANDS if session.execute(_WAS_SETTLED, values).scalar_one() else Settlement.FENCED
