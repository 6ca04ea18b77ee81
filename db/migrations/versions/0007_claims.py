"""Claims: age apart from "may start", who was passed over, and one way to claim for all three steps."""

import sqlalchemy as sa
from alembic import op

from db.migrations import columns as c

revision = "0007_claims"
down_revision = "0006_reviews"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("render_queue", c.later("passed_over_since"))
    op.add_column("render_queue", c.texts("networks"))
    _index_claims_by("queued_at")
    op.create_index(
        "ix_render_queue_after_render",
        "render_queue",
        ["step", sa.text("priority DESC"), "queued_at", "id"],
        postgresql_where=sa.text("status = 'ready' AND step <> 'render'"),
    )
    op.drop_index("ix_render_queue_dispatch", "render_queue")
    op.drop_column("render_queue", "dispatched_at")


def downgrade() -> None:
    op.add_column("render_queue", c.later("dispatched_at"))
    op.create_index(
        "ix_render_queue_dispatch",
        "render_queue",
        ["step", "dispatched_at"],
        postgresql_where=sa.text("status = 'ready' AND step <> 'render'"),
    )
    op.drop_index("ix_render_queue_after_render", "render_queue")
    _index_claims_by("available_at")
    for column in ("networks", "passed_over_since"):
        op.drop_column("render_queue", column)


def _index_claims_by(age: str) -> None:
    op.drop_index("ix_render_queue_claim", "render_queue")
    op.create_index(
        "ix_render_queue_claim",
        "render_queue",
        ["pool", sa.text("priority DESC"), age, "id"],
        postgresql_where=sa.text("status = 'ready' AND step = 'render'"),
    )
