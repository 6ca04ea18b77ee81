"""Fixtures every test may ask for: real servers, and a migrated database of one's own."""

pytest_plugins = ["tests.servers_fixture", "tests.database_fixture", "tests.state_folders"]
