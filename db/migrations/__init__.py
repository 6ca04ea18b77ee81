"""Alembic migrations: `db.engine` runs them, `farm migrate` is the way in."""
