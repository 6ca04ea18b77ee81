"""Alembic migrations; `db.engine` runs them and `farm migrate` is the way in."""
