"""Names and holds: which start of a worker has which work, and what keeps work from being begun."""

import sqlalchemy as sa
from alembic import op

from db.migrations import columns as c

revision = "0008_names_and_holds"
down_revision = "0007_claims"
branch_labels = None
depends_on = None

# Two rows of one incarnation could only come of a registration whose answer was lost: the later one counts.
_ONE_ROW_EACH = """
DELETE FROM workers w USING workers later
WHERE later.incarnation = w.incarnation AND (later.started_at, later.id) > (w.started_at, w.id)
"""


def upgrade() -> None:
    for column in ("boot_id", "pid_namespace"):
        op.add_column("workers", c.name(column, 64, nullable=True))
    op.add_column("workers", sa.Column("start_ticks", sa.BigInteger(), nullable=True))
    op.execute(_ONE_ROW_EACH)
    op.create_unique_constraint("uq_workers_incarnation", "workers", ["incarnation"])
    op.add_column("render_queue", c.ref("incarnation", nullable=True))
    op.add_column("attempts", c.ref("incarnation", nullable=True))
    op.add_column("attempts", c.number("pid", nullable=True))
    op.create_table(
        "holds",
        c.key(),
        c.word("scope"),
        c.name("target", default=""),
        c.name("actor"),
        c.word("cause", nullable=True),
        c.prose("reason", nullable=False),
        c.ref("job_id", nullable=True),
        c.number("times", default=0),
        c.moment("since"),
        c.later("until"),
        c.primary("holds"),
        c.points("holds", "job_id", "jobs", ondelete="SET NULL"),
        c.unique("holds", "scope", "target", "actor"),
    )


def downgrade() -> None:
    op.drop_table("holds")
    op.drop_column("attempts", "pid")
    op.drop_column("attempts", "incarnation")
    op.drop_column("render_queue", "incarnation")
    op.drop_constraint("uq_workers_incarnation", "workers")
    for column in ("start_ticks", "pid_namespace", "boot_id"):
        op.drop_column("workers", column)
