"""Runs the migrations on the engine that `db.engine.Database` hands over."""

from alembic import context
from sqlalchemy import text

from models.rows import access, audit, characters, events, jobs, measurements, reviews, shows  # noqa: F401 - maps their tables
from models.rows.base import Base

#: any fixed number of ours: whoever migrates holds it until the commit
_MIGRATION_LOCK = 0x6661726D

# A million rows take their time, and what runs beside a migration lets go within its own limits.
_WITHOUT_HASTE = text(
    "SELECT set_config(name, '0', true) FROM unnest(ARRAY['lock_timeout', 'statement_timeout']) AS name"
)


def run() -> None:
    """All pending migrations in one transaction, so that a failed upgrade leaves the schema as it was."""
    engine = context.config.attributes["engine"]
    with engine.connect() as connection:
        context.configure(
            connection=connection, target_metadata=Base.metadata, compare_type=True, compare_server_default=True
        )
        with context.begin_transaction():
            # Taken before the version is read: a second migration waits here and then finds nothing to do.
            connection.execute(_WITHOUT_HASTE)
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            context.run_migrations()


run()
