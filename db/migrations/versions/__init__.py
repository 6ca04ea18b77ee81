"""One file a schema version, upgraded and downgraded on real Postgres in the tests."""
