"""Claims: age and "may start" are two columns, and who was passed over remembers it."""

import sqlalchemy as sa
from alembic import op

from db.migrations import columns as c

revision = "0007_claims"
down_revision = "0006_reviews"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("render_queue", c.later("passed_over_since"))
    _index_claims_by("queued_at")


def downgrade() -> None:
    _index_claims_by("available_at")
    op.drop_column("render_queue", "passed_over_since")


def _index_claims_by(age: str) -> None:
    op.drop_index("ix_render_queue_claim", "render_queue")
    op.create_index(
        "ix_render_queue_claim",
        "render_queue",
        ["pool", sa.text("priority DESC"), age, "id"],
        postgresql_where=sa.text("status = 'ready' AND step = 'render'"),
    )
