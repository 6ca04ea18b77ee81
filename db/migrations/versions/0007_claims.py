"""Claims: age apart from "may start", who was passed over or waits for its equal, one way for all three steps."""

import sqlalchemy as sa
from alembic import op

from db.migrations import columns as c

revision = "0007_claims"
down_revision = "0006_reviews"
branch_labels = None
depends_on = None


_READY = "status = 'ready' AND step = 'render'"


def upgrade() -> None:
    op.add_column("render_queue", c.later("passed_over_since"))
    op.add_column("render_queue", c.texts("networks"))
    op.add_column("render_queue", c.flag("waits_for_equal"))
    _index_claims_by("queued_at", f"{_READY} AND NOT waits_for_equal")
    op.drop_index("ix_render_queue_fingerprint", "render_queue")
    op.create_index(
        "ix_render_queue_waits_for_equal",
        "render_queue",
        ["fingerprint", sa.text("priority DESC"), "queued_at", "id"],
        postgresql_where=sa.text(f"{_READY} AND waits_for_equal"),
    )
    op.create_index(
        "ix_render_queue_first_of_equals",
        "render_queue",
        ["fingerprint"],
        postgresql_where=sa.text("step = 'render' AND status IN ('ready', 'running') AND NOT waits_for_equal"),
    )
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
    for index in ("after_render", "first_of_equals", "waits_for_equal"):
        op.drop_index(f"ix_render_queue_{index}", "render_queue")
    op.create_index(
        "ix_render_queue_fingerprint", "render_queue", ["fingerprint"], postgresql_where=sa.text(_READY)
    )
    _index_claims_by("available_at", _READY)
    for column in ("waits_for_equal", "networks", "passed_over_since"):
        op.drop_column("render_queue", column)


def _index_claims_by(age: str, where: str) -> None:
    op.drop_index("ix_render_queue_claim", "render_queue")
    op.create_index(
        "ix_render_queue_claim",
        "render_queue",
        ["pool", sa.text("priority DESC"), age, "id"],
        postgresql_where=sa.text(where),
    )
