"""Which pictures stand for a character and for a show's style where the show itself names none.

Their seeds follow from the project and a word of their own, so that they are the same on every machine and are
never those of a take that is measured later.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from farm.recipes import Casting, derived_seed, look_of, scene_of, style_of
from models.recipe import Recipe, SceneLook
from models.vocabulary import JobType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.characters import Character
    from models.production import Cut, StoryBible
    from models.recipe import CharacterLook, StyleLook

#: (view, expression, pose, camera angle, time of day): a head seen from enough sides to be known again
_SITTINGS = (
    ("front", "neutral", "standing", "close_up", "day"),
    ("front", "happy", "waving", "medium", "day"),
    ("three_quarter_left", "neutral", "standing", "close_up", "day"),
    ("three_quarter_right", "happy", "hands_on_hips", "medium", "sunset"),
    ("three_quarter_left", "sad", "hands_clasped", "medium", "night"),
    ("three_quarter_right", "surprised", "standing", "close_up", "day"),
    ("side_left", "neutral", "standing", "close_up", "day"),
    ("front", "determined", "arms_crossed", "medium", "sunset"),
)
_PORTRAIT_PX = (512, 640)
_FRAME_PX = (832, 480)
#: a style's own spread is a guess with fewer than eight
_STYLE_FRAMES = 12


def sittings(project: str, character: Character, style: StyleLook) -> list[Recipe]:
    """Eight pictures of one character alone."""
    look = look_of(Casting(character=character), "toon")
    return [
        Recipe(
            renderer="toon",
            job_type=JobType.STILL_IMAGE,
            seed=derived_seed("reference", project, character.slug, number),
            width=_PORTRAIT_PX[0],
            height=_PORTRAIT_PX[1],
            characters=(_sitting(look, view, expression, pose),),
            scene=SceneLook(
                location="studio",
                time_of_day=time_of_day,
                camera_angle=angle,
                background_seed=derived_seed("reference background", project, number),
            ),
            style=style,
        )
        for number, (view, expression, pose, angle, time_of_day) in enumerate(_SITTINGS, start=1)
    ]


def style_frames(
    project: str, cast: dict[str, Character], cuts: Sequence[tuple[str, Cut]], bible: StoryBible | None
) -> list[Recipe]:
    """Twelve frames of the show: its cuts in turn, each time with another seed."""
    ids = {who.id: who for who in cast.values()}
    found: list[Recipe] = []
    while len(found) < _STYLE_FRAMES and cuts:
        number = len(found)
        path, cut = cuts[number % len(cuts)]
        seen = [ids[who] for who in cut.character_ids if who in ids]
        found.append(
            Recipe(
                renderer="toon",
                job_type=JobType.STILL_IMAGE,
                seed=derived_seed("style frame", project, path, number),
                width=_FRAME_PX[0],
                height=_FRAME_PX[1],
                characters=tuple(look_of(Casting(character=who), "toon") for who in seen),
                scene=scene_of(project, cut, path, {}),
                style=style_of(bible, cut.scene.style_overrides),
            )
        )
    return found


def _sitting(look: CharacterLook, view: str, expression: str, pose: str) -> CharacterLook:
    return replace(look, attributes={**look.attributes, "view": view, "expression": expression, "pose": pose})
