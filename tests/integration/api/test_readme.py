"""The README's HTTP example, as printed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from farm.shows import loading
from models.access import Scope
from tests.support import ROOT
from tests.support.served import served

if TYPE_CHECKING:
    from collections.abc import Callable

    from farm.client import Farm


@pytest.mark.skipif(shutil.which("curl") is None, reason="the example is printed for curl, which is not here")
def test_the_example_works_as_it_is_printed(home: Farm, key_for: Callable[..., str]) -> None:
    home.load_show(loading.load(ROOT / "examples" / "lantern_street" / "show.yaml"))
    printed = (ROOT / "README.md").read_text()
    block = re.search(r"```sh\nexport FARM_URL=.*?\n\n(.*?)```", printed, re.DOTALL)
    assert block is not None
    with served(home) as url:
        environment = {**os.environ, "FARM_URL": url, "FARM_KEY": key_for(Scope.ADMIN)}
        ran = subprocess.run(
            ["bash", "-ec", block[1].replace("curl -s", "echo; curl -sS --fail")],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    assert ran.returncode == 0, ran.stderr
    projects, job, jobs = (json.loads(line) for line in ran.stdout.split("\n") if line)
    assert "lantern-street" in [project["slug"] for project in projects["items"]]
    assert jobs["items"][0]["id"] == job["job_id"]
