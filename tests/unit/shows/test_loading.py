"""Show files: what is read, and that every mistake is named with its line."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from farm.orders.recipes import Casting, look_of, position_of
from farm.shows import loading
from farm.shows.form import ScenePart
from models.errors import BadInput
from models.recipe import SceneLook
from tests.support import ROOT
from tests.support.factories import a_character
from workers.renderers.toon import scene_words

if TYPE_CHECKING:
    from farm.shows.form import Show

LANTERN_STREET = ROOT / "examples" / "lantern_street" / "show.yaml"
START = """
    project:
      slug: moon
      name: Paper Moon
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "show.yaml"
    path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def lantern_street() -> Show:
    return loading.load(LANTERN_STREET)


def test_the_example_is_a_whole_short_show(lantern_street: Show) -> None:
    cuts = [cut for episode in lantern_street.episodes for scene in episode.scenes for cut in scene.cuts]

    assert len(lantern_street.characters) >= 3
    assert [len(episode.scenes) for episode in lantern_street.episodes] == [3]
    assert len(cuts) >= 10
    assert all(cut.dialogue and cut.action_notes and cut.camera_angle for cut in cuts)
    assert sum(len(cut.characters) == 2 for cut in cuts) >= 3
    assert all(who.variations for who in lantern_street.characters)
    assert lantern_street.story_bible.global_seed is not None


def test_the_examples_characters_differ_in_hair_eyes_face_outfit_and_accessory(lantern_street: Show) -> None:
    looks = [
        look_of(
            Casting(
                character=a_character(
                    *(
                        (kind, value if isinstance(value, str) else value.value)
                        for kind, value in who.attributes.items()
                    )
                )
            ),
            "toon",
        ).attributes
        for who in lantern_street.characters
    ]

    for kind in ("hair_color", "hair_style", "eye_color", "face", "outfit", "accessory"):
        assert len({look[kind] for look in looks}) == len(looks), kind


def test_every_scene_word_of_the_example_can_be_drawn(lantern_street: Show) -> None:
    for scene in lantern_street.episodes[0].scenes:
        words = scene_words.scene_words(
            SceneLook(location=scene.location or "", time_of_day=scene.time_of_day or "", mood=scene.mood or "")
        )
        assert (words.location, words.time_of_day, words.mood) == (
            scene.location,
            scene.time_of_day,
            scene.mood,
        )
        assert all(position_of(each.position) for each in scene.characters)
        for cut in scene.cuts:
            drawn = scene_words.scene_words(
                SceneLook(camera_angle=cut.camera_angle or "", camera_move=cut.camera_move or "")
            )
            assert (drawn.framing, drawn.camera_move) == (cut.camera_angle, cut.camera_move)
            assert scene_words.actions(cut.action_notes or ""), cut.action_notes


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("project: {slug: moon}\n", 1, "'project.name' is missing"),
        ("project: [1, 2\n", 2, "not YAML"),
        ("- a\n- b\n", 1, "a mapping is expected"),
        ("project: {slug: moon, name: Moon, defaults: {sizes: {full_video: [640, 0]}}}\n", 1, "full_video"),
        (START + "    story_bibel: {}\n", 4, "Did you mean 'story_bible'?"),
        (START + "    characters:\n      - {slug: Mio!, name: Mio}\n", 5, "characters.0.slug"),
        (START + "    characters:\n      - slug: mio\n        nmae: Mio\n", 6, "Did you mean 'name'?"),
        (
            START + "    characters:\n      - slug: mio\n        name: Mio\n        attributes:\n"
            "          hair_color: pnik\n",
            8,
            "'pink'",
        ),
        (
            START + "    characters:\n      - slug: mio\n        name: Mio\n        attributes:\n"
            "          hair_style: mohawkzz\n",
            8,
            "the nearest it knows is 'messy'",
        ),
        (
            START + "    characters:\n      - {slug: mio, name: Mio}\n      - {slug: mio, name: Other}\n",
            6,
            "mio stands here twice",
        ),
        (START + "    episodes:\n      - number: -1\n", 5, "episodes.0.number"),
        (
            START + "    episodes:\n      - number: 1\n        scenes:\n          - number: 10\n"
            "            cuts:\n              - number: 10\n              - number: 10\n",
            10,
            "cut 10 stands here twice",
        ),
        (
            START + "    characters:\n      - {slug: mio, name: Mio}\n    episodes:\n      - number: 1\n"
            "        scenes:\n          - number: 10\n            cuts:\n              - number: 10\n"
            "                characters: [moi]\n",
            12,
            "Did you mean 'mio'?",
        ),
        (
            START + "    characters:\n      - {slug: mio, name: Mio}\n    episodes:\n      - number: 1\n"
            "        scenes:\n          - number: 10\n            cuts:\n              - number: 10\n"
            "                characters: [mio]\n                variations: {mio: [yukata]}\n",
            13,
            "no variation of mio 'yukata'",
        ),
        (START + "      name: Twice\n", 4, "'name' stands here twice"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    with pytest.raises(BadInput) as refusal:
        loading.load(written(tmp_path, text))

    assert said in str(refusal.value)
    assert f"line {line}:" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        loading.load(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "is empty"), (b"\xff\xfe\x00", "UTF-8"), (b"a: \x07", "YAML"), (b"[" * 5000, "nested too deeply")],
)
def test_a_file_that_is_no_show_is_refused_in_a_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "show.yaml"
    path.write_bytes(content)

    with pytest.raises(BadInput, match=said):
        loading.load(path)


def test_a_folder_is_no_show(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        loading.load(tmp_path)


def test_all_mistakes_of_a_show_are_named_at_once_each_with_its_line(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
        project: {slug: moon, name: Moon, defaults: {fsp: 24}}
        characters:
          - slug: mio
            name: Mio
            attributes: {hair_color: pnik, eye_color: green}
            variatoins: []
          - {slug: mio, name: Again}
        episodes:
          - number: true
            scenes:
              - number: 010
                locaton: street
                cuts:
                  - {number: 0010, characters: [moi]}
                  - {number: 0010, duration_frames: -3}
        """,
    )

    with pytest.raises(BadInput) as refusal:
        loading.load(path)

    head, *lines = str(refusal.value).splitlines()
    assert head == f"{path} has 9 mistakes:"
    assert [int(line.split()[1].rstrip(":")) for line in lines] == [1, 5, 6, 7, 9, 12, 14, 15, 15]


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ({"contrast": float("nan")}, "nan"),
        ({"a": {"b": [float("inf")]}}, "inf"),
        ({"a": ["x\0"]}, "x"),
        ({"a": "\ud83d"}, "cannot be recorded"),
        ({"a": 2**64}, "a number of 65 bits"),
        ({"a": {1, 2}}, "cannot be recorded"),
        ({"a": b"x"}, "cannot be recorded"),
    ],
)
def test_a_free_value_that_no_row_can_keep_is_refused_in_the_form(
    overrides: dict[str, object], sentence: str
) -> None:
    with pytest.raises(ValidationError, match=sentence):
        ScenePart(number=1, style_overrides=overrides)
