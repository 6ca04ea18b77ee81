"""What the queue knows and what policy decides: values handed between `db.queue` and `farm.scheduling`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta

    from models.vocabulary import ErrorKind, QueueStatus, Step


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
class FailureFacts:
    """What is known of an attempt that ended with an error, read while its row is locked."""

    step: Step
    pool: str
    #: tries of this step after the first, without the next one
    retry_count: int
    max_retries: int
    #: how often this step ran out of memory before this attempt
    ran_out_before: int = 0
    #: where it did, and where this attempt ran
    tried_at: tuple[TriedAt, ...] = ()
    #: pools that live workers serve
    live_pools: frozenset[str] = frozenset()
    #: another live worker of the pool says that it has every file and node type the row needs
    another_has_its_needs: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What becomes of a row after a failure."""

    #: READY or FAILED
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
