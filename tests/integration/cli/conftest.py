"""A terminal in this process: commands on the module's own database, without workers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from farm.cli import app as cli
from farm.settings import settings
from tests.support.terminal import Said, Typed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from farm.servers import ServerUrls


@pytest.fixture
def typed(
    database_url: str,
    servers: ServerUrls,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Typed]:
    """A command as a person reads its answer."""
    monkeypatch.setenv("FARM_DATABASE_URL", database_url)
    monkeypatch.setenv("FARM_REDIS_URL", servers.redis_url)
    monkeypatch.setenv("FARM_STATE_DIR", str(tmp_path))
    settings.cache_clear()

    def run(*words: str) -> Said:
        code = cli.run(words)
        printed = capsys.readouterr()
        return Said(code, printed.out, " ".join(printed.err.split()))

    yield run
    settings.cache_clear()


@pytest.fixture
def terminal(typed: Typed) -> Callable[..., tuple[int, Any]]:
    """A command's exit code, and what it prints as JSON."""

    def run(*words: str) -> tuple[int, Any]:
        said = typed(*words, "--json")
        return said.code, json.loads(said.out)

    return run
