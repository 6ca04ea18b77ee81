"""A delivery that is killed in mid-way, as a real process: the next one leaves one whole version."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from models.failpoints import Window
from tests.support import ROOT

if TYPE_CHECKING:
    from tests.support.delivery_studio import Studio


@pytest.mark.parametrize("window", [Window.DELIVER, Window.DELIVERED])
def test_a_delivery_killed_at_its_rename_is_whole_or_not_there_and_the_next_completes_it(
    studio: Studio,
    database_url: str,
    window: Window,
) -> None:
    job_id = studio.take()

    killed = deliver(studio, database_url, f"{window}:1")
    visible = [name for name in studio.files() if "/." not in name]
    again = studio.deliver().delivered

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    place = f"{studio.show.project}/ep001/sc010/c0010/still/v001"
    assert bool(visible) == (window is Window.DELIVERED)
    assert [each.job_id for each in again] == [job_id]
    whole = [name for name in studio.files() if "/." not in name]
    assert len(whole) == 2
    assert all(name.startswith(place) for name in whole)
    assert visible in ([], whole)


def deliver(studio: Studio, database_url: str, failpoints: str) -> subprocess.CompletedProcess[str]:
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("FARM_")},
        "PYTHONPATH": str(ROOT),
        "FARM_STATE_DIR": str(studio.farm.settings.state_dir),
        "FARM_ARTIFACTS": str(studio.farm.store.root),
        "FARM_DATABASE_URL": database_url,
        "FARM_REDIS_URL": "redis://127.0.0.1:1/0",
        "FARM_TESTING": "1",
        "FARM_FAILPOINTS": failpoints,
        "FARM_ROOTS": str(studio.folder.parent),
    }
    argv = [sys.executable, "-m", "farm", "deliver", studio.show.project, "--to", str(studio.folder)]
    return subprocess.run(argv, env=env, cwd=studio.folder.parent, check=False, capture_output=True, text=True)
