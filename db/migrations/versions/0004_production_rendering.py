"""Production rendering: reproductions, identical work done once, what workers have, sampler steps."""

import sqlalchemy as sa
from alembic import op

from db.migrations import columns as c

revision = "0004_production_rendering"
down_revision = "0003_farm"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _jobs()
    _identical_work()
    op.add_column("render_queue", c.texts("needs"))
    op.create_table(
        "inventories",
        c.name("sha256", 64),
        c.json_object("content", required=True),
        c.texts("has"),
        c.moment("seen_at"),
        c.primary("inventories", "sha256"),
    )


def downgrade() -> None:
    op.drop_table("inventories")
    op.drop_index("ix_render_queue_fingerprint", "render_queue")
    op.drop_index("uq_render_queue_rendering", "render_queue")
    for column in ("needs", "fingerprint"):
        op.drop_column("render_queue", column)
    op.drop_index("ix_generation_params_fingerprint", "generation_params")
    for column in ("environment_sha256", "fingerprint"):
        op.drop_column("generation_params", column)
    op.drop_index("ix_takes_reused_from_job_id", "takes")
    op.drop_column("takes", "reused_from_job_id")
    op.drop_index("ix_jobs_reproduces_job_id", "jobs")
    for column in ("total_steps", "current_step", "reproduction", "reproduces_job_id"):
        op.drop_column("jobs", column)


def _jobs() -> None:
    """Which job a reproduction makes again and how equal it was; how far a sampler is."""
    op.add_column("jobs", c.ref("reproduces_job_id", nullable=True))
    op.create_foreign_key(
        "fk_jobs_reproduces_job_id_jobs", "jobs", "jobs", ["reproduces_job_id"], ["id"], ondelete="CASCADE"
    )
    op.create_index(
        "ix_jobs_reproduces_job_id",
        "jobs",
        ["reproduces_job_id"],
        postgresql_where=sa.text("reproduces_job_id IS NOT NULL"),
    )
    op.add_column("jobs", c.json_or_null("reproduction"))
    op.add_column("jobs", c.number("current_step", default=0))
    op.add_column("jobs", c.number("total_steps", default=0))


def _identical_work() -> None:
    """Equal recipes are known by their fingerprint, and only one of them is rendered at a time."""
    op.add_column("generation_params", c.name("fingerprint", 64, nullable=True))
    op.add_column("generation_params", c.name("environment_sha256", 64, nullable=True))
    op.create_index("ix_generation_params_fingerprint", "generation_params", ["fingerprint"])
    op.add_column("render_queue", c.name("fingerprint", 64, nullable=True))
    op.create_index(
        "uq_render_queue_rendering",
        "render_queue",
        ["fingerprint"],
        unique=True,
        postgresql_where=sa.text("status = 'running' AND step = 'render'"),
    )
    op.create_index(
        "ix_render_queue_fingerprint",
        "render_queue",
        ["fingerprint"],
        postgresql_where=sa.text("status = 'ready' AND step = 'render'"),
    )
    op.add_column("takes", c.ref("reused_from_job_id", nullable=True))
    op.create_foreign_key(
        "fk_takes_reused_from_job_id_jobs", "takes", "jobs", ["reused_from_job_id"], ["id"], ondelete="SET NULL"
    )
    op.create_index(
        "ix_takes_reused_from_job_id",
        "takes",
        ["reused_from_job_id"],
        postgresql_where=sa.text("reused_from_job_id IS NOT NULL"),
    )
