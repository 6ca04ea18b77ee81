"""`make bench-comfyui`: what a still costs more through the farm than by the bare ComfyUI call for its graph.

Both are run in turns at one server: the stand-in, or a real one where COMFYUI_URL names it. The bare call is a
good script's: a socket that is open already, POST /prompt, wait for the end, /history, /view. The farm's still
is measured from `submit` to the take that is written, read back, hashed and committed, and on to its verdict.
Progress goes to stderr; the last line on stdout is one JSON value in the shape of every bench.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import tempfile
import time
import uuid
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import requests
from websockets.sync.client import connect

from farm.client import Farm
from farm.ops import stack
from farm.settings import settings
from farm.shows import loading
from farm.shows.form import Show
from models.errors import Refused
from models.vocabulary import JobState, JobType, Step
from tests.acceptance.comfyui_site import RealSite, StandInSite
from tests.support.comfyui_fixture import stand_in
from workers.renderers.comfyui import builtin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.recipe import Recipe
    from tests.acceptance.comfyui_site import Site

_GOAL_S = 0.5
#: a step of the stand-in, so that waiting is waiting: a still takes a second there
_STEP_S = 0.2
_ORDER: dict[str, Any] = {"prompt": "a girl", "width": 64, "height": 64, "steps": 5, "max_retakes": 0}
_PATIENCE = timedelta(minutes=5)


def main() -> None:
    """Measure, and print the JSON line."""
    rounds = _rounds(os.environ.get("ROUNDS") or "20")
    with _site() as site, _farm(site) as (farm, project):
        comfyui = _comfyui(site)
        race = Race(site, farm, project)
        # The first of each loads the checkpoint at the server, renderer and networks in the workers.
        race.run(rounds=1)
        warm_up, race.seconds = race.seconds, {name: [] for name in race.seconds}
        _say(f"warm-up: bare {warm_up['bare'][0]:.2f} s, farm {warm_up['take'][0]:.2f} s")
        race.run(rounds=rounds)
    figures = race.figures()
    goal = {"goal": _GOAL_S, "value": figures["overhead_s"], "met": figures["overhead_s"] < _GOAL_S}
    told = {"bench": "bench-comfyui", "machine": _machine(comfyui), "figures": figures}
    print(json.dumps({**told, "goals": {"overhead_s": goal}}))


class Race:
    """The same graph both ways, in turns, each with a seed of its own so that nothing is answered twice."""

    def __init__(self, site: Site, farm: Farm, project: str) -> None:
        self.seconds: dict[str, list[float]] = {"bare": [], "take": [], "verdict": []}
        self._site, self._farm, self._project = site, farm, project
        self._seed = 0
        self._recipe: Recipe | None = None

    def run(self, rounds: int) -> None:
        """So many of each; who begins changes every time."""
        for number in range(rounds):
            for side in (self._through_the_farm, self._bare)[:: 1 if number % 2 else -1]:
                self._seed += 1
                side()
            last = {name: round(took[-1], 3) for name, took in self.seconds.items()}
            _say(f"{number + 1}/{rounds} {last}")

    def figures(self) -> dict[str, float]:
        """Medians and 95th percentiles in seconds; overheads are of pairs that ran beside each other."""
        told: dict[str, float] = {}
        for name, took in self.seconds.items():
            told |= {f"{name}_s": statistics.median(took), f"{name}_p95_s": _p95(took)}
        for name, what in (("overhead", "take"), ("overhead_verdict", "verdict")):
            more = [a - b for a, b in zip(self.seconds[what], self.seconds["bare"], strict=True)]
            told |= {f"{name}_s": statistics.median(more), f"{name}_p95_s": _p95(more)}
        return {name: round(value, 3) for name, value in told.items()}

    def _through_the_farm(self) -> None:
        began = time.time()
        job = self._farm.submit({"project": self._project, "seed": self._seed, **_ORDER}).job_id
        self._farm.wait([job], timeout=_PATIENCE)
        detail = self._farm.job(job)
        assert detail.row.state is JobState.COMPLETED, detail.queue
        assert detail.row.completed_at is not None
        ends = {attempt.step: attempt.ended_at for attempt in detail.attempts}
        rendered = ends[Step.RENDER]
        assert rendered is not None
        self.seconds["take"].append(rendered.timestamp() - began)
        self.seconds["verdict"].append(detail.row.completed_at.timestamp() - began)

    def _ordered(self) -> Recipe:
        """What the farm made of the order: a prompt of other words would miss the server's cache each time."""
        if self._recipe is None:
            self._recipe = self._farm.job(self._farm.jobs(project=self._project).items[0].id).recipe
        return self._recipe

    def _bare(self) -> None:
        client_id = uuid.uuid4().hex
        prefix = f"farm/bench-{client_id}/1"
        workflow = next(
            each for each in builtin.all_workflows().values() if each.job_types == (JobType.STILL_IMAGE,)
        )
        graph = workflow.bind(replace(self._ordered(), seed=self._seed), prefix)
        with (
            requests.Session() as session,
            connect(f"{self._site.url.replace('http', 'ws', 1)}/ws?clientId={client_id}", proxy=None) as socket,
        ):
            session.get(f"{self._site.url}/queue", timeout=10)
            began = time.time()
            _bare_call(session, socket, self._site.url, graph, client_id)
            self.seconds["bare"].append(time.time() - began)


