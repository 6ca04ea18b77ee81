"""Who may call the farm: keys, people and their sessions, what a key spent, and answers that are said again."""

import sqlalchemy as sa
from alembic import op

from db.migrations import columns as c

revision = "0014_access"
down_revision = "0013_audit"
branch_labels = None
depends_on = None

_TABLES = ("idempotent_answers", "sessions", "people", "api_keys")


def upgrade() -> None:
    op.create_table(
        "api_keys",
        c.key(),
        c.name("name", 100),
        c.name("prefix", 32),
        c.name("key_sha256", 64),
        c.name("actor"),
        c.texts("scopes"),
        c.number("jobs_per_day", nullable=True),
        c.number("gpu_seconds_per_day", nullable=True),
        c.name("bound_address", 45, nullable=True),
        c.moment(),
        c.name("created_by"),
        c.later("expires_at"),
        c.later("revoked_at"),
        c.later("last_used_at"),
        c.primary("api_keys"),
        c.unique("api_keys", "prefix"),
        c.unique("api_keys", "key_sha256"),
    )
    op.create_index(
        "uq_api_keys_bound_address",
        "api_keys",
        ["bound_address"],
        unique=True,
        postgresql_where=sa.text("bound_address IS NOT NULL AND revoked_at IS NULL"),
    )
    _people()
    op.create_table(
        "idempotent_answers",
        c.name("caller", 300),
        c.name("key"),
        c.name("request_sha256", 64),
        sa.Column("http_status", sa.SmallInteger(), nullable=False),
        c.json_object("headers"),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        c.moment(),
        sa.PrimaryKeyConstraint("caller", "key", name="pk_idempotent_answers"),
    )
    op.create_index("ix_idempotent_answers_created_at", "idempotent_answers", ["created_at"])
    _spending()


def _people() -> None:
    op.create_table(
        "people",
        c.key(),
        c.name("name"),
        c.name("password_hash"),
        c.texts("scopes"),
        c.moment(),
        c.name("created_by"),
        c.later("disabled_at"),
        c.primary("people"),
        c.unique("people", "name"),
    )
    op.create_table(
        "sessions",
        c.name("token_sha256", 64),
        c.ref("person_id"),
        c.name("csrf_sha256", 64),
        c.moment(),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        c.primary("sessions", "token_sha256"),
        c.points("sessions", "person_id", "people"),
    )
    op.create_index("ix_sessions_person_id", "sessions", ["person_id"])


def _spending() -> None:
    op.add_column("jobs", c.name("key_prefix", 32, nullable=True))
    op.create_index(
        "ix_jobs_key_prefix_created_at",
        "jobs",
        ["key_prefix", "created_at"],
        postgresql_where=sa.text("key_prefix IS NOT NULL"),
    )
    # Attempts are written in the order of their times: a few pages of such an index find a day's, at no cost.
    op.create_index("ix_attempts_started_at", "attempts", ["started_at"], postgresql_using="brin")


def downgrade() -> None:
    op.drop_index("ix_attempts_started_at", "attempts")
    op.drop_index("ix_jobs_key_prefix_created_at", "jobs")
    op.drop_column("jobs", "key_prefix")
    for table in _TABLES:
        op.drop_table(table)
