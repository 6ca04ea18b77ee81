"""Real Postgres and Valkey for a whole test run; a plugin of pytest (`pytest_plugins` in `conftest`).

With `FARM_DATABASE_URL` and `FARM_REDIS_URL` set the tests run on those servers. Otherwise both are started in
a temporary folder, and a watchdog ends them and deletes the folder however the test run ends.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from farm.servers import EmbeddedServers, ServerUrls

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def servers() -> Iterator[ServerUrls]:
    """Both servers, answering."""
    folder = Path(tempfile.mkdtemp(prefix="farm-test-"))
    # Not below pytest's own temporary folder: that one is closed, and as root the servers run as `nobody`.
    folder.chmod(0o711)
    with EmbeddedServers(folder, die_with_parent=True, temporary=True) as urls:
        yield urls
    if folder.exists():
        folder.rmdir()


@contextmanager
def servers_of_their_own() -> Iterator[EmbeddedServers]:
    """Servers that nobody else minds losing, whatever the environment names."""
    with tempfile.TemporaryDirectory(prefix="farm-own-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        given = {"postgres": None, "valkey": None}
        servers = EmbeddedServers(folder / "servers", die_with_parent=True, temporary=True, given=given)
        servers.start()
        try:
            yield servers
        finally:
            servers.stop()
