"""The pictures of the README, drawn anew: `python -m tests.bench.gallery docs/pictures`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from models.recipe import CharacterLook, Recipe, SceneLook
from models.vocabulary import JobType
from workers.renderers.toon.drawing import frames

if TYPE_CHECKING:
    import numpy.typing as npt

AOI = CharacterLook(
    name="Aoi",
    attributes={
        "hair_color": "pink", "hair_style": "twintails", "eye_color": "blue", "outfit": "sailor",
        "expression": "happy",
    },
)  # fmt: skip
REN = CharacterLook(
    name="Ren",
    attributes={
        "hair_color": "black", "hair_style": "messy", "eye_color": "amber", "eye_shape": "sharp",
        "face": "sharp", "outfit": "blazer", "height": "tall", "build": "sturdy",
    },
)  # fmt: skip
YUKI = CharacterLook(
    name="Yuki",
    attributes={
        "hair_color": "silver", "hair_style": "hime", "eye_color": "purple", "outfit": "kimono",
        "accessory": "flower", "view": "three_quarter_right", "eye_shape": "droopy", "outfit_color": "navy",
    },
)  # fmt: skip
HANA = CharacterLook(
    name="Hana",
    attributes={
        "hair_color": "orange", "hair_style": "wavy", "eye_color": "green", "outfit": "coat",
        "accessory": "scarf", "expression": "smug", "view": "three_quarter_left", "outfit_color": "navy",
    },
)  # fmt: skip


def main(folder: Path) -> None:
    """Write hero.png, sheet.png, loop_strip.png and video_strip.png into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    _save(folder / "hero.png", np.concatenate(_hero(), axis=1))
    _save(folder / "sheet.png", _shot(JobType.CHARACTER_SHEET, (1024, 768), (AOI,)))
    loop = _clip(JobType.ANIMATION_LOOP, (256, 320), (YUKI,), 16, location="shrine", time_of_day="night")
    _save(folder / "loop_strip.png", np.concatenate(loop[::4], axis=1))
    scene = {
        "location": "rooftop", "time_of_day": "sunset", "camera_move": "push in", "camera_angle": "medium",
        "dialogue": "Ren: You came after all. I was about to go home, you know.",
    }  # fmt: skip
    video = _clip(JobType.FULL_VIDEO, (416, 240), (AOI, REN), 120, **scene)
    _save(folder / "video_strip.png", np.concatenate([video[i] for i in (0, 40, 80, 119)], axis=1))


def _hero() -> list[npt.NDArray[np.uint8]]:
    """Four stills side by side."""
    size = (384, 576)
    return [
        _shot(JobType.STILL_IMAGE, size, (AOI,), location="park", time_of_day="day"),
        _shot(
            JobType.STILL_IMAGE, size, (REN,), location="rooftop", time_of_day="sunset", camera_angle="close up"
        ),
        _shot(JobType.STILL_IMAGE, size, (YUKI,), location="shrine", time_of_day="night"),
        _shot(JobType.STILL_IMAGE, size, (HANA,), location="station", time_of_day="morning"),
    ]


def _shot(
    kind: JobType, size: tuple[int, int], looks: tuple[CharacterLook, ...], **scene: Any
) -> npt.NDArray[np.uint8]:
    return _clip(kind, size, looks, 1, **scene)[0]


def _clip(
    kind: JobType, size: tuple[int, int], looks: tuple[CharacterLook, ...], count: int, **scene: Any
) -> list[npt.NDArray[np.uint8]]:
    recipe = Recipe(
        renderer="toon", job_type=kind, seed=7, width=size[0], height=size[1], frame_count=count,
        characters=looks, scene=SceneLook(background_seed=3, **scene),
    )  # fmt: skip
    return list(frames(recipe))


def _save(path: Path, picture: npt.NDArray[np.uint8]) -> None:
    Image.fromarray(picture).save(path, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
