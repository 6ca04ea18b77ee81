"""A faultless show passes every gate at first try, in every shape, whether it names its sizes or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from farm.demo.orders import undisturbed
from models.vocabulary import JobType, Phase, Verdict
from tests.acceptance.studio import loaded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.acceptance.studio import Studio

#: each show is drawn for minutes
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

_PEOPLE = [
    {
        "slug": "aoi",
        "name": "Aoi",
        "attributes": {"hair_color": "blue", "hair_style": "bob", "eye_color": "brown", "outfit": "hoodie"},
    },
    {
        "slug": "sora",
        "name": "Sora",
        "attributes": {"hair_color": "black", "hair_style": "short", "eye_color": "green", "outfit": "blazer"},
    },
]
_SCENES = [
    {
        "number": 1,
        "location": "beach",
        "time_of_day": "sunset",
        "cuts": [
            {"number": 1, "camera_angle": "wide", "characters": ["aoi"], "action_notes": "Aoi looks around"},
            {"number": 2, "camera_angle": "close_up", "characters": ["aoi"], "action_notes": "Aoi talks"},
            {"number": 3, "camera_angle": "medium", "characters": ["aoi", "sora"], "camera_move": "pan_right"},
        ],
    },
    {
        "number": 2,
        "location": "classroom",
        "time_of_day": "day",
        "cuts": [
            {"number": 1, "camera_angle": "medium", "characters": ["sora"], "camera_move": "push_in"},
            {"number": 2, "camera_angle": "close_up", "characters": ["sora"], "action_notes": "Sora nods"},
            {"number": 3, "camera_angle": "medium", "characters": ["aoi", "sora"], "action_notes": "they talk"},
        ],
    },
]


@pytest.mark.parametrize(
    ("slug", "size"),
    [("unsaid", None), ("four-to-three", (640, 480)), ("square", (512, 512)), ("upright", (432, 768))],
)
def test_it_passes_its_gates_with_no_retake(
    studio: Studio, tmp_path: Path, slug: str, size: tuple[int, int] | None
) -> None:
    project = loaded(studio.farm, _written(tmp_path, slug, size))
    cuts = studio.farm.cuts(project)
    for phase in Phase:
        made = studio.make(undisturbed(phase, project, cuts, [person["slug"] for person in _PEOPLE]))

        refused = [
            (take.row.id, take.row.cut, take.row.job_type.value, take.row.take_number, take.row.blocking)
            for take in made.takes
            if take.row.verdict is not Verdict.PASS
        ]
        assert refused == []
        assert len(made.takes) == len(made.roots)
        shapes = {(take.recipe.width, take.recipe.height) for take in made.takes if take.row.cut}
        assert shapes == {size or (832, 480)}
        assert studio.farm.gate(project, phase).can_open


def _written(folder: Path, slug: str, size: tuple[int, int] | None) -> Path:
    """A show's file; nothing in it speaks of sizes where none is given."""
    defaults: dict[str, Any] = {"renderer": "toon", "profile": "embedded"}
    if size is not None:
        defaults["sizes"] = {kind.value: list(size) for kind in JobType if kind is not JobType.CHARACTER_SHEET}
    scenes: Sequence[dict[str, Any]] = _SCENES
    file = folder / "show.yaml"
    told = {
        "project": {"slug": slug, "name": slug, "defaults": defaults},
        # The same drawings at every run: of all faultless stills identity refuses a few (`make false-rejects`).
        "story_bible": {"global_seed": 7},
        "characters": _PEOPLE,
        "episodes": [{"number": 1, "scenes": list(scenes)}],
    }
    file.write_text(yaml.safe_dump(told))
    return file
