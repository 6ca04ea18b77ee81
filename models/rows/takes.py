"""Takes: the recipe, the files, and the scores."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.recipe import SEED_LIMIT
from models.rows.base import Base, CreatedAt, Seed, UuidKey, Word, empty
from models.vocabulary import (
    Phase,
    Verdict,
)


class GenerationParams(Base):
    """Everything needed to make a take again: the ordered recipe and, once rendered, what it resolved to."""

    __tablename__ = "generation_params"
    __table_args__ = (
        CheckConstraint(f"seed >= 0 AND seed < {SEED_LIMIT}", name="seed_range"),
        CheckConstraint(f"subseed IS NULL OR (subseed >= 0 AND subseed < {SEED_LIMIT})", name="subseed_range"),
        Index("ix_generation_params_fingerprint", "fingerprint"),
    )

    id: Mapped[UuidKey]
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), unique=True)
    positive_prompt: Mapped[str] = mapped_column(Text)
    negative_prompt: Mapped[str | None] = mapped_column(Text)
    seed: Mapped[int] = mapped_column(Seed())
    subseed: Mapped[int | None] = mapped_column(Seed())
    model_name: Mapped[str] = mapped_column(String(255))
    model_hash: Mapped[str | None] = mapped_column(String(64))
    vae_name: Mapped[str | None] = mapped_column(String(255))
    sampler_name: Mapped[str | None] = mapped_column(String(100))
    scheduler: Mapped[str | None] = mapped_column(String(100))
    steps: Mapped[int | None]
    cfg_scale: Mapped[float | None]
    width: Mapped[int]
    height: Mapped[int]
    frame_count: Mapped[int] = mapped_column(server_default=text("1"))
    fps: Mapped[int] = mapped_column(server_default=text("24"))
    lora_models: Mapped[list[dict[str, Any]]] = mapped_column(server_default=empty("list"))
    controlnet_models: Mapped[list[dict[str, Any]]] = mapped_column(server_default=empty("list"))
    ipadapter_refs: Mapped[list[dict[str, Any]]] = mapped_column(server_default=empty("list"))
    comfyui_workflow: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    created_at: Mapped[CreatedAt]
    renderer: Mapped[str] = mapped_column(String(100))
    renderer_version: Mapped[str | None] = mapped_column(String(100))
    #: `models.recipe.Recipe.to_json()`: the columns above are its searchable face
    recipe: Mapped[dict[str, Any]]
    #: written when the render settles: file hashes of checkpoint, LoRA and VAE; library versions, device
    file_hashes: Mapped[dict[str, Any]] = mapped_column(server_default=empty("object"))
    environment: Mapped[dict[str, Any]] = mapped_column(server_default=empty("object"))
    #: `models.recipe.environment_sha256`: takes made in the same environment share it
    environment_sha256: Mapped[str | None] = mapped_column(String(64))
    #: `Recipe.fingerprint()`: equal recipes make equal takes; None in rows older than this column
    fingerprint: Mapped[str | None] = mapped_column(String(64))


class Take(Base):
    """What a finished render made; immutable, and visible only through this row."""

    __tablename__ = "takes"
    __table_args__ = (
        #: without it, deleting a project would search all takes once for each of its jobs
        Index(
            "ix_takes_reused_from_job_id",
            "reused_from_job_id",
            postgresql_where=text("reused_from_job_id IS NOT NULL"),
        ),
    )

    id: Mapped[UuidKey]
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), unique=True)
    epoch: Mapped[int]
    #: paths relative to the artifact store
    master_path: Mapped[str] = mapped_column(Text)
    proxy_path: Mapped[str | None] = mapped_column(Text)
    pixel_sha256: Mapped[str] = mapped_column(String(64))
    file_sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    frames: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    fps: Mapped[int]
    render_seconds: Mapped[float]
    #: the job whose equal take this is, where nothing had to be rendered
    reused_from_job_id: Mapped[UUID | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"))
    created_at: Mapped[CreatedAt]


class QualityScores(Base):
    """What was measured of one take, the marks it was held against and the verdict."""

    __tablename__ = "quality_scores"

    id: Mapped[UuidKey]
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), unique=True)
    face_similarity: Mapped[float | None]
    aesthetic_score: Mapped[float | None]
    temporal_lpips: Mapped[float | None]
    motion_smoothness: Mapped[float | None]
    subject_consistency: Mapped[float | None]
    style_adherence: Mapped[float | None]
    scene_continuity: Mapped[float | None]
    identity: Mapped[float | None]
    passes_threshold: Mapped[bool | None]
    phase: Mapped[Phase] = mapped_column(Word(Phase))
    profile: Mapped[str] = mapped_column(String(100))
    verdict: Mapped[Verdict | None] = mapped_column(Word(Verdict))
    blocking: Mapped[list[str]] = mapped_column(server_default=empty("array"))
    not_measured: Mapped[list[str]] = mapped_column(server_default=empty("array"))
    #: metric -> {limit, network}: the marks in force when it was judged; `beyond_retakes` says why none helps
    thresholds_used: Mapped[dict[str, Any]] = mapped_column(server_default=empty("object"))
    #: every `models.metrics.Measurement` in full: network, hash, formula, distribution
    measurements: Mapped[list[dict[str, Any]]] = mapped_column(server_default=empty("list"))
    evaluated_at: Mapped[datetime] = mapped_column(server_default=func.now())
