"""Events: an outbox, the numbered events, who is sent them, and what was delivered."""

import sqlalchemy as sa
from alembic import op

from db.migrations import columns as c

revision = "0015_events"
down_revision = "0014_access"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _happenings()
    _endpoints()
    _deliveries()


def downgrade() -> None:
    for table in ("deliveries", "endpoints", "events", "outbox"):
        op.drop_table(table)


def _happenings() -> None:
    op.create_table(
        "outbox",
        c.counter(),
        c.word("type"),
        c.ref("project_id"),
        c.ref("job_id", nullable=True),
        c.moment("at"),
        c.json_object("facts"),
        c.primary("outbox"),
    )
    op.create_table(
        "events",
        c.counter(),
        sa.Column("webhook_id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        c.word("type"),
        c.ref("project_id"),
        c.ref("job_id", nullable=True),
        c.ref("root_job_id", nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        c.json_object("facts", required=True),
        c.primary("events"),
    )
    op.create_index(
        "ix_events_job_id", "events", ["job_id", "id"], postgresql_where=sa.text("job_id IS NOT NULL")
    )


def _endpoints() -> None:
    op.create_table(
        "endpoints",
        c.key(),
        c.prose("url", nullable=False),
        c.texts("types"),
        c.ref("project_id", nullable=True),
        c.ref("job_id", nullable=True),
        c.name("task_id", nullable=True),
        c.name("secret", nullable=True),
        c.name("previous_secret", nullable=True),
        c.later("previous_secret_until"),
        c.moment(),
        c.name("created_by"),
        c.moment("next_at"),
        c.later("failing_since"),
        c.prose("last_error"),
        c.later("paused_at"),
        c.prose("paused_reason"),
        c.primary("endpoints"),
        c.points("endpoints", "project_id", "projects"),
        c.points("endpoints", "job_id", "jobs"),
    )
    op.create_index(
        "ix_endpoints_job_id", "endpoints", ["job_id"], postgresql_where=sa.text("job_id IS NOT NULL")
    )
    op.create_index("ix_endpoints_lasting", "endpoints", ["id"], postgresql_where=sa.text("job_id IS NULL"))


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        c.ref("endpoint_id"),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        c.ref("subject"),
        c.number("attempts", default=0),
        c.moment("next_at"),
        c.later("delivered_at"),
        c.prose("last_error"),
        sa.PrimaryKeyConstraint("endpoint_id", "event_id", name="pk_deliveries"),
        c.points("deliveries", "endpoint_id", "endpoints"),
        c.points("deliveries", "event_id", "events"),
    )
    op.create_index("ix_deliveries_event_id", "deliveries", ["event_id"])
    waiting = sa.text("delivered_at IS NULL")
    op.create_index(
        "ix_deliveries_waiting", "deliveries", ["endpoint_id", "event_id"], postgresql_where=waiting
    )
    op.create_index(
        "ix_deliveries_order", "deliveries", ["endpoint_id", "subject", "event_id"], postgresql_where=waiting
    )
