"""Free words become the toon renderer's vocabulary, or are refused with the nearest word."""

from __future__ import annotations

import subprocess
import sys

import pytest

from models.errors import OrderRefused
from models.recipe import SceneLook
from workers.renderers.toon.attributes import VOCABULARY, normalise
from workers.renderers.toon.scene_words import ACTIONS, LOCATIONS, actions, scene_words


def test_every_allowed_word_means_itself() -> None:
    for kind, words in VOCABULARY.items():
        for word in words:
            assert normalise({kind: word})[kind] == word


def test_every_synonym_means_its_word() -> None:
    for kind, words in VOCABULARY.items():
        for word, others in words.items():
            for other in others:
                assert normalise({kind: other})[kind] in words, (kind, word, other)


def test_free_text_settles_colour_and_style_together() -> None:
    found = normalise({"hair": "long silver hair", "eyes": "Bright-Green eyes", "clothes": "a red kimono"})

    assert found == {
        "hair_color": "silver",
        "hair_style": "long",
        "eye_color": "green",
        "outfit": "kimono",
        "outfit_color": "red",
    }


@pytest.mark.parametrize(("years", "word"), [("8", "child"), ("17", "teen"), ("34", "adult")])
def test_years_become_an_age(years: str, word: str) -> None:
    assert normalise({"age": years}) == {"age": word}


def test_what_is_said_by_name_wins_over_what_a_neighbour_implies() -> None:
    found = normalise({"hair_style": "long silver hair", "hair_color": "blue"})

    assert found == {"hair_color": "blue", "hair_style": "long"}


@pytest.mark.parametrize(
    ("kind", "value", "nearest"),
    [("hair_color", "pinc", "pink"), ("outfit", "kimno", "kimono"), ("expression", "hapy", "happy")],
)
def test_an_unknown_value_is_refused_with_the_nearest_word(kind: str, value: str, nearest: str) -> None:
    with pytest.raises(OrderRefused, match=nearest):
        normalise({kind: value})


def test_an_unknown_type_is_refused_with_the_nearest_type() -> None:
    with pytest.raises(OrderRefused, match="hair_color"):
        normalise({"hair_colr": "pink"})


def test_every_location_is_found_in_a_sentence() -> None:
    for word in LOCATIONS:
        scene = SceneLook(location=f"the old {word.replace('_', ' ')} at the corner")
        assert scene_words(scene).location == word


def test_a_place_nobody_drew_becomes_a_generic_one() -> None:
    words = scene_words(SceneLook(location="moon base", time_of_day="moonlight", camera_move="whip"))

    assert (words.location, words.time_of_day, words.camera_move) == ("park", "night", "static")


def test_several_actions_are_read_from_one_note() -> None:
    assert actions("She waves and nods, then walks off") == ("waves", "nods", "walks")
    assert all(actions(word.replace("_", " ")) for word in ACTIONS)


def test_admission_loads_neither_skia_nor_numpy() -> None:
    code = (
        "import sys, workers.renderers.registry, workers.renderers.toon.attributes;"
        "import workers.renderers.toon.scene_words;"
        "print([name for name in ('skia', 'numpy', 'av') if name in sys.modules])"
    )

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert out.stdout.strip() == "[]"
