"""A show's words are held against its renderer when it is loaded: all of them at once, with their lines."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from farm.shows import drawable, loading
from models.errors import BadInput
from tests.support import ROOT

if TYPE_CHECKING:
    from pathlib import Path

STRANGE = """
    project: {slug: moon, name: Moon}
    story_bible:
      line_weight: wobbly
      color_palette:
        ink: "#223344"
        primary: red
    characters:
      - slug: mio
        name: Mio
        color_palette: {ribbon: "#ff0000"}
    episodes:
      - number: 1
        scenes:
          - number: 1
            location: moon base
            mood: zorp
            style_overrides: {art_style: watercolour, color_palette: {sky: "#000000"}}
            cuts:
              - number: 1
                characters: [mio]
                camera_angle: dutch
                camera_move: barrel roll
                action_notes: Mio waves and does a backflip
"""
LABELS = [
    "line_weight: wobbly",
    "color_palette.ink",
    "color_palette.primary: red",
    "mio.color_palette.ribbon",
    "location: moon base",
    "mood: zorp",
    "color_palette.sky",
    "style_overrides.art_style",
    "camera_angle: dutch",
    "camera_move: barrel roll",
    "action: does a backflip",
]


def written(folder: Path, text: str) -> Path:
    path = folder / "show.yaml"
    path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
    return path


def test_every_word_that_would_not_be_drawn_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refusal:
        loading.load(written(tmp_path, STRANGE))

    text = str(refusal.value)
    assert "has 11 mistakes" in text
    for line, word in (
        (3, "wobbly"),
        (5, "ink"),
        (6, "'red'"),
        (15, "moon base"),
        (16, "zorp"),
        (23, "backflip"),
    ):
        assert f"line {line}: " in text
        assert word in text.partition(f"line {line}: ")[2]
    assert text.count("farm words toon") == text.count("lenient: true") == 1


def test_one_word_is_refused_like_any_other_mistake(tmp_path: Path) -> None:
    text = "project: {slug: moon, name: Moon}\nstory_bible:\n  line_weight: wobbly\n"

    with pytest.raises(BadInput, match=r"show.yaml, line 3: The toon renderer cannot draw the line_weight"):
        loading.load(written(tmp_path, text))


@pytest.mark.parametrize("by", ["the caller", "the file", "another renderer"])
def test_a_lenient_caller_or_show_and_one_for_another_renderer_are_loaded(tmp_path: Path, by: str) -> None:
    defaults = {
        "the file": ", defaults: {lenient: true}",
        "another renderer": ", defaults: {renderer: comfyui}",
    }
    text = STRANGE.replace("name: Moon}", f"name: Moon{defaults.get(by, '')}}}")

    show = loading.load(written(tmp_path, text), lenient=by == "the caller")

    labels = [each.label for _, each in drawable.undrawn(show)]
    assert labels == ([] if by == "another renderer" else LABELS)


def test_prose_asks_for_nothing(tmp_path: Path) -> None:
    text = """
        project: {slug: moon, name: Moon, description: Fireflies, defaults: {negative_prompt: text, steps: 30}}
        story_bible:
          {art_style: watercolour, setting_description: a base, time_period: far future, mood_keywords: [zorp]}
        characters:
          - {slug: mio, name: Mio, base_prompt: a girl of glass, negative_tokens: [wings]}
    """

    assert drawable.undrawn(loading.load(written(tmp_path, text))) == []


def test_everything_the_example_show_says_is_drawn() -> None:
    assert drawable.undrawn(loading.load(ROOT / "examples" / "lantern_street" / "show.yaml")) == []
