"""The toon renderer's declaration: what it says it draws is drawn, what it says it ignores changes nothing."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from models.recipe import CharacterLook, ControlNet, InputPicture, IpAdapter, Lora, Recipe, SceneLook, StyleLook
from models.vocabulary import Defect, JobType
from workers.renderers import registry
from workers.renderers.toon.drawing import frames, moments
from workers.renderers.toon.scene_words import ACTIONS, MOVES
from workers.renderers.toon.specimens import specimen
from workers.renderers.toon.undrawn import tables, unknown, unseen, unseen_attributes
from workers.renderers.toon.word_pictures import picture, write_pictures
from workers.renderers.words import Shown

if TYPE_CHECKING:
    from pathlib import Path

CAST = ("mio", "Mio Tachibana", "ren")
STILL, LOOP, VIDEO, SHEET = (
    Shown(kind=kind, cast=CAST)
    for kind in (JobType.STILL_IMAGE, JobType.ANIMATION_LOOP, JobType.FULL_VIDEO, JobType.CHARACTER_SHEET)
)


@cache
def tiny(kind: str, word: str = "") -> bytes:
    """The specimen of a word, as small as it still differs."""
    shown = specimen(kind, word)
    recipe = replace(shown.recipe, width=shown.recipe.width // 2, height=shown.recipe.height // 2)
    return np.concatenate(moments(recipe, shown.frames[-2:]), axis=1).tobytes()


@pytest.mark.parametrize("kind", list(tables()))
def test_every_word_of_the_list_is_a_picture_of_its_own(kind: str) -> None:
    words = list(tables()[kind])
    pictures = {word: tiny(kind, word) for word in words}
    as_unsaid = [word for word in words if pictures[word] == tiny(kind)]

    assert len(set(pictures.values())) == len(words)
    # The word that is drawn where nothing is said; every other one makes a difference.
    assert len(as_unsaid) <= 1


def test_the_pictures_are_files_by_kind_and_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = {"mood": {"tense": ()}, "camera_move": {"push_in": ()}}
    monkeypatch.setattr("workers.renderers.toon.undrawn.tables", lambda: few)

    assert list(write_pictures(tmp_path)) == [("mood", "tense"), ("camera_move", "push_in")]
    assert sorted(path.name for path in tmp_path.rglob("*.png")) == ["push_in.png", "tense.png"]
    moving, still = picture("camera_move", "push_in"), picture("mood", "tense")
    assert moving.shape[1] > still.shape[1]


#: recipe field -> other values that an order may have given it
OTHERS: dict[str, Any] = {
    "positive_prompt": "rain",
    "negative_prompt": "text",
    "subseed": 3,
    "model_name": "x",
    "vae_name": "x",
    "sampler_name": "euler",
    "scheduler": "karras",
    "steps": 40,
    "cfg_scale": 3.0,
    "lora_models": (Lora(name="mio", path="mio.pt"),),
    "controlnet_models": (ControlNet(name="pose", model="x"),),
    "ipadapter_refs": (IpAdapter(reference_image_path="a.png"),),
    "workflow": "ours",
    "workflow_source": {"graph": {}},
    "workflow_inputs": {"shift": 5.0},
    "start_image": InputPicture(path="a.png"),
    "job_type": JobType.STILL_IMAGE,
    "seed": 8,
    "width": 72,
    "height": 72,
    "frame_count": 9,
    "fps": 12,
    "characters": (),
    "scene": SceneLook(location="beach"),
    "style": StyleLook(line_weight="bold"),
    "motion_strength": 0.2,
    "defect": Defect.BLANK,
}


def test_a_field_of_a_recipe_changes_the_picture_or_is_declared_as_ignored() -> None:
    look = CharacterLook(name="aoi", attributes={"hair_color": "pink"})
    base = Recipe(
        renderer="toon",
        job_type=JobType.FULL_VIDEO,
        seed=7,
        width=64,
        height=64,
        frame_count=8,
        characters=(look,),
    )
    before = [frame.tobytes() for frame in frames(base)]
    names = {each.name for each in fields(Recipe)} - {"renderer"}

    ignored = {
        name for name in names if [f.tobytes() for f in frames(replace(base, **{name: OTHERS[name]}))] == before
    }

    assert ignored == names & registry.capabilities("toon").ignores


@pytest.mark.parametrize("kind", [JobType.STILL_IMAGE, JobType.ANIMATION_LOOP])
def test_what_a_still_or_a_loop_does_not_show_of_a_movement_is_declared(kind: JobType) -> None:
    def drawn(**scene: str) -> list[bytes]:
        recipe = specimen("camera_move", "static").recipe
        small = {"width": 64, "height": 64, "job_type": kind, "frame_count": 8 if kind.is_motion else 1}
        return [f.tobytes() for f in frames(replace(recipe, **small, scene=SceneLook(**scene)))]

    shown = Shown(kind=kind, cast=CAST)
    idle = {word for word in MOVES if drawn(camera_move=word.replace("_", " ")) == drawn()} - {"static"}
    still_idle = {word for word in ACTIONS if drawn(action=word.replace("_", " ")) == drawn()}

    assert idle == {word for word in MOVES if unseen("camera_move", word.replace("_", " "), shown)}
    assert still_idle == {word for word in ACTIONS if unseen("action", word.replace("_", " "), shown)}


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("location", "moon base"),
        ("location", "clock tower"),
        ("location", "street, moon base"),
        ("time_of_day", "the ides of march"),
        ("time_of_day", "day, late afternoon"),
        ("mood", "zorp"),
        ("mood", "tense / romantic"),
        ("camera_angle", "dutch"),
        ("camera_angle", "low, high"),
        ("camera_move", "barrel roll"),
        ("camera_move", "pan left, whip"),
        ("action", "does a backflip"),
        ("action", "Mio waves and does a backflip"),
        ("action", "Ren nods, thinking"),
        ("line_weight", "wobbly"),
        ("shading_style", "hatched"),
        ("color_palette.lantern", "#f4a259"),
        ("color_palette.primary", "warm"),
        ("color_palette.primary", "#fff"),
        ("character_palette.mio.ribbon", "#d7263d"),
        ("style_overrides.art_style", "watercolour"),
    ],
)
def test_what_is_drawn_in_no_take_is_named_with_the_nearest_word_and_the_list(field: str, text: str) -> None:
    (only,) = unknown(field, text, CAST)

    assert only.sentence.startswith("The toon renderer ")
    assert "\n" not in only.sentence + only.hint
    assert "the nearest it knows is" in only.sentence or "ignored" in only.sentence or "colour" in only.sentence
    assert "farm words toon" in only.hint or "lenient: true" in only.hint or "#rrggbb" in only.hint


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("location", ""),
        ("location", "the alley behind the ramen shop"),
        ("location", "shrine, temple"),
        ("time_of_day", "late afternoon"),
        ("mood", "bittersweet"),
        ("camera_angle", "close up, low angle"),
        ("camera_angle", "medium / high angle"),
        ("camera_move", "slow dolly in"),
        ("action", "Mio and Ren talk to each other"),
        ("action", "Mio Tachibana waves; Ren shakes his head."),
        ("action", "She waves and nods, then walks off"),
        ("line_weight", "rather thin"),
        ("shading_style", "two-tone cel"),
        ("color_palette.primary", "#f4a259"),
        ("color_palette.accent", "F4A259"),
        ("dialogue", "Anything at all!"),
        ("prompt", "anything"),
    ],
)
def test_what_is_drawn_is_accepted_however_it_is_said(field: str, text: str) -> None:
    assert unknown(field, text, CAST) == ()


@pytest.mark.parametrize(
    ("field", "text", "shown", "why"),
    [
        ("action", "waves", STILL, "pose: waving"),
        ("action", "talks and waves", STILL, "movement"),
        ("camera_move", "pan left", STILL, "full_video"),
        ("camera_move", "pan left", LOOP, "full_video"),
        ("motion_strength", "0.3", STILL, "nothing moves"),
        ("dialogue", "Hello.", STILL, "no lips move"),
        ("dialogue", "Hello.", replace(VIDEO, cast=()), "nobody is in the take"),
        ("action", "waves", replace(VIDEO, cast=()), "nobody is in the take"),
        ("location", "park", SHEET, "no scene"),
        ("dialogue", "Hello.", SHEET, "no scene"),
        ("location", "moon base", STILL, "the nearest it knows is"),
    ],
)
def test_what_this_kind_of_take_would_not_show_is_named_with_the_reason(
    field: str, text: str, shown: Shown, why: str
) -> None:
    (only,) = unseen(field, text, shown)

    assert why in f"{only.sentence} {only.hint}"
    assert only.label.startswith(field)


@pytest.mark.parametrize(
    ("field", "text", "shown"),
    [
        ("action", "talks", STILL),
        ("action", "waves", LOOP),
        ("camera_move", "handheld", STILL),
        ("camera_move", "static", LOOP),
        ("camera_move", "pan left", VIDEO),
        ("dialogue", "Hello.", replace(STILL, action="Mio talks")),
        ("dialogue", "Hello.", LOOP),
        ("motion_strength", "0.3", LOOP),
    ],
)
def test_what_this_kind_of_take_shows_is_accepted(field: str, text: str, shown: Shown) -> None:
    assert unseen(field, text, shown) == ()


def test_a_sheet_shows_standard_views_and_expressions() -> None:
    attributes = {"eyes": "green", "view": "back", "mood": "smiling"}

    assert [each.label for each in unseen_attributes(attributes, SHEET)] == [
        "attributes.expression: happy",
        "attributes.view: back",
    ]
    assert unseen_attributes(attributes, STILL) == ()


def test_a_word_in_the_wrong_place_is_sent_to_its_own() -> None:
    assert "'rain' can be a time_of_day" in unknown("mood", "rain")[0].hint
    assert "The expression 'happy' is an attribute of a character" in unknown("action", "smiling")[0].hint


def test_the_declaration_loads_nothing_that_draws() -> None:
    code = (
        "import sys; from workers.renderers import registry;"
        "registry.words('toon').tables();"
        "print([name for name in ('skia', 'numpy', 'av') if name in sys.modules])"
    )

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert out.stdout.strip() == "[]"


def test_a_renderer_that_takes_any_words_declares_none() -> None:
    assert registry.words("null") is None
    assert registry.words("comfyui") is None
