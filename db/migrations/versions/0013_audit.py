"""The audit: every change with its hand, its reason, and what was there before."""

import sqlalchemy as sa
from alembic import op

from db.migrations import columns as c

revision = "0013_audit"
down_revision = "0012_not_drawn"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        c.name("by"),
        c.name("action", 64),
        c.prose("subject", nullable=False),
        sa.Column("why", sa.Text(), server_default=sa.text("''"), nullable=False),
        c.json_or_null("before"),
        c.json_or_null("after"),
        c.name("project", 100, nullable=True),
        c.word("door"),
        c.name("address", default=""),
        c.name("key_prefix", 32, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_project_id", "audit", ["project", "id"])


def downgrade() -> None:
    op.drop_table("audit")
