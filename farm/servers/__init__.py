"""Embedded Postgres and Valkey under a supervisor of our own."""
