"""The oldest code that works on this schema, so that a worker of another release knows whether it may start."""

from alembic import op

from db.migrations import columns as c

revision = "0010_schema_range"
down_revision = "0009_farm_identity"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("farm_identity", c.name("oldest_code", 64, default=revision))


def downgrade() -> None:
    op.drop_column("farm_identity", "oldest_code")
