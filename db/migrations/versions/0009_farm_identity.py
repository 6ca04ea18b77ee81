"""The farm's identity, which its store bears too, and which lost attempts' files are known to be gone."""

import sqlalchemy as sa
from alembic import op

from db.migrations import columns as c

revision = "0009_farm_identity"
down_revision = "0008_names_and_holds"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "farm_identity",
        c.key(),
        # No second row can be: a farm has one identity for as long as its database lives.
        sa.Column("is_only", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        c.moment(),
        c.primary("farm_identity"),
        c.unique("farm_identity", "is_only"),
        sa.CheckConstraint("is_only", name=op.f("ck_farm_identity_is_only")),
    )
    op.execute("INSERT INTO farm_identity DEFAULT VALUES")
    op.add_column("attempts", c.later("files_removed_at"))
    op.create_index(
        "ix_attempts_left_behind",
        "attempts",
        ["ended_at"],
        postgresql_where=sa.text("step = 'render' AND outcome <> 'settled' AND files_removed_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_attempts_left_behind", "attempts")
    op.drop_column("attempts", "files_removed_at")
    op.drop_table("farm_identity")
