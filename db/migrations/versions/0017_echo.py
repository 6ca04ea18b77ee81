"""Tasks that Echo dispatched, jobs that wait for other orders, and how far the farm read its own events."""

import sqlalchemy as sa
from alembic import op

from db.migrations import columns as c

revision = "0017_echo"
down_revision = "0016_measure"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dispatched_tasks",
        c.key(),
        c.name("caller", 300),
        c.name("task_id"),
        c.word("task_type"),
        c.json_object("request", required=True),
        c.ref("job_id", nullable=True),
        c.json_or_null("answer"),
        c.moment(),
        c.primary("dispatched_tasks"),
        c.unique("dispatched_tasks", "caller", "task_id"),
        c.points("dispatched_tasks", "job_id", "jobs"),
    )
    op.create_index("ix_dispatched_tasks_job_id", "dispatched_tasks", ["job_id"])
    op.create_table(
        "job_waits",
        c.ref("job_id"),
        c.ref("root_job_id"),
        c.word("condition"),
        sa.PrimaryKeyConstraint("job_id", "root_job_id", name="pk_job_waits"),
        c.points("job_waits", "job_id", "jobs"),
        c.points("job_waits", "root_job_id", "jobs"),
    )
    op.create_index("ix_job_waits_root_job_id", "job_waits", ["root_job_id"])
    op.create_table(
        "event_marks",
        c.name("reader", 100),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        c.primary("event_marks", "reader"),
    )


def downgrade() -> None:
    op.drop_table("event_marks")
    op.drop_table("job_waits")
    op.drop_table("dispatched_tasks")
