"""The farm itself, its workers, what their servers have, and the ticks of the beat."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.rows.base import Base, CreatedAt, UuidKey, Word, empty
from models.vocabulary import ErrorKind, HoldScope, WorkerStatus


class FarmIdentity(Base):
    """Which farm this is: one row, made with the schema, whose id the artifact store bears as well."""

    __tablename__ = "farm_identity"
    __table_args__ = (CheckConstraint("is_only", name="is_only"),)

    id: Mapped[UuidKey]
    is_only: Mapped[bool] = mapped_column(server_default=text("true"), unique=True)
    #: the first revision whose code still works on this schema
    oldest_code: Mapped[str] = mapped_column(String(64), server_default="0010_schema_range")
    created_at: Mapped[CreatedAt]


class Worker(Base):
    """One worker process: what it can do, when it was last heard of, and how Echo knows it."""

    __tablename__ = "workers"

    #: stable per host and slot, e.g. `atelier-1:render:0`
    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    host: Mapped[str] = mapped_column(String(255))
    pid: Mapped[int]
    # With the process id these name one process for good: a dead one is told from a silent one.
    boot_id: Mapped[str | None] = mapped_column(String(64))
    pid_namespace: Mapped[str | None] = mapped_column(String(64))
    start_ticks: Mapped[int | None] = mapped_column(BigInteger)
    #: changes with every start, so that a successor is never mistaken for its predecessor
    incarnation: Mapped[UUID] = mapped_column(unique=True)
    queues: Mapped[list[str]] = mapped_column(server_default=empty("array"))
    pools: Mapped[list[str]] = mapped_column(server_default=empty("array"))
    slots: Mapped[int] = mapped_column(server_default=text("1"))
    #: networks whose files lie there, for whoever looks for one to score a take
    networks: Mapped[list[str]] = mapped_column(server_default=empty("array"))
    #: its ComfyUI failed at something that its inventory lists
    is_doubted: Mapped[bool] = mapped_column(server_default=text("false"))
    #: renderers, job types, GPU, memory, and `comfyui`: what the last look at it came to
    capabilities: Mapped[dict[str, Any]] = mapped_column(server_default=empty("object"))
    # What statements ask of `capabilities`; Postgres itself keeps these equal to it.
    has_comfyui: Mapped[bool] = mapped_column(Computed("(capabilities ? 'comfyui'::text)", persisted=True))
    comfyui_inventory: Mapped[str | None] = mapped_column(
        String(64), Computed("(capabilities #>> '{comfyui,inventory}'::text[])", persisted=True)
    )
    #: of the card it renders on
    comfyui_vram_mib: Mapped[int | None] = mapped_column(
        Computed("((capabilities #>> '{comfyui,vram_mib}'::text[]))::integer", persisted=True)
    )
    #: why it does not answer
    comfyui_error: Mapped[str | None] = mapped_column(
        Text, Computed("(capabilities #>> '{comfyui,error}'::text[])", persisted=True)
    )
    gpu_info: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB, Computed("(capabilities -> 'gpu_info'::text)", persisted=True)
    )
    status: Mapped[WorkerStatus] = mapped_column(Word(WorkerStatus))
    current_job_id: Mapped[UUID | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"))
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    echo_status: Mapped[str | None] = mapped_column(String(100))
    echo_error: Mapped[str | None] = mapped_column(Text)
    echo_beat_at: Mapped[datetime | None]


class Hold(Base):
    """What keeps work from being begun: somebody's pause, or a cause that would only fail it."""

    __tablename__ = "holds"
    __table_args__ = (UniqueConstraint("scope", "target", "actor"),)

    id: Mapped[UuidKey]
    scope: Mapped[HoldScope] = mapped_column(Word(HoldScope))
    #: a project's or worker's id, a pool's name; empty for the farm
    target: Mapped[str] = mapped_column(String(255), server_default=text("''"))
    #: a person, the worker itself, or `farm`
    actor: Mapped[str] = mapped_column(String(255))
    cause: Mapped[ErrorKind | None] = mapped_column(Word(ErrorKind))
    reason: Mapped[str] = mapped_column(Text)
    #: the job, or measurement, that a worker handed back
    job_id: Mapped[UUID | None] = mapped_column(ForeignKey("render_queue.job_id", ondelete="SET NULL"))
    #: how often in a row
    times: Mapped[int] = mapped_column(server_default=text("0"))
    since: Mapped[datetime] = mapped_column(server_default=func.now())
    #: when it ends, or its cause is looked for again; None: when somebody lifts it
    until: Mapped[datetime | None]


class StoredInventory(Base):
    """What a renderer's server has, nodes and files of weights; workers with the same share one row."""

    __tablename__ = "inventories"

    #: of the content as canonical JSON
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    content: Mapped[dict[str, Any]]
    #: the words of `render_queue.needs` that it can meet
    has: Mapped[list[str]] = mapped_column(server_default=empty("array"))
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Tick(Base):
    """When each beat job last ran, by the database's clock: two beats or a late one cause no double work."""

    __tablename__ = "ticks"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    ran_at: Mapped[datetime] = mapped_column(server_default=func.now())
