"""The farm's own: fenced queue, attempts, takes, retakes, doors, references and workers."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from db.migrations import columns as c

revision = "0003_farm"
down_revision = "0002_video_production"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _jobs()
    _queue()
    op.add_column("cuts", c.name("camera_move", 100, nullable=True))
    op.add_column("cuts", c.json_object("variations"))
    op.add_column("quality_scores", c.measure("identity"))
    _add_required("quality_scores", "profile", "'spec'")
    _work()
    _references()
    _watch()


def downgrade() -> None:
    for table in (
        "ticks",
        "workers",
        "phase_doors",
        "style_references",
        "character_references",
        "takes",
        "attempts",
    ):
        op.drop_table(table)
    for column in ("profile", "identity"):
        op.drop_column("quality_scores", column)
    for column in ("variations", "camera_move"):
        op.drop_column("cuts", column)
    for index in ("claim", "dispatch", "lease"):
        op.drop_index(f"ix_render_queue_{index}", "render_queue")
    for column in (
        "error_kind",
        "model_name",
        "dispatched_at",
        "lease_until",
        "available_at",
        "epoch",
        "pool",
        "held_for",
        "step",
    ):
        op.drop_column("render_queue", column)
    for column in (
        "verdict",
        "quality_thresholds",
        "profile",
        "order_data",
        "max_retakes",
        "take_number",
        "root_job_id",
    ):
        op.drop_column("jobs", column)


def _jobs() -> None:
    """Jobs that are already there become roots of their own, judged by the specification's profile."""
    _add_required("jobs", "root_job_id", "id", sa.UUID())
    op.create_foreign_key(
        "fk_jobs_root_job_id_jobs", "jobs", "jobs", ["root_job_id"], ["id"], ondelete="CASCADE"
    )
    op.add_column("jobs", c.number("take_number", default=1))
    op.create_unique_constraint("uq_jobs_root_job_id_take_number", "jobs", ["root_job_id", "take_number"])
    op.create_check_constraint(op.f("ck_jobs_take_number"), "jobs", "take_number >= 1")
    op.add_column("jobs", c.number("max_retakes", default=3))
    op.add_column("jobs", c.json_object("order_data"))
    _add_required("jobs", "profile", "'spec'")
    op.add_column("jobs", c.json_object("quality_thresholds"))
    op.add_column("jobs", c.word("verdict", nullable=True))


def _queue() -> None:
    """Rows that are already there wait in the pool of their recipe's renderer."""
    op.add_column("render_queue", c.word("step", default="render"))
    op.add_column("render_queue", c.prose("held_for"))
    _add_required(
        "render_queue",
        "pool",
        "coalesce((SELECT renderer FROM generation_params p WHERE p.job_id = render_queue.job_id), 'toon')",
    )
    op.add_column("render_queue", c.number("epoch", default=0))
    op.add_column("render_queue", c.moment("available_at"))
    op.add_column("render_queue", c.later("lease_until"))
    op.add_column("render_queue", c.later("dispatched_at"))
    op.add_column("render_queue", c.name("model_name", default=""))
    op.add_column("render_queue", c.word("error_kind", nullable=True))
    op.create_index(
        "ix_render_queue_claim",
        "render_queue",
        ["pool", sa.text("priority DESC"), "available_at", "id"],
        postgresql_where=sa.text("status = 'ready' AND step = 'render'"),
    )
    op.create_index(
        "ix_render_queue_dispatch",
        "render_queue",
        ["step", "dispatched_at"],
        postgresql_where=sa.text("status = 'ready' AND step <> 'render'"),
    )
    op.create_index(
        "ix_render_queue_lease",
        "render_queue",
        ["lease_until"],
        postgresql_where=sa.text("status = 'running'"),
    )


def _work() -> None:
    """Who tried, and what came of it."""
    op.create_table(
        "attempts",
        c.key(),
        c.ref("job_id"),
        c.word("step"),
        c.number("epoch"),
        c.name("worker_id"),
        c.moment("started_at"),
        c.later("ended_at"),
        c.word("outcome", nullable=True),
        c.word("error_kind", nullable=True),
        c.prose("error_message"),
        c.primary("attempts"),
        c.points("attempts", "job_id", "jobs"),
        c.unique("attempts", "job_id", "epoch"),
    )
    op.create_index(
        "uq_attempts_settled",
        "attempts",
        ["job_id", "step"],
        unique=True,
        postgresql_where=sa.text("outcome = 'settled'"),
    )
    op.create_table(
        "takes",
        c.key(),
        c.ref("job_id"),
        c.number("epoch"),
        c.prose("master_path", nullable=False),
        c.prose("proxy_path"),
        c.name("pixel_sha256", 64),
        c.name("file_sha256", 64),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        c.number("frames"),
        c.number("width"),
        c.number("height"),
        c.number("fps"),
        c.measure("render_seconds", nullable=False),
        c.moment(),
        c.primary("takes"),
        c.points("takes", "job_id", "jobs"),
        c.unique("takes", "job_id"),
    )


def _references() -> None:
    """What characters and styles are held to, by which network."""
    for table, owner, owners, network_says in (
        (
            "character_references",
            "character_id",
            "characters",
            (sa.Column("embedding", sa.LargeBinary(), nullable=False), c.measure("baseline", nullable=False)),
        ),
        ("style_references", "project_id", "projects", (c.json_object("calibration", required=True),)),
    ):
        op.create_table(
            table,
            c.key(),
            c.ref(owner),
            c.name("network", 100),
            c.name("network_sha256", 64),
            *network_says,
            c.texts("image_paths"),
            c.name("approved_by"),
            c.moment(),
            c.primary(table),
            c.points(table, owner, owners),
            c.unique(table, owner, "network", "network_sha256"),
        )


def _watch() -> None:
    """The doors between phases, the workers and the beat."""
    op.create_table(
        "phase_doors",
        c.key(),
        c.ref("project_id"),
        c.word("phase"),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        c.json_object("evidence", required=True),
        c.name("decided_by"),
        c.moment("decided_at"),
        c.primary("phase_doors"),
        c.points("phase_doors", "project_id", "projects"),
        c.unique("phase_doors", "project_id", "phase"),
    )
    op.create_table(
        "workers",
        c.name("id"),
        c.name("host"),
        c.number("pid"),
        c.ref("incarnation"),
        c.texts("queues"),
        c.texts("pools"),
        c.number("slots", default=1),
        c.json_object("capabilities"),
        c.word("status"),
        c.ref("current_job_id", nullable=True),
        c.moment("started_at"),
        c.moment("last_seen_at"),
        c.name("echo_status", 100, nullable=True),
        c.prose("echo_error"),
        c.later("echo_beat_at"),
        c.primary("workers"),
        c.points("workers", "current_job_id", "jobs", "SET NULL"),
    )
    op.create_table("ticks", c.name("name", 100), c.moment("ran_at"), c.primary("ticks", "name"))


def _add_required(table: str, column: str, value: str, kind: sa.types.TypeEngine[Any] | None = None) -> None:
    """Add a NOT NULL column without a default, giving rows that are already there the SQL `value`."""
    kind = kind or sa.String(100)
    op.add_column(table, sa.Column(column, kind, nullable=True))
    op.execute(f"UPDATE {table} SET {column} = {value}")
    op.alter_column(table, column, existing_type=kind, nullable=False)
