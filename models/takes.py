"""Takes: what a render made, what was measured of it, and what it is held against."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from models.vocabulary import JobType

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from models.metrics import Measurement
    from models.vocabulary import (
        JobType,
        Phase,
        Verdict,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeFiles:
    """The files of a take and what they show; paths are relative to the artifact store."""

    master_path: str
    proxy_path: str | None
    pixel_sha256: str
    file_sha256: str
    size_bytes: int
    frames: int
    width: int
    height: int
    fps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeView(TakeFiles):
    """What a finished render made."""

    render_seconds: float
    #: the job whose equal take this is, where nothing had to be rendered
    reused_from_job_id: UUID | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoresView:
    """What was measured of a take and what the gate said of it."""

    profile: str
    phase: Phase
    verdict: Verdict | None
    blocking: tuple[str, ...]
    not_measured: tuple[str, ...]
    #: metric -> {limit, network, direction}: the marks in force when it was judged
    thresholds_used: dict[str, dict[str, Any]]
    measurements: tuple[Measurement, ...]
    evaluated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReference:
    """A character's embedding by one network."""

    character: str  #: slug
    network: str
    network_sha256: str
    embedding: bytes  #: little-endian float32


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeExpectations:
    """What the scorer holds one take against; paths are relative to the artifact store."""

    job_id: UUID
    project: str
    phase: Phase
    job_type: JobType
    profile: str
    #: the project's own profiles by name, as stored in its defaults
    project_profiles: dict[str, Any]
    frame_count: int
    width: int
    height: int
    fps: int
    master_path: str
    #: slugs of everybody who must be seen, with or without a reference
    characters: tuple[str, ...]
    references: tuple[StoredReference, ...]
    #: calibrations by network, as `workers.scoring` wrote them
    styles: dict[str, dict[str, Any]]
    #: masters of the previous and the next cut of the scene, where they have a take
    neighbours: tuple[str, ...] = ()
    #: slug -> attribute -> word, as this take was ordered: variations are applied
    attributes: dict[str, dict[str, str]] = field(default_factory=dict)
    #: metric -> limit: the order's own, in place of the profile's
    quality_thresholds: dict[str, float] = field(default_factory=dict)
    #: how many of them come before this cut: 0 or 1
    neighbours_before: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeResult:
    """One take of a root job as the gate weighs it."""

    job_id: UUID
    take_number: int
    verdict: Verdict | None
    blocking: tuple[str, ...] = ()
    not_measured: tuple[str, ...] = ()
    #: metric -> measured number, only what was measured
    values: dict[str, float] = field(default_factory=dict)
    #: metric -> the limit it was held against
    limits: dict[str, float] = field(default_factory=dict)
    #: None where nothing was rendered for it: it has no take, or reuses another's
    render_seconds: float | None = None
    #: see `is_slow`
    is_slow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RootResult:
    """One ordered take with all its retakes."""

    job_id: UUID
    cut: str | None
    #: the root itself was called off: it does not count
    cancelled: bool
    #: nothing of it waits or runs any more
    finished: bool
    takes: tuple[TakeResult, ...]
    #: why its last job failed, where one did
    error: str | None = None


STILL_LIMIT_S = 20.0


def is_slow(job_type: JobType, render_seconds: float, reused_from_job_id: UUID | None = None) -> bool:
    """Whether a take is a still that took longer than the specification allows.

    A character sheet is several views in one picture, and none of the stills the limit speaks of. A reused take
    was not rendered for this job: it has no pace.

    >>> is_slow(JobType.STILL_IMAGE, 20.0), is_slow(JobType.STILL_IMAGE, 20.1)
    (False, True)
    """
    is_still = job_type is JobType.STILL_IMAGE and reused_from_job_id is None
    return is_still and render_seconds > STILL_LIMIT_S
