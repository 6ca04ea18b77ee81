"""Reviews as rows, many for a take, and what a reproduction changes in a column of its own."""

import sqlalchemy as sa
from alembic import op

from db.migrations import columns as c

revision = "0006_reviews"
down_revision = "0005_worker_facts"
branch_labels = None
depends_on = None

_REVIEWS = """
    INSERT INTO reviews (job_id, decided_by, verdict, instead_of, note, decided_at)
    SELECT id, left(review->>'by', 255), review->>'verdict', COALESCE(review->>'instead_of', 'review'),
           COALESCE(review->>'note', ''), COALESCE((review->>'at')::timestamptz, created_at)
    FROM (SELECT id, created_at, retake_reason->'review' AS review FROM jobs) told
    WHERE jsonb_typeof(review) = 'object'
"""
_WITHOUT_REVIEWS = """
    UPDATE jobs SET retake_reason = NULLIF(retake_reason - 'review', '{}'::jsonb)
    WHERE jsonb_typeof(retake_reason->'review') = 'object'
"""
_CHANGES = """
    UPDATE jobs SET reproduction_changes = COALESCE(retake_reason->'changed', '{}'::jsonb), retake_reason = NULL
    WHERE reproduces_job_id IS NOT NULL
"""
_CHANGES_BACK = """
    UPDATE jobs SET retake_reason = jsonb_build_object(
        'reason', 'reproduction', 'requested_by', requested_by,
        'changed', COALESCE(reproduction_changes, '{}'::jsonb))
    WHERE reproduces_job_id IS NOT NULL
"""
#: one key has room for one review: the last, which is the one that decides
_LAST_REVIEW_BACK = """
    UPDATE jobs SET retake_reason = COALESCE(NULLIF(retake_reason, 'null'::jsonb), '{}'::jsonb)
        || jsonb_build_object('review', jsonb_build_object(
            'by', decided_by, 'verdict', last.verdict, 'instead_of', instead_of, 'note', note, 'at', decided_at))
    FROM (SELECT DISTINCT ON (job_id) * FROM reviews ORDER BY job_id, decided_at DESC, id DESC) last
    WHERE last.job_id = jobs.id
"""


def upgrade() -> None:
    op.create_table(
        "reviews",
        c.key(),
        c.ref("job_id"),
        c.name("decided_by"),
        c.word("verdict"),
        c.word("instead_of"),
        c.texts("reasons"),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        c.number("frame", nullable=True),
        sa.Column(
            "decided_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        c.primary("reviews"),
        c.points("reviews", "job_id", "jobs"),
        sa.CheckConstraint("verdict IN ('approved', 'rejected')", name=op.f("ck_reviews_verdict")),
        sa.CheckConstraint("frame >= 0", name=op.f("ck_reviews_frame")),
    )
    op.create_index("ix_reviews_job_id_decided_at", "reviews", ["job_id", "decided_at"])
    op.add_column("jobs", c.json_or_null("reproduction_changes"))
    for statement in (_REVIEWS, _WITHOUT_REVIEWS, _CHANGES):
        op.execute(statement)


def downgrade() -> None:
    for statement in (_CHANGES_BACK, _LAST_REVIEW_BACK):
        op.execute(statement)
    op.drop_column("jobs", "reproduction_changes")
    op.drop_table("reviews")
