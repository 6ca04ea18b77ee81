"""`farm serve` as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import requests

from farm.client import Farm
from farm.ops import api
from farm.servers.supervisor import wait_until
from models.access import Scope
from models.errors import Unauthenticated
from tests.support import ROOT
from tests.support.factories import settings_for

if TYPE_CHECKING:
    from pathlib import Path


def test_a_served_farm_says_where_it_is_lets_nobody_in_without_a_key_and_ends_when_asked(
    home: Farm, database_url: str, tmp_path: Path
) -> None:
    key = home.create_key("a laptop", scopes=[Scope.READ]).text
    settings = settings_for(tmp_path, given_database_url=database_url)
    environment = {
        **os.environ,
        "FARM_STATE_DIR": str(settings.state_dir),
        "FARM_DATABASE_URL": database_url,
        "FARM_REDIS_URL": "redis://127.0.0.1:1/0",
        "FARM_API_PORT": "0",
    }
    log = tmp_path / "serve.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "farm", "serve"], cwd=ROOT, env=environment, stderr=output
        )
    try:
        assert wait_until(lambda: (at := api.access(settings)) is not None and api.answers(at), 60)
        access = api.access(settings)
        assert access is not None
        assert f"The API answers at {access.url}/api/anime" in log.read_text().replace("\n", " ")
        assert requests.get(f"{access.url}/api/anime/jobs", timeout=10).status_code == 401
        with Farm.connect(access.url, key) as far:
            assert far.workers() == home.workers()
        with Farm.connect(access.url) as far, pytest.raises(Unauthenticated, match="needs a key"):
            far.workers()
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=30) in (0, -signal.SIGTERM)
    assert key not in log.read_text()
