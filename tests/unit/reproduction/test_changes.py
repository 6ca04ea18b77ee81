"""Changes to a recorded recipe: read by the field's type, recorded as they were, refused in one sentence."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from farm.reproduction.changes import changed_recipe
from models.errors import OrderRefused, UnknownName
from models.recipe import CharacterLook, Lora, SceneLook, StyleLook
from tests.support.factories import a_recipe

if TYPE_CHECKING:
    from models.recipe import Recipe


def recorded(**changes: Any) -> Recipe:
    people = (
        CharacterLook(name="aiko", attributes={"hair_color": "pink"}, position="left"),
        CharacterLook(name="ren", attributes={"hair_color": "black"}),
    )
    told: dict[str, Any] = {
        "characters": people,
        "scene": SceneLook(mood="calm", location="street"),
        "style": StyleLook(color_palette={"ink": "#222233"}),
        "lora_models": (Lora(name="aiko", path="aiko.safetensors"),),
        "workflow_inputs": {"shift": 3.0},
    }
    return a_recipe(**told | changes)


@pytest.mark.parametrize(
    ("name", "text", "before", "after"),
    [
        ("seed", "18446744073709551615", 7, 2**64 - 1),
        ("subseed", "0", None, 0),
        ("cfg_scale", "3.5", 7.0, 3.5),
        ("positive_prompt", "1234", "", "1234"),
        ("positive_prompt", "infinity", "", "infinity"),
        ("positive_prompt", "12 monkeys: a film", "", "12 monkeys: a film"),
        ("vae_name", "null", "kl.safetensors", None),
        ("scene.mood", "tense", "calm", "tense"),
        ("style.color_palette.ink", "#445566", "#222233", "#445566"),
        ("characters.aiko.hair_color", "red", "pink", "red"),
        ("characters.ren.position", "right", "", "right"),
        ("lora_models.aiko.weight", "0.6", 0.8, 0.6),
        ("workflow_inputs.shift", "5", 3.0, 5.0),
    ],
)
def test_a_text_is_read_by_its_fields_type(name: str, text: str, before: Any, after: Any) -> None:
    recipe = recorded(vae_name="kl.safetensors")

    _, changed = changed_recipe(recipe, {name: text}, {"shift": 3.0})

    assert list(changed.values()) == [[before, after]]
    assert type(changed[next(iter(changed))][1]) is type(after)


def test_nothing_else_changes() -> None:
    recipe, changed = changed_recipe(recorded(), {"scene.mood": "tense", "seed": 8})

    assert recipe == recorded(seed=8, scene=SceneLook(mood="tense", location="street"))
    assert set(changed) == {"scene.mood", "seed"}


def test_what_is_said_as_it_was_is_no_change() -> None:
    recipe, changed = changed_recipe(recorded(), {"seed": "7", "characters.aiko.hair_color": "rose"})

    assert (recipe, changed) == (recorded(), {})


def test_free_words_for_an_attribute_become_the_renderers_own() -> None:
    recipe, changed = changed_recipe(recorded(), {"characters.aiko.hair": "long silver hair"})

    assert recipe.characters[0].attributes["hair_color"] == "silver"
    assert changed["characters.aiko.hair_color"] == ["pink", "silver"]


def test_a_parameter_nobody_set_has_the_workflows_own_value_before() -> None:
    recipe, changed = changed_recipe(recorded(workflow_inputs={}), {"workflow_inputs.switch": 4}, {"switch": 2})

    assert recipe.workflow_inputs == {"switch": 4}
    assert changed == {"workflow_inputs.switch": [2, 4]}


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("sede", "Did you mean 'seed'?"),
        ("scene.mod", "Did you mean 'scene.mood'?"),
        ("characters.aikoo.hair_color", "Did you mean 'characters.aiko.hair_color'?"),
        ("lora_models.aika.weight", "Did you mean 'lora_models.aiko.weight'?"),
        ("workflow_inputs.shft", "Did you mean 'workflow_inputs.shift'?"),
        ("zzzz", "Known fields: seed, width, height"),
    ],
)
def test_an_unknown_field_is_refused_with_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(UnknownName) as refused:
        changed_recipe(recorded(), {name: "1"})

    assert refused.value.message == f"A recipe has no field '{name}'."
    assert refused.value.hint.startswith(hint)


@pytest.mark.parametrize(
    "name", ["renderer", "job_type", "workflow", "start_image.path", "lora_models.aiko.name"]
)
def test_what_makes_it_that_take_is_kept(name: str) -> None:
    with pytest.raises(OrderRefused, match="A reproduction keeps its"):
        changed_recipe(recorded(), {name: "full_video"})


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("seed", "-1", "seed -1 cannot be used"),
        ("seed", str(2**64), "seed .* cannot be used"),
        ("seed", "blue", "The seed 'blue' cannot be used: it must be a valid integer"),
        ("steps", "0", "steps 0 cannot be used"),
        ("cfg_scale", "nan", "no number"),
        ("lora_models.aiko.weight", "-.inf", "must be a valid number"),
        ("lora_models.aiko.weight", "11", "weight .* cannot be used"),
        ("width", "12", "width of 12 pixels is impossible"),
        ("frame_count", "3", "8 to 3000 frames, not 3"),
        ("frame_count", "100000", "8 to 3000 frames, not 100000"),
        ("characters.aiko.hair_color", "plaid", "plaid"),
        ("scene", "night", "The field 'scene' has parts"),
        ("positive_prompt", "a\0b", "no text"),
        ("scene.mood", "a\udcff", "no text"),
        ("seed", "true", "The seed 'true' cannot be used: it must be a valid integer"),
        ("seed", True, "The seed True cannot be used: it must be a valid integer"),
        ("cfg_scale", math.nan, "no number"),
        ("cfg_scale", [1], "The cfg_scale .* cannot be used: it must be a valid number"),
        ("sampler_name", "x" * 101, "at most 100 characters"),
    ],
)
def test_a_value_that_cannot_work_is_one_sentence(name: str, value: Any, says: str) -> None:
    with pytest.raises(OrderRefused, match=says) as refused:
        changed_recipe(recorded(), {name: value})

    assert "\n" not in refused.value.message


def test_a_name_that_is_no_text_is_unknown_as_well() -> None:
    with pytest.raises(UnknownName, match="no field '7'"):
        changed_recipe(recorded(), {7: "a"})  # type: ignore[dict-item]  # a script may pass it


def test_several_people_of_one_name_are_told_apart_by_number() -> None:
    twice = (Lora(name="ink", path="a"), Lora(name="ink", path="b"))

    recipe, changed = changed_recipe(recorded(lora_models=twice), {"lora_models.1.weight": "0.5"})

    assert recipe.lora_models == (twice[0], replace(twice[1], weight=0.5))
    assert changed == {"lora_models.1.weight": [0.8, 0.5]}


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("aiko, pink hair, ren, black hair", "aiko, silver hair, ren, black hair"),
        ("a pink-haired girl and ren", "a silver-haired girl and ren"),
        ("two people at night", "two people at night, silver hair"),
        ("", ""),
    ],
)
def test_a_changed_attribute_is_said_in_the_prompt(prompt: str, words: str) -> None:
    before = replace(recorded(), positive_prompt=prompt)

    recipe, changed = changed_recipe(before, {"characters.aiko.hair_color": "silver"})

    assert recipe.positive_prompt == words
    assert ("positive_prompt" in changed) is bool(prompt)


def test_the_words_of_somebody_who_looks_alike_stay() -> None:
    twins = tuple(replace(each, attributes={"hair_color": "black"}) for each in recorded().characters)
    before = replace(recorded(), characters=twins, positive_prompt="aiko, black hair, ren, black hair")

    recipe, _ = changed_recipe(before, {"characters.ren.hair_color": "red"})

    assert recipe.positive_prompt == "aiko, black hair, ren, red hair"


def test_a_prompt_that_is_changed_itself_is_taken_as_it_is() -> None:
    changes = {"characters.aiko.hair_color": "silver", "positive_prompt": "pink hair"}

    assert changed_recipe(recorded(), changes)[0].positive_prompt == "pink hair"
