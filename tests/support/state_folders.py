"""State folders with embedded servers in them, and looks into those."""

from __future__ import annotations

import os
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import psycopg2
import pytest
import redis

from farm.servers import EmbeddedServers, ServerUrls
from farm.servers.state import ServersState
from farm.servers.supervisor import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root drops its privileges")


@pytest.fixture(scope="module")
def nothing_given() -> Iterator[None]:
    """These tests are about our own servers, also in a run against real ones."""
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("FARM_DATABASE_URL", raising=False)
        environment.delenv("FARM_REDIS_URL", raising=False)
        yield


@contextmanager
def open_state_folder() -> Iterator[Path]:
    """A state folder that is open to pass, and everything in it ended afterwards."""
    with tempfile.TemporaryDirectory(prefix="farm-servers-") as name:
        Path(name).chmod(0o711)
        yield Path(name) / "state"
        EmbeddedServers(Path(name) / "state").stop()


@pytest.fixture
def state_folder(nothing_given: None) -> Iterator[Path]:
    """A test's own folder, for what starts, kills and stops."""
    with open_state_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def running_servers(nothing_given: None) -> Iterator[tuple[Path, ServerUrls]]:
    """A folder whose servers run, for what only looks."""
    with open_state_folder() as folder:
        yield folder, EmbeddedServers(folder).start()


def sql(urls: ServerUrls, statement: str) -> list[tuple[object, ...]]:
    url = urls.database_url.replace("+psycopg2", "")
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []


def broker(urls: ServerUrls) -> redis.Redis:
    return redis.Redis.from_url(urls.redis_url)


def pids(state_folder: Path) -> tuple[int, int]:
    record = ServersState(state_folder).load()
    assert record.postgres.mark is not None
    assert record.valkey.mark is not None
    return record.postgres.mark.pid, record.valkey.mark.pid


def with_children(*roots: int) -> list[psutil.Process]:
    found = [psutil.Process(pid) for pid in roots]
    return found + [child for process in found for child in process.children(recursive=True)]


def all_gone(processes: list[psutil.Process], seconds: float = 15) -> bool:
    return wait_until(
        lambda: all(not p.is_running() or p.status() == psutil.STATUS_ZOMBIE for p in processes), seconds
    )
