"""Which pictures stand for a character and for a show's style where the show itself names none.

Their seeds follow from the project and a word of their own, so that they are the same on every machine and are
never those of a take that is measured later.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from farm.orders.recipes import Casting, derived_seed, look_of, scene_of, style_of
from models.recipe import Recipe, SceneLook
from models.vocabulary import JobType, VariationType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.recipe import CharacterLook, StyleLook
    from models.rows.characters import Character
    from models.rows.shows import Cut, StoryBible

#: (view, expression, pose, camera angle): a head seen from enough sides to be known again
_SITTINGS = (
    ("front", "neutral", "standing", "close_up"),
    ("front", "happy", "waving", "medium"),
    ("three_quarter_left", "neutral", "standing", "close_up"),
    ("three_quarter_right", "happy", "hands_on_hips", "medium"),
    ("three_quarter_left", "sad", "hands_clasped", "medium"),
    ("three_quarter_right", "surprised", "standing", "close_up"),
    ("side_left", "neutral", "standing", "close_up"),
    ("front", "determined", "arms_crossed", "medium"),
    ("three_quarter_right", "neutral", "standing", "medium"),
    ("three_quarter_left", "happy", "walking", "close_up"),
)
_PORTRAIT_PX = (512, 640)
_FRAME_PX = (832, 480)
_SHEET_PX = (1024, 768)
#: with fewer than eight the spread of a style is a guess; sheets have a plain ground: both are needed
_STYLE_FRAMES = 12
_STYLE_SHEETS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What of a show decides its reference pictures."""

    project: str
    cast: Mapping[str, Character]
    #: (path, cut) in story order
    cuts: Sequence[tuple[str, Cut]]
    bible: StoryBible | None


def sittings(story: Story, character: Character) -> list[Recipe]:
    """Ten pictures of one character alone, in the light of the show's scenes and in its wardrobe."""
    pictures = []
    scenes = _scenes(story)
    for number, (view, expression, pose, angle) in enumerate(_SITTINGS):
        look = _dressed(character, number)
        seen = {"view": view, "expression": expression, "pose": pose}
        scene = replace(scenes[number % len(scenes)], camera_angle=angle)
        pictures.append(
            _recipe(
                story,
                ("reference", character.slug, number),
                _PORTRAIT_PX,
                (replace(look, attributes={**look.attributes, **seen}),),
                scene=scene,
            )
        )
    return pictures


def style_frames(story: Story) -> list[Recipe]:
    """Twelve frames of the show, its cuts in turn, and seven sheets of its characters in their wardrobe."""
    return [*_frames(story), *_sheets(story)]


def _frames(story: Story) -> list[Recipe]:
    ids = {who.id: who for who in story.cast.values()}
    pictures: list[Recipe] = []
    while len(pictures) < _STYLE_FRAMES and story.cuts:
        path, cut = story.cuts[len(pictures) % len(story.cuts)]
        looks = tuple(_dressed(ids[who], len(pictures)) for who in cut.character_ids if who in ids)
        scene = scene_of(story.project, cut, path, {})
        style = style_of(story.bible, cut.scene.style_overrides)
        pictures.append(
            _recipe(story, ("style", path, len(pictures)), _FRAME_PX, looks, scene=scene, style=style)
        )
    return pictures


def _sheets(story: Story) -> list[Recipe]:
    cast = list(story.cast.values())
    if not cast:
        return []
    return [
        replace(
            _recipe(
                story,
                ("style sheet", number),
                _SHEET_PX,
                # The first turn in another dress than the sheets that are measured later.
                (_dressed(cast[number % len(cast)], number // len(cast) + 1),),
                scene=SceneLook(),
            ),
            job_type=JobType.CHARACTER_SHEET,
        )
        for number in range(_STYLE_SHEETS)
    ]


def _scenes(story: Story) -> list[SceneLook]:
    """Each scene of the show once, empty of action; a plain studio where the show has none yet."""
    looks = {path.rsplit("/", 1)[0]: scene_of(story.project, cut, path, {}) for path, cut in story.cuts}
    still = [replace(look, action="", dialogue="", camera_move="") for look in looks.values()]
    return [SceneLook(location="studio", time_of_day="day"), *still]


def _dressed(character: Character, turn: int) -> CharacterLook:
    """The character as they are, or in one of their outfits: turn 0 is their own, then each in turn."""
    outfits = [row for row in character.variations if row.variation_type is VariationType.OUTFIT]
    worn = [(), *((row,) for row in outfits)][turn % (len(outfits) + 1)]
    return look_of(Casting(character=character, variations=worn), "toon")


def _recipe(
    story: Story,
    seed_of: tuple[object, ...],
    size: tuple[int, int],
    looks: tuple[CharacterLook, ...],
    *,
    scene: SceneLook,
    style: StyleLook | None = None,
) -> Recipe:
    return Recipe(
        renderer="toon",
        job_type=JobType.STILL_IMAGE,
        seed=derived_seed("reference picture", story.project, *seed_of),
        width=size[0],
        height=size[1],
        characters=looks,
        scene=scene,
        style=style or style_of(story.bible, {}),
    )
