"""How long a still may take: the specification's seconds, in one place for whoever shows or counts them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.vocabulary import JobType

if TYPE_CHECKING:
    from uuid import UUID

STILL_LIMIT_S = 20.0
"""The specification's limit for one still; exactly so long is not too long."""


def is_slow(job_type: JobType, render_seconds: float, reused_from_job_id: UUID | None = None) -> bool:
    """Whether a take is a still that took longer than the specification allows.

    A character sheet is several views in one picture, and none of the stills the limit speaks of. A reused take
    was not rendered for this job: it has no pace.

    >>> is_slow(JobType.STILL_IMAGE, 20.0), is_slow(JobType.STILL_IMAGE, 20.1)
    (False, True)
    """
    is_still = job_type is JobType.STILL_IMAGE and reused_from_job_id is None
    return is_still and render_seconds > STILL_LIMIT_S
