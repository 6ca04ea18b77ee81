"""Random scenes: labelled pictures without end that a number alone brings back."""

from __future__ import annotations

import numpy as np

from models.vocabulary import JobType
from workers.renderers.toon.random_scenes import character, clip, moving, picture


def test_the_same_number_is_the_same_picture_and_another_one_is_not() -> None:
    again, other = picture((4, 5), "tests", 1), picture((4, 5), "tests", 2)

    assert picture((4, 5), "tests", 1) == again
    assert other.recipe != again.recipe


def test_a_character_keeps_its_looks_from_picture_to_picture_within_its_series() -> None:
    lasting = character(4, "tests").attributes

    for take in range(5):
        (seen,) = picture((4,), "tests", take).recipe.characters
        assert lasting.items() <= seen.attributes.items()
    assert character(4, "others").attributes != lasting


def test_a_scene_says_where_the_head_of_each_of_its_characters_is_drawn() -> None:
    scene = moving((4, 5), "tests", 1)
    pixels = scene.draw()

    assert pixels.dtype == np.uint8
    assert pixels.shape == (scene.recipe.height, scene.recipe.width, 3)
    left, right = scene.heads()
    assert left[0] < right[0]


def test_every_third_clip_has_two_characters() -> None:
    assert [len(clip(number, JobType.FULL_VIDEO, length=8).characters) for number in range(6)] == [
        2,
        1,
        1,
        2,
        1,
        1,
    ]
