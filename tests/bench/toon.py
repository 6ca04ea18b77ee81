"""`make bench`: seconds a still, a loop and a 120-frame video, from submit to verdict, and the memory it takes.

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
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from farm.client import Farm
from farm.ops import stack
from farm.ops.memory import MemoryPeak
from farm.settings import settings
from farm.shows import loading
from models.recipe import CharacterLook, Recipe, SceneLook
from models.vocabulary import JobType
from tests.support import ROOT
from workers.renderers.registry import renderer

if TYPE_CHECKING:
    from models.shows import StoredShow

_SHOW = ROOT / "examples" / "lantern_street" / "show.yaml"
_LOOKS = (
    CharacterLook(
        name="one",
        attributes={"hair_color": "pink", "hair_style": "twintails", "eye_color": "green", "outfit": "sailor"},
        position="left",
    ),
    CharacterLook(
        name="two",
        attributes={"hair_color": "black", "hair_style": "short", "eye_color": "amber", "outfit": "hoodie"},
        position="right",
    ),
)
_SCENE = SceneLook(
    location="street", time_of_day="sunset", action="talks", dialogue="Is it late?", background_seed=1
)
#: seconds a take may need on two cores
_GOALS = {"toon_still_s": 1.0, "toon_video120_s": 10.0}
_SUBMITS = 5


def main() -> None:
    """Measure, and print the JSON line."""
    with MemoryPeak(timedelta(milliseconds=500)) as memory:
        figures = _renders()
        figures["submit_to_verdict_s"] = _submit_to_verdict()
    figures["peak_rss_mib"] = memory.mib
    rounded = {name: round(value, 3) for name, value in figures.items()}
    goals = {
        name: {"goal": goal, "value": rounded[name], "met": rounded[name] <= goal}
        for name, goal in _GOALS.items()
    }
    print(json.dumps({"bench": "bench", "machine": _machine(), "figures": rounded, "goals": goals}))


def _renders() -> dict[str, float]:
    """The median of a few takes of each kind; the first of all is left out, because it loads the renderer."""
    kinds = {
        "toon_still_s": (JobType.STILL_IMAGE, 512, 768, 5),
        "toon_loop_s": (JobType.ANIMATION_LOOP, 512, 512, 3),
        "toon_video120_s": (JobType.FULL_VIDEO, 832, 480, 1),
    }
    _render(JobType.STILL_IMAGE, 256, 256, seed=0)
    figures = {}
    for name, (kind, width, height, times) in kinds.items():
        took = [_render(kind, width, height, seed=seed) for seed in range(times)]
        figures[name] = statistics.median(took)
        _say(f"{name} {figures[name]:.2f}")
    return figures


def _render(kind: JobType, width: int, height: int, *, seed: int) -> float:
    """Seconds for one take with two characters, written, read back and hashed."""
    recipe = Recipe(
        renderer="toon",
        job_type=kind,
        seed=seed,
        width=width,
        height=height,
        frame_count=kind.default_frames,
        characters=_LOOKS,
        scene=_SCENE,
    )
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        renderer("toon").render(recipe, Path(folder), progress=lambda *_: None, alive=lambda: True)
        return time.perf_counter() - began


def _submit_to_verdict() -> float:
    """Median seconds from the order of a still to its verdict, on a farm that is warm and idle."""
    with tempfile.TemporaryDirectory(prefix="farm-bench-") as name:
        folder = Path(name)
        # The embedded servers run as an account of their own, which must be able to pass.
        folder.chmod(0o711)
        for variable in ("FARM_DATABASE_URL", "FARM_REDIS_URL"):
            os.environ.pop(variable, None)
        os.environ |= {
            "FARM_STATE_DIR": str(folder / "state"),
            "FARM_ARTIFACTS": "",
            "FARM_FLOWER_PORT": "0",
            "FARM_API_PORT": "0",
        }
        settings.cache_clear()
        try:
            stack.up(settings(), die_with_me=True, say=_say)
            with Farm() as farm:
                stored = _loaded(farm)
                took = [_one_verdict(farm, stored, seed) for seed in range(_SUBMITS + 1)]
        finally:
            stack.down(settings(), grace=timedelta(seconds=10), forget=True)
    # The first one loads renderer and networks in the workers.
    median = statistics.median(took[1:])
    _say(f"submit_to_verdict_s {median:.2f} (the first, cold: {took[0]:.2f})")
    return median


def _loaded(farm: Farm) -> StoredShow:
    with farm.database.transaction() as session:
        return loading.store(session, loading.load(_SHOW))


def _one_verdict(farm: Farm, stored: StoredShow, seed: int) -> float:
    began = time.perf_counter()
    job = farm.submit(project=stored.project, cut="1/10/10", seed=seed, max_retakes=0, requested_by="bench")
    for rows in farm.watch([job.job_id], every=timedelta(milliseconds=20)):
        if rows[0].verdict is not None:
            break
    return time.perf_counter() - began


def _machine() -> dict[str, Any]:
    return {"cpus": os.cpu_count(), "architecture": platform.machine(), "python": platform.python_version()}


def _say(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    main()
