"""What was asked for and is not drawn: kept with each job, from its admission to the take's papers."""

from alembic import op

from db.migrations import columns as c

revision = "0012_not_drawn"
down_revision = "0011_cut_counters"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", c.texts("not_drawn"))


def downgrade() -> None:
    op.drop_column("jobs", "not_drawn")
