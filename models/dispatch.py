"""Tasks that another program hands to the farm: their words, and what is answered about each."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

TASK_PRIORITIES = (1, 5, 8, 10)
"""Those that Echo gives its tasks, higher first."""


class TaskType(StrEnum):
    """What is to be done."""

    GENERATE_IMAGE = "generate_image"
    GENERATE_LOOP = "generate_loop"
    GENERATE_VIDEO = "generate_video"
    CHARACTER_DESIGN = "character_design"
    SCENE_COMPOSITION = "scene_composition"
    QUALITY_REVIEW = "quality_review"
    STORY_UPDATE = "story_update"
    BATCH_DISPATCH = "batch_dispatch"

    @property
    def is_render(self) -> bool:
        """Whether it orders a job."""
        return self in _RENDERS


_RENDERS = frozenset({TaskType.GENERATE_IMAGE, TaskType.GENERATE_LOOP, TaskType.GENERATE_VIDEO})


class TaskState(StrEnum):
    """Where a task stands; read from its job where it has one, never stored."""

    WAITING = "waiting"  #: for other tasks of its batch, or a person holds it
    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"  #: it is done, or a take of it is judged, whatever the verdict
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens to it by itself."""
        return self in (TaskState.COMPLETED, TaskState.FAILED, TaskState.CANCELLED)


class SequenceMode(StrEnum):
    """How the tasks of a batch follow each other."""

    PARALLEL = "parallel"  #: all at once
    SEQUENTIAL = "sequential"  #: each when a take of the one before is judged; without one it is called off
    CONDITIONAL = "conditional"  #: each when those it names in `after` came to what its `condition` says


class Condition(StrEnum):
    """What an order that is waited for must come to; where it cannot any more, whoever waits is called off."""

    COMPLETED = "completed"  #: a take of it is judged, whatever the verdict
    PASSED = "passed"  #: a take of it passed, or was approved
    FAILED = "failed"  #: it is over, and none did
    OVER = "over"  #: it is over, whatever came of it


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """One dispatched task, and what came of it."""

    task_id: str
    task_type: TaskType
    #: the first job of its order; None: it is none of a render
    job_id: UUID | None
    status: TaskState
    created_at: datetime
    #: what it came to; None while it is not over
    result: dict[str, Any] | None = None
    #: metric -> measured number, or None where it could not be measured, of the best take
    quality_scores: dict[str, float | None] | None = None
    #: the best take's master, where this machine keeps it
    output_paths: tuple[str, ...] = ()
    #: why it failed or was called off, or what it waits for
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTask:
    """A task as it is kept."""

    id: UUID
    task_id: str
    task_type: TaskType
    #: as it was sent
    request: dict[str, Any]
    #: None: not a render, or not ordered yet
    job_id: UUID | None
    #: what was answered at once; None: its job tells
    answer: dict[str, Any] | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """What became of an order that another job waits for."""

    #: of the job that waits
    job_id: UUID
    condition: Condition
    #: some job of the order is not over
    in_work: bool
    #: of its judged takes
    verdicts: frozenset[str] = field(default=frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What followed from news of another program."""

    event_type: str
    #: one sentence
    done: str
    #: that was ordered or decided about
    job_id: UUID | None = None
    #: the question put to score workers, which `measurement` answers
    measurement_id: UUID | None = None