def _bare_call(session: requests.Session, socket: Any, url: str, graph: Any, client_id: str) -> None:
    """POST, wait for the end, fetch the picture."""
    body = {"prompt": graph, "client_id": client_id}
    prompt_id = session.post(f"{url}/prompt", json=body, timeout=60).json()["prompt_id"]
    while True:
        message = socket.recv(timeout=_PATIENCE.total_seconds())
        if not isinstance(message, str):
            continue
        event = json.loads(message)
        data = event.get("data") or {}
        if event["type"] == "executing" and data.get("node") is None and data.get("prompt_id") == prompt_id:
            break
    while not (told := session.get(f"{url}/history/{prompt_id}", timeout=60).json()):
        time.sleep(0.01)
    (picture,) = (image for node in told[prompt_id]["outputs"].values() for image in node["images"])
    answer = session.get(f"{url}/view", params=picture, timeout=60)
    assert answer.content.startswith(b"\x89PNG")


@contextmanager
def _site() -> Iterator[Site]:
    if not os.environ.get("COMFYUI_URL") and not os.environ.get("COMFYUI_DIR"):
        with tempfile.TemporaryDirectory() as folder, stand_in(Path(folder)) as process:
            process.trap(step_seconds=_STEP_S)
            yield StandInSite(process)
        return
    try:
        with RealSite.from_environment().opened() as real:
            yield real
    except pytest.fail.Exception as error:
        raise SystemExit(str(error)) from None


@contextmanager
def _farm(site: Site) -> Iterator[tuple[Farm, str]]:
    """A farm as `farm up` starts it, that renders at the site, and a project of its own."""
    with tempfile.TemporaryDirectory(prefix="farm-bench-") as name:
        folder = Path(name)
        # The embedded servers run as an account of their own, which must be able to pass.
        folder.chmod(0o711)
        for variable in ("FARM_DATABASE_URL", "FARM_REDIS_URL", "FARM_COMFYUI_MODELS_DIR"):
            os.environ.pop(variable, None)
        told = {
            "FARM_STATE_DIR": str(folder / "state"),
            "FARM_ARTIFACTS": "",
            "FARM_FLOWER_PORT": "0",
            "FARM_API_PORT": "0",
            "FARM_COMFYUI_URL": site.url,
        }
        if site.models_dir is not None:
            told["FARM_COMFYUI_MODELS_DIR"] = str(site.models_dir)
        os.environ |= told
        settings.cache_clear()
        try:
            stack.up(settings(), die_with_me=True, renderers=(), say=_say)
            with Farm() as farm:
                yield farm, _project(farm, site)
        finally:
            stack.down(settings(), grace=timedelta(seconds=10), forget=True)


def _project(farm: Farm, site: Site) -> str:
    """A project that renders at the site, once a worker has told what that has."""
    defaults = {"renderer": "comfyui", "model_name": site.checkpoint}
    show = Show.model_validate({"project": {"slug": "bench", "name": "Bench", "defaults": defaults}})
    with farm.database.transaction() as session:
        project = loading.store(session, show).project
    until = time.monotonic() + 60
    while True:
        try:
            farm.wait([farm.submit({"project": project, "seed": 0, **_ORDER}).job_id], timeout=_PATIENCE)
            return project
        except Refused:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def _p95(values: list[float]) -> float:
    return float(np.percentile(values, 95))


def _rounds(said: str) -> int:
    if not said.isdecimal() or int(said) < 1:
        raise SystemExit(f"ROUNDS={said} is no number of rounds: say 1 or more.")
    return int(said)


def _comfyui(site: Site) -> str:
    """What answers there: a stand-in says the version of the one it stands for."""
    version = str(requests.get(f"{site.url}/system_stats", timeout=10).json()["system"]["comfyui_version"])
    return f"stand-in for {version}" if isinstance(site, StandInSite) else version


def _machine(comfyui: str) -> dict[str, Any]:
    here = {"cpus": os.cpu_count(), "architecture": platform.machine(), "python": platform.python_version()}
    return here | {"comfyui": comfyui}


def _say(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    main()
