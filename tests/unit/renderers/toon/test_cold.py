"""A cold render of the toon renderer finds nothing left of an earlier one, and gives the same pixels."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any

from models.vocabulary import JobType
from tests.support.factories import a_recipe
from workers.renderers import toon
from workers.renderers.toon.renderer import ToonRenderer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def memories() -> Iterator[tuple[str, Any]]:
    """Everything below the renderer that remembers what it made, and what it was asked."""
    for found in pkgutil.iter_modules(toon.__path__, f"{toon.__name__}."):
        module = importlib.import_module(found.name)
        for name, each in vars(module).items():
            if hasattr(each, "cache_info") and each.__module__ == module.__name__:
                yield f"{module.__name__}.{name}", each.cache_info()


def drawn(folder: Path, *, cold: bool) -> tuple[str, dict[str, Any]]:
    """The pixels of one still, and what the renderer's memories look like after it."""
    folder.mkdir()
    recipe = a_recipe(job_type=JobType.STILL_IMAGE, frame_count=1, width=128, height=96)
    made = ToonRenderer().render(recipe, folder, progress=lambda *_: None, alive=lambda: True, cold=cold)
    return made.pixel_sha256, dict(memories())


def test_a_cold_render_is_answered_by_nothing_that_an_earlier_one_left(tmp_path: Path) -> None:
    first = drawn(tmp_path / "first", cold=True)
    warm = drawn(tmp_path / "warm", cold=False)

    again = drawn(tmp_path / "again", cold=True)

    assert again == first
    assert warm[0] == first[0]
    assert warm[1] != first[1]
