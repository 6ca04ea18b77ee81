"""Questions about pictures are work of the queue's own: a row without a job, and what it asks beside it."""

import sqlalchemy as sa
from alembic import op

from db.migrations import columns as c

revision = "0016_measure"
down_revision = "0015_events"
branch_labels = None
depends_on = None

# No key can say "of a job, or else of a measurement": whoever removes a job removes its row by this instead.
_GO_ALONG = """
CREATE FUNCTION remove_queue_rows_of_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM render_queue q USING gone WHERE q.job_id = gone.id;
    RETURN NULL;
END $$
"""
_TRIGGER = """
CREATE TRIGGER queue_rows_go_with_jobs AFTER DELETE ON jobs
REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION remove_queue_rows_of_jobs()
"""


def upgrade() -> None:
    _point("attempts", ("jobs", "id"), ("render_queue", "job_id"), ondelete="CASCADE")
    _point("holds", ("jobs", "id"), ("render_queue", "job_id"), ondelete="SET NULL")
    op.drop_constraint("fk_render_queue_job_id_jobs", "render_queue")
    op.execute(_GO_ALONG)
    op.execute(_TRIGGER)
    op.alter_column("render_queue", "project_id", existing_type=sa.UUID(), nullable=True)
    op.create_foreign_key(
        "fk_render_queue_project_id_projects",
        "render_queue",
        "projects",
        ["project_id"],
        ["id"],
        ondelete="CASCADE",
    )
    op.create_table(
        "measurements",
        c.ref("id"),
        c.word("kind"),
        c.prose("subject", nullable=False),
        c.json_object("request", required=True),
        c.name("asked_by"),
        c.word("door"),
        c.name("address", default=""),
        c.name("key_prefix", 32, nullable=True),
        c.json_or_null("answer"),
        c.json_or_null("error"),
        c.primary("measurements"),
        sa.ForeignKeyConstraint(
            ["id"], ["render_queue.job_id"], name="fk_measurements_id_render_queue", ondelete="CASCADE"
        ),
        sa.CheckConstraint("num_nonnulls(answer, error) < 2", name=op.f("ck_measurements_one_answer")),
    )
    # Its beat cannot read the step of a measurement whose lease ran out.
    op.execute(c.breaks_older_code(revision))


def downgrade() -> None:
    op.execute(c.breaks_older_code("0011_cut_counters"))
    op.drop_table("measurements")
    op.execute("DELETE FROM render_queue WHERE step = 'measure'")
    op.drop_constraint("fk_render_queue_project_id_projects", "render_queue")
    op.alter_column("render_queue", "project_id", existing_type=sa.UUID(), nullable=False)
    op.execute("DROP TRIGGER queue_rows_go_with_jobs ON jobs")
    op.execute("DROP FUNCTION remove_queue_rows_of_jobs()")
    op.create_foreign_key(
        "fk_render_queue_job_id_jobs", "render_queue", "jobs", ["job_id"], ["id"], ondelete="CASCADE"
    )
    _point("holds", ("render_queue", "job_id"), ("jobs", "id"), ondelete="SET NULL")
    _point("attempts", ("render_queue", "job_id"), ("jobs", "id"), ondelete="CASCADE")


def _point(table: str, before: tuple[str, str], after: tuple[str, str], *, ondelete: str) -> None:
    """Let a table's `job_id` point elsewhere: (table, column) before and after."""
    op.drop_constraint(f"fk_{table}_job_id_{before[0]}", table)
    op.create_foreign_key(
        f"fk_{table}_job_id_{after[0]}", table, after[0], ["job_id"], [after[1]], ondelete=ondelete
    )
