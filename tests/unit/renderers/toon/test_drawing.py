"""The toon renderer draws every order, the same way every time, and each word is seen in the picture."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from models.recipe import CharacterLook, Recipe, SceneLook, StyleLook
from models.vocabulary import Defect, JobType
from workers.renderers.toon import acting
from workers.renderers.toon.attributes import VOCABULARY
from workers.renderers.toon.drawing import frames, head_boxes
from workers.renderers.toon.scene_words import ACTIONS, LOCATIONS, MOODS, MOVES, TIMES
from workers.renderers.toon.stage import stage

AOI = CharacterLook(
    name="Aoi",
    attributes={"hair_color": "pink", "hair_style": "twintails", "eye_color": "blue", "outfit": "sailor"},
)
REN = CharacterLook(
    name="Ren",
    attributes={"hair_color": "black", "hair_style": "short", "eye_color": "amber", "outfit": "blazer"},
)


def recipe(kind: JobType = JobType.STILL_IMAGE, **changes: Any) -> Recipe:
    base = Recipe(
        renderer="toon",
        job_type=kind,
        seed=5,
        width=96,
        height=128,
        frame_count=kind.default_frames,
        characters=(AOI,),
    )
    return replace(base, **changes)


def still(**changes: Any) -> np.ndarray[Any, Any]:
    return next(frames(recipe(**changes)))


def dressed(**attributes: str) -> tuple[CharacterLook, ...]:
    return (replace(AOI, attributes={**AOI.attributes, **attributes}),)


def digest(order: Recipe) -> str:
    out = hashlib.sha256()
    for frame in frames(order):
        out.update(frame.tobytes())
    return out.hexdigest()


@pytest.mark.parametrize("kind", list(JobType))
def test_equal_recipes_give_equal_bytes_in_another_process(kind: JobType) -> None:
    order = recipe(
        kind, frame_count=4 if kind.is_motion else 1, characters=(AOI, REN), scene=SceneLook(location="park")
    )
    code = (
        "import sys, json; from models.recipe import Recipe;"
        "from tests.unit.renderers.toon.test_drawing import digest;"
        "print(digest(Recipe.from_json(json.loads(sys.argv[1]))))"
    )

    other = subprocess.run(
        [sys.executable, "-c", code, json.dumps(order.to_json())], capture_output=True, text=True, check=True
    )

    assert other.stdout.strip() == digest(order)


@pytest.mark.parametrize("kind", list(JobType))
@pytest.mark.parametrize("size", [(64, 64), (65, 97), (301, 64), (64, 401)])
def test_every_kind_is_drawn_in_every_size(kind: JobType, size: tuple[int, int]) -> None:
    order = recipe(kind, width=size[0], height=size[1], frame_count=3 if kind.is_motion else 1)

    drawn = list(frames(order))

    assert len(drawn) == order.frame_count
    for frame in drawn:
        assert frame.shape == (size[1], size[0], 3)
        assert frame.dtype == np.uint8
        assert frame.flags.c_contiguous
        assert frame.std() > 3


@pytest.mark.parametrize("kind", list(VOCABULARY))
def test_every_attribute_value_is_drawn_and_seen(kind: str) -> None:
    pictures = set()

    for word in VOCABULARY[kind]:
        looks = dressed(**{"outfit": "kimono", "pose": "standing", kind: word})
        pictures.add(
            still(width=160, height=200, characters=looks, scene=SceneLook(camera_angle="wide")).tobytes()
        )

    assert len(pictures) == len(VOCABULARY[kind])


@pytest.mark.parametrize("view", list(VOCABULARY["view"]))
def test_every_outfit_is_drawn_from_every_side(view: str) -> None:
    pictures = {
        still(characters=dressed(outfit=outfit, view=view)).tobytes() for outfit in VOCABULARY["outfit"]
    }

    assert len(pictures) == len(VOCABULARY["outfit"])


def test_every_place_hour_and_mood_changes_the_picture() -> None:
    scenes = [SceneLook(location=word) for word in LOCATIONS]
    scenes += [SceneLook(location="street", time_of_day=word) for word in TIMES if word != "day"]
    scenes += [SceneLook(location="beach", mood=word) for word in MOODS if word != "neutral"]

    pictures = {still(scene=scene).tobytes() for scene in scenes}

    assert len(pictures) == len(scenes)


def test_the_scene_seed_fixes_the_set_and_the_take_seed_never_changes_the_character() -> None:
    scene = SceneLook(location="street", background_seed=1)

    first, retake = (stage(recipe(seed=seed, scene=scene)) for seed in (1, 2))

    assert first.people[0].design == retake.people[0].design
    assert still(seed=1, scene=scene).tobytes() != still(seed=2, scene=scene).tobytes()
    empty = recipe(characters=(), scene=replace(scene, location="library"))
    assert np.abs(next(frames(empty)).astype(int) - next(frames(replace(empty, seed=9)))).mean() < 12


@pytest.mark.parametrize("kind", list(JobType))
def test_another_seed_makes_another_take(kind: JobType) -> None:
    assert digest(recipe(kind, seed=1)) != digest(recipe(kind, seed=2))


def test_equal_attributes_under_another_name_make_another_face() -> None:
    twin = replace(AOI, name="Mio")

    assert stage(recipe()).people[0].design != stage(recipe(characters=(twin,))).people[0].design


def test_the_shows_style_is_seen() -> None:
    styles = [
        StyleLook(),
        StyleLook(line_weight="thin"),
        StyleLook(line_weight="bold"),
        StyleLook(shading_style="flat"),
        StyleLook(shading_style="soft"),
        StyleLook(color_palette={"primary": "#3344aa"}),
        StyleLook(color_palette={"accent": "#11cc44"}),
    ]

    assert len({still(style=style).tobytes() for style in styles}) == len(styles)


def test_two_characters_stand_apart_and_face_each_other() -> None:
    order = recipe(width=320, height=180, characters=(AOI, REN))

    (left, right), people = head_boxes(order)[0], stage(order).people

    assert left[2] < right[0] + 0.25 * (right[2] - right[0])
    yaws = {one.role.name: one.role.rest.yaw for one in people}
    assert yaws["Aoi"] > 0 > yaws["Ren"]


def test_heads_lie_inside_the_frame_and_are_told_for_every_frame() -> None:
    order = recipe(JobType.FULL_VIDEO, width=208, height=120, frame_count=6, characters=(AOI, REN))

    boxes = head_boxes(order)

    assert len(boxes) == 6
    for x0, y0, x1, y1 in (box for frame in boxes for box in frame):
        assert -20 <= x0 < x1 <= 228
        assert -10 <= y0 < y1 <= 120
    assert len(head_boxes(recipe(JobType.CHARACTER_SHEET))[0]) >= 8


def test_a_loop_closes_on_itself() -> None:
    order = recipe(JobType.ANIMATION_LOOP, scene=SceneLook(location="park", action="nods"))
    set_up = stage(order)
    role = set_up.people[0].role

    first = acting.moment(order, set_up.words, role, 0)
    after = acting.moment(order, set_up.words, role, order.frame_count)
    drawn = [frame.astype(int) for frame in frames(order)]

    assert first == after
    steps = [np.abs(b - a).mean() for a, b in pairwise(drawn)]
    assert np.abs(drawn[0] - drawn[-1]).mean() <= 1.5 * max(steps)


def test_acting_is_held_on_twos_and_the_camera_moves_on_ones() -> None:
    held = list(frames(recipe(JobType.FULL_VIDEO, frame_count=8)))
    panned = list(
        frames(recipe(JobType.FULL_VIDEO, frame_count=8, width=400, scene=SceneLook(camera_move="pan right")))
    )

    assert all((held[i] == held[i + 1]).all() for i in range(0, 8, 2))
    assert all((panned[i] != panned[i + 1]).any() for i in range(1, 6))


@pytest.mark.parametrize("action", list(ACTIONS))
def test_every_action_moves_the_character(action: str) -> None:
    scene = SceneLook(action=action.replace("_", " "), camera_angle="wide")
    order = recipe(JobType.FULL_VIDEO, frame_count=18, width=160, height=160, scene=scene)

    acted = list(frames(order))
    idle = list(frames(replace(order, scene=replace(scene, action=""))))

    assert any((a != b).any() for a, b in zip(acted, idle, strict=True))


@pytest.mark.parametrize("move", list(MOVES))
def test_motion_strength_scales_the_camera(move: str) -> None:
    scene = SceneLook(camera_move=move.replace("_", " "), location="beach")
    order = recipe(JobType.FULL_VIDEO, frame_count=5, characters=(), width=160, scene=scene)

    still_camera = list(frames(replace(order, motion_strength=0.0)))

    assert all(np.abs(frame.astype(int) - still_camera[0]).mean() < 6 for frame in still_camera)


def test_lips_follow_the_dialogue_of_the_named_speaker() -> None:
    order = recipe(
        JobType.FULL_VIDEO,
        frame_count=48,
        characters=(AOI, REN),
        scene=SceneLook(dialogue="Ren: Aoi, wait for me"),
    )
    set_up = stage(order)

    mouths = {
        one.role.name: max(acting.moment(order, set_up.words, one.role, frame).mouth for frame in range(48))
        for one in set_up.people
    }

    assert mouths["Ren"] > 0.4
    assert mouths["Aoi"] == 0


def clip(defect: Defect | None, count: int = 16) -> list[np.ndarray[Any, Any]]:
    return list(frames(recipe(JobType.ANIMATION_LOOP, frame_count=count, defect=defect)))


def test_identity_drift_shows_a_stranger_in_the_later_part() -> None:
    good, bad = clip(None), clip(Defect.IDENTITY_DRIFT)

    assert all((good[i] == bad[i]).all() for i in range(5))
    assert all(np.abs(good[i].astype(int) - bad[i]).mean() > 4 for i in range(5, 16))
    assert (still() != still(defect=Defect.IDENTITY_DRIFT)).any()


def test_flicker_changes_the_brightness_of_neighbours() -> None:
    means = np.array([frame.mean() for frame in clip(Defect.FLICKER)])

    assert (np.abs(np.diff(means)) / means[:-1] > 0.05).all()


def test_jitter_moves_the_whole_picture() -> None:
    good, bad = clip(None), clip(Defect.JITTER)

    assert sum((a != b).any() for a, b in zip(good, bad, strict=True)) >= 15
    assert {frame.shape for frame in bad} == {frame.shape for frame in good}


def test_shuffled_frames_are_the_same_frames_out_of_order() -> None:
    good, bad = clip(None), clip(Defect.SHUFFLED)

    assert [bad[i].tobytes() for i in range(4)] == [good[i].tobytes() for i in (2, 0, 3, 1)]
    assert sorted(f.tobytes() for f in good) == sorted(f.tobytes() for f in bad)


def test_wrong_frame_count_delivers_fewer() -> None:
    assert len(clip(Defect.WRONG_FRAME_COUNT)) == 12
    assert len(clip(Defect.WRONG_FRAME_COUNT, 120)) == 16


def test_blank_and_frozen_do_what_they_say() -> None:
    assert all(frame.std() == 0 for frame in clip(Defect.BLANK))
    frozen = clip(Defect.FROZEN)
    assert len(frozen) == 16
    assert all((frame == frozen[0]).all() for frame in frozen)
