"""The bench of a worker process: it opens what a job needs, remembers what is loaded, and gives it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from models.errors import UnknownName
from models.recipe import Recipe
from models.vocabulary import JobType
from workers.bench import Bench

if TYPE_CHECKING:
    from pathlib import Path


def _recipe(renderer: str = "null", model_name: str = "null:seconds=0") -> Recipe:
    return Recipe(
        job_type=JobType.STILL_IMAGE,
        renderer=renderer,
        model_name=model_name,
        positive_prompt="a lantern",
        seed=7,
        width=64,
        height=64,
    )


def test_what_was_rendered_last_needs_no_loading(tmp_path: Path) -> None:
    bench = Bench(networks_dir=tmp_path)
    assert bench.loaded() == ()

    bench.render(_recipe(), tmp_path, progress=lambda *_: None, alive=lambda: True)

    assert bench.loaded() == ("null:seconds=0",)


def test_freed_memory_holds_no_checkpoint_any_more(tmp_path: Path) -> None:
    bench = Bench(networks_dir=tmp_path)
    bench.render(_recipe(), tmp_path, progress=lambda *_: None, alive=lambda: True)

    bench.free()

    assert bench.loaded() == ()


def test_a_renderer_nobody_has_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="blender"):
        Bench(networks_dir=tmp_path).facts(_recipe(renderer="blender"))
