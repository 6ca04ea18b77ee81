"""Takes: what a render made, what was measured of it, and what it is held against."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from models.vocabulary import JobType

if TYPE_CHECKING:
    from datetime import datetime
    from fractions import Fraction
    from uuid import UUID

    from models.metrics import Measurement
    from models.recipe import Recipe
    from models.vocabulary import (
        JobType,
        Phase,
        Verdict,
    )

#: what lies beside a take's master and no row names
THUMBNAIL, SIDECAR = "thumbnail.webp", "take.json"
#: the longer side of a thumbnail
THUMBNAIL_PX = 320


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeContent:
    """What a take's master shows, read back from the file."""

    #: over the decoded pixels (`workers.media.pixels`), equal when the pictures are equal
    pixel_sha256: str
    file_sha256: str
    frames: int
    width: int
    height: int
    fps: int | Fraction

    @property
    def content(self) -> dict[str, Any]:
        """These facts by name, for another value that holds them."""
        return {each.name: getattr(self, each.name) for each in fields(TakeContent)}


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeFiles(TakeContent):
    """The files of a take and what they show; paths are relative to the artifact store."""

    master_path: str
    proxy_path: str | None
    size_bytes: int


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
    #: metric -> {limit, network, direction}: the marks in force when it was judged; of what no retake can mend
    #: also `beyond_retakes`, the reason
    thresholds_used: dict[str, dict[str, Any]]
    measurements: tuple[Measurement, ...]
    evaluated_at: datetime

    @property
    def limits(self) -> dict[str, float]:
        """Metric -> the limit it was held against."""
        return {name: float(mark["limit"]) for name, mark in self.thresholds_used.items()}

    @property
    def values(self) -> dict[str, float]:
        """Metric -> measured number; only one by the mark's own network may stand beside the mark."""
        return {
            measured.metric.value: measured.value
            for measured in self.measurements
            if measured.value is not None
            and measured.network == self.thresholds_used.get(measured.metric.value, {}).get("network")
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReference:
    """A character's embedding by one network."""

    character: str  #: slug
    network: str
    network_sha256: str
    embedding: bytes  #: little-endian float32


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeResult:
    """One take as the gate weighs it."""

    job_id: UUID
    take_number: int
    verdict: Verdict | None
    blocking: tuple[str, ...] = ()
    not_measured: tuple[str, ...] = ()
    #: metric -> measured number, only what was measured
    values: dict[str, float] = field(default_factory=dict)
    #: metric -> the limit it was held against
    limits: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CutTake(TakeResult):
    """A finished take of a cut, to be weighed against the cut's others, and where its master lies."""

    phase: Phase
    width: int  #: pixels
    height: int  #: pixels
    #: relative to the artifact store
    master_path: str
    file_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeToScore:
    """A take that is to be measured, and what the catalogue knows of what it is held against."""

    job_id: UUID
    #: what was ordered: size, frames, and who must be seen, with or without a reference
    recipe: Recipe
    #: relative to the artifact store
    master_path: str
    references: tuple[StoredReference, ...]
    #: calibrations by network, as `workers.scoring` wrote them
    styles: dict[str, dict[str, Any]]
    #: takes of the previous and of the next cut of the scene that nobody refused, the oldest first
    before: tuple[CutTake, ...] = ()
    after: tuple[CutTake, ...] = ()
    #: metric -> limit: the order's own, in place of the profile's
    quality_thresholds: dict[str, float] = field(default_factory=dict)

    @property
    def phase(self) -> Phase:
        return self.recipe.job_type.phase


STILL_LIMIT_S = 20.0


def is_slow(job_type: JobType, render_seconds: float, reused_from_job_id: UUID | None = None) -> bool:
    """Whether a take is a still that took longer than the specification allows.

    A character sheet is several views in one picture, and none of the stills the limit speaks of.
    A reused take was not rendered for this job, so it is never slow.

    >>> is_slow(JobType.STILL_IMAGE, 20.0), is_slow(JobType.STILL_IMAGE, 20.1)
    (False, True)
    """
    is_still = job_type is JobType.STILL_IMAGE and reused_from_job_id is None
    return is_still and render_seconds > STILL_LIMIT_S
