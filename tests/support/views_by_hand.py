"""Jobs as the catalogue answers with them, without a database: a test says only what it is about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from models.actors import Actor
from models.jobs import JobDetail, JobRow, QueueView
from models.recipe import Recipe
from models.takes import TakeView
from models.vocabulary import JobState, JobType, Phase, QueueStatus, Step

NOW = datetime(2026, 1, 2, tzinfo=UTC)
ID = UUID(int=1)


def a_row(**changes: Any) -> JobRow:
    """A finished video of 120 frames that nobody has judged."""
    told: dict[str, Any] = {
        "id": ID,
        "project_id": ID,
        "project": "lanterns",
        "job_type": JobType.FULL_VIDEO,
        "phase": Phase.VIDEO,
        "cut": "ep001/sc010/c0010",
        "state": JobState.COMPLETED,
        "verdict": None,
        "blocking": (),
        "root_job_id": ID,
        "parent_job_id": None,
        "take_number": 1,
        "pool": "toon",
        "priority": 5,
        "current_frame": 120,
        "total_frames": 120,
        "current_step": 0,
        "total_steps": 0,
        "reproduces_job_id": None,
        "requested_by": Actor.read("me"),
        "created_at": NOW,
        "completed_at": NOW,
    }
    return JobRow(**told | changes)


def a_queue(**changes: Any) -> QueueView:
    """A render that is due."""
    told: dict[str, Any] = {
        "step": Step.RENDER,
        "status": QueueStatus.READY,
        "pool": "toon",
        "priority": 5,
        "epoch": 1,
        "retry_count": 0,
        "max_retries": 3,
        "held_for": None,
        "available_at": NOW,
        "lease_until": None,
        "worker_id": "atelier:render:0",
        "queued_at": NOW,
        "started_at": None,
        "completed_at": None,
        "error_kind": None,
        "error_message": None,
    }
    return QueueView(**told | changes)


def a_take_view(**changes: Any) -> TakeView:
    """A still that was made in half a second."""
    told: dict[str, Any] = {
        "master_path": f"takes/{ID}/1/master.png",
        "proxy_path": None,
        "pixel_sha256": "ab" * 32,
        "file_sha256": "cd" * 32,
        "size_bytes": 2**20,
        "frames": 1,
        "width": 512,
        "height": 768,
        "fps": 24,
        "render_seconds": 0.5,
        "reused_from_job_id": None,
        "created_at": NOW,
    }
    return TakeView(**told | changes)


def a_detail(row: JobRow | None = None, recipe: dict[str, Any] | None = None, **changes: Any) -> JobDetail:
    """One job in full; `recipe` names the fields that matter, everything else of a job is `changes`."""
    seen = row or a_row()
    ordered: dict[str, Any] = {"renderer": "toon", "seed": 1, "width": 640, "height": 360}
    told: dict[str, Any] = {
        "row": seen,
        "recipe": Recipe(**ordered | {"job_type": seen.job_type} | (recipe or {})),
        "renderer_version": None,
        "environment": {},
        "file_hashes": {},
        "order_data": {},
        "quality_thresholds": {},
        "retake_reason": None,
        "reviews": (),
        "reproduction_changes": None,
        "max_retakes": 3,
        "queue": a_queue(step=Step.GATE, status=QueueStatus.COMPLETED),
        "attempts": (),
        "take": None,
        "scores": None,
        "family": (seen,),
        "reproduction": None,
        "fingerprint": None,
    }
    return JobDetail(**told | changes)
