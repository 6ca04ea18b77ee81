"""What the queue knows and what policy decides: values handed between `db.queue` and `farm.scheduling`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.vocabulary import AttemptOutcome, Step

if TYPE_CHECKING:
    from datetime import timedelta

    from models.vocabulary import ErrorKind, HoldScope, QueueStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Affinity:
    """How far a row whose checkpoint is loaded may overtake others of its own priority."""

    #: how many of the best rows are looked at
    among: int
    #: how much younger than the best row it may be, and for how long the best row may be overtaken
    jump: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedAt:
    """A worker at which a step ran out of memory."""

    #: what it serves now
    pools: tuple[str, ...]
    #: of its ComfyUI's card; 0 where nobody knows
    vram_mib: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sickness:
    """What is known of others when a worker's machine cannot do its work."""

    #: other workers of its pool that set themselves aside for the same cause, not for the same job
    others_aside: int = 0
    #: how often in a row this worker handed work back, before
    times: int = 0
    #: it had set itself aside already
    is_known: bool = False
    #: other workers that handed this very job back for the same cause
    handed_back_by: int = 0
    #: how often this step of the job was handed back, by whomever
    handed_back: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewHold:
    """A hold to be written down."""

    scope: HoldScope
    target: str
    reason: str
    #: until it ends, or its cause is looked for again
    pause: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureFacts:
    """What is known of an attempt that ended with an error, read while its row is locked."""

    step: Step
    pool: str
    #: tries of this step after the first, without the next one
    retry_count: int
    max_retries: int
    #: how often this step ran out of memory before this attempt
    ran_out_before: int = 0
    #: how often it went on until its time limit
    timed_out_before: int = 0
    #: where it did, and where this attempt ran
    tried_at: tuple[TriedAt, ...] = ()
    #: pools that live workers serve
    live_pools: frozenset[str] = frozenset()
    #: another live worker of the pool says that it has every file and node type the row needs
    another_has_its_needs: bool = False
    worker_id: str = ""
    #: read where the machine is the cause
    sickness: Sickness = Sickness()

    @property
    def lane(self) -> str:
        """What a hold calls the queue it was claimed from: its pool, or its step after the render."""
        return lane(self.step, self.pool)


def lane(step: Step, pool: str) -> str:
    """What a hold of a pool calls the queue of this step; measurements come out of that of the scores.

    >>> from models.vocabulary import Step
    >>> lane(Step.RENDER, "toon"), lane(Step.SCORE, "toon"), lane(Step.MEASURE, "")
    ('toon', 'score', 'score')
    """
    if step is Step.RENDER:
        return pool
    return Step.SCORE.value if step is Step.MEASURE else step.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What becomes of a row after a failure."""

    #: READY, HELD or FAILED
    status: QueueStatus
    pool: str
    retry_count: int
    #: until it may be claimed again
    pause: timedelta
    error_kind: ErrorKind
    #: for people
    message: str
    #: the worker's list of what its ComfyUI has turned out to be wrong
    doubts_worker: bool = False
    #: RELEASED: handed back, and no try is counted
    outcome: AttemptOutcome = AttemptOutcome.FAILED
    holds: tuple[NewHold, ...] = ()
