"""Takes that wait for a person, as the task by which Echo is asked what it thinks of them; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from models.jobs import JobDetail

_SENDER = "anime-render-farm"


def review_task(job: JobDetail, master: Path | None, now: datetime) -> dict[str, Any]:
    """The body of a `quality_review`; its id is the job's, so that a second one is known as the same."""
    scores = job.scores
    return {
        "task_id": f"review-{job.row.id}",
        "task_type": "quality_review",
        "project_id": job.row.project,
        "priority": 5,
        "payload": {
            "job_id": str(job.row.id),
            "output_path": str(master) if master else None,
            "technical_scores": dict(scores.values) if scores else {},
        },
        "context": {
            "cut": job.row.cut,
            "phase": job.row.phase.value,
            "blocking": list(scores.blocking) if scores else [],
            "not_measured": list(scores.not_measured) if scores else [],
        },
        "submitted_by": _SENDER,
        "submitted_at": now.isoformat(timespec="seconds"),
    }
