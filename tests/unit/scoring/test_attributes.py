"""Hair and eye colours measured in pictures of known characters, and what is said of them over a take."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.recipe import CharacterLook, Recipe, SceneLook
from models.vocabulary import JobType
from tests.training.attribute_errors import Trial, rates, report
from tests.training.attribute_pictures import labelled
from workers.renderers.toon.drawing import frames, head_boxes
from workers.scoring.attribute_watch import AttributeWatch
from workers.scoring.attributes import check, colour_word
from workers.scoring.networks.heads import Head

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Shot = tuple[NDArray[np.uint8], Head]

AIKO = {
    "hair_color": "pink",
    "hair_style": "long",
    "eye_color": "blue",
    "skin": "fair",
    "expression": "neutral",
}


def _shot(time: str = "day", **changed: str) -> Shot:
    """A close picture of Aiko, changed, and where her head is."""
    recipe = Recipe(
        renderer="toon",
        job_type=JobType.STILL_IMAGE,
        seed=3,
        width=640,
        height=480,
        characters=(CharacterLook(name="aiko", attributes=AIKO | {"view": "front"} | changed),),
        scene=SceneLook(location="street", time_of_day=time, camera_angle="close up"),
    )
    (box,) = head_boxes(recipe)[0]
    x0, y0, x1, y1 = box
    return next(frames(recipe)), Head((x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0, 1.0)


@pytest.mark.parametrize("time", ["day", "sunset", "night"])
def test_hair_and_eyes_keep_their_colour_in_every_light(time: str) -> None:
    told = check(*_shot(time), AIKO)

    assert {kind: each["measured"] for kind, each in told.items()} == {
        "hair_color": "pink",
        "eye_color": "blue",
    }
    assert all(each["agrees"] for each in told.values())


def test_eyes_of_another_colour_are_named_beside_the_colour_expected() -> None:
    told = check(*_shot(eye_color="green"), AIKO)

    assert (told["eye_color"]["expected"], told["eye_color"]["measured"]) == ("blue", "green")
    assert told["eye_color"]["agrees"] is False
    assert told["hair_color"]["agrees"] is True


@pytest.mark.parametrize("hidden", [{"expression": "laughing"}, {"view": "back"}])
def test_eyes_that_are_shut_or_turned_away_are_not_seen_and_never_guessed(hidden: dict[str, str]) -> None:
    told = check(*_shot(**hidden), AIKO)

    assert told["eye_color"] == {"expected": "blue", "measured": None, "agrees": None, "lab": None}


def test_where_there_is_no_head_nothing_is_seen() -> None:
    wall = np.full((200, 300, 3), 128, np.uint8)

    told = check(wall, Head(150.0, 100.0, 90.0, 90.0, 1.0), AIKO)

    assert [each["measured"] for each in told.values()] == [None, None]


def test_words_people_use_are_read_as_the_vocabularys_and_others_are_left_out() -> None:
    assert colour_word("hair_color", "long grey hair") == "silver"
    assert check(*_shot(), {"eye_color": "like the sea", "outfit": "sailor"}) == {}


def test_hair_that_changes_half_way_is_told_from_the_frame_where_it_does() -> None:
    pink, green = _shot(), _shot(hair_color="green")
    watch = AttributeWatch({"aiko": {"hair_color": "pink"}}, "toon-id")

    for index, (picture, head) in enumerate([pink] * 4 + [green] * 4):
        watch.see(10 * index, picture, {"aiko": head})

    assert watch.detail()["attributes"]["aiko"]["hair_color"] == {
        "expected": "pink",
        "measured": "green",
        "agrees": False,
        "agreeing": 0.5,
        "frames": 4,
        "from_frame": 40,
    }


def test_one_misread_frame_does_not_make_a_take_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    shots = [_shot(eye_color=word) for word in ("blue", "blue", "green", "blue", "blue")]
    watch = AttributeWatch({"aiko": {"eye_color": "blue"}}, "toon-id")

    for index, (picture, head) in enumerate(shots):
        watch.see(index, picture, {"aiko": head})

    told = watch.detail()["attributes"]["aiko"]["eye_color"]
    assert (told["agrees"], told["measured"], told["agreeing"]) == (True, "blue", 0.8)


def test_in_boxes_of_a_network_that_finds_no_drawn_heads_nothing_is_measured() -> None:
    picture, head = _shot()
    watch = AttributeWatch({"aiko": AIKO}, "arcface")

    watch.see(0, picture, {"aiko": head})

    assert watch.detail() == {}


def test_labels_of_the_training_pictures_cover_hair_iris_and_skin_and_leave_the_picture_alone() -> None:
    head = next(labelled("tint-test", 1))

    hair = np.median(head.square[head.part == 1], axis=0)

    assert head.square.shape == (128, 128, 3)
    assert {1, 3} <= set(np.unique(head.part))
    assert hair.tolist() != [255, 0, 0]


def test_the_report_counts_right_answers_among_answers_and_names_what_was_not_seen() -> None:
    trial = Trial(kind="hair_color", true="red", measured="red", view="front", near=True, time="day")
    eyes = replace(trial, kind="eye_color", true="blue", measured="blue")
    trials = [trial, replace(trial, measured="pink"), replace(trial, measured=None), eyes, eyes, eyes]

    page = report(trials, pictures=3)

    right, answered = rates(trials[:3])
    assert (right, round(answered, 4)) == (0.5, 0.6667)
    assert "| all | 3 | 50.0% | 33.3% |" in page
    assert "| red | · | · | · | · | · | 1 | · | 1 |" in page
