"""The prompt rule, looks, scenes and seeds."""

from __future__ import annotations

import pytest

from farm.orders.prompt import negative_prompt, positive_prompt, prompt_of
from farm.orders.recipes import (
    Casting,
    derived_seed,
    look_of,
    loras_of,
    position_of,
    scene_of,
    style_of,
    world_of,
)
from models.errors import OrderRefused
from models.recipe import SEED_LIMIT, Lora, Recipe, SceneLook, StyleLook
from models.rows.characters import Character, CharacterVariation
from models.rows.shows import Cut, Scene, StoryBible
from tests.support.factories import a_character, a_recipe, a_variation


def words(character: Character, *variations: CharacterVariation) -> str:
    return prompt_of(Casting(character=character, variations=variations))


def test_a_prompt_is_the_base_then_the_tokens_by_priority_then_type() -> None:
    character = a_character(
        ("outfit", "sailor", ["sailor uniform", "red scarf"], 5),
        ("eye_color", "green", ["green eyes"], 10),
        ("build", "slim", [], 5),
        base_prompt="1girl, solo",
    )

    assert words(character) == "1girl, solo, green eyes, slim, sailor uniform, red scarf"


def test_without_a_base_prompt_the_name_stands_first_and_without_tokens_the_value() -> None:
    assert words(a_character(("hair_color", "pink"), name="Mio")) == "Mio, pink"


def test_a_variation_replaces_words_then_puts_its_own_around_them() -> None:
    character = a_character(("outfit", "sailor", ["sailor uniform"], 0), base_prompt="a girl")
    variation = a_variation(
        prepend=["masterpiece"], append=["at night", "fireworks"], replace={"sailor uniform": "red yukata"}
    )

    assert words(character, variation) == "masterpiece, a girl, red yukata, at night, fireworks"


@pytest.mark.parametrize("order", [1, -1])
def test_a_variation_exchanges_all_its_words_at_once_in_whatever_order_they_are_stored(order: int) -> None:
    character = a_character(base_prompt="red hair, blue eyes, red hair band")
    exchange = dict([("red", "blue"), ("blue", "red"), ("red hair band", "ribbon")][::order])

    assert words(character, a_variation(replace=exchange)) == "blue hair, red eyes, ribbon"


def test_an_empty_modifier_leaves_no_comma() -> None:
    assert words(a_character(), a_variation(prepend=[""], append=["at night", ""])) == "Mio, at night"


def test_a_modifier_may_be_one_text_instead_of_a_list() -> None:
    assert words(a_character(), a_variation(prepend="wide shot", append="")) == "wide shot, Mio"


def test_an_attribute_the_variation_sets_takes_the_place_of_the_characters_own() -> None:
    character = a_character(
        ("outfit", "sailor", ["sailor uniform"], 9), ("hair_color", "pink", ["pink hair"], 1)
    )

    prompt = words(character, a_variation(attributes={"outfit": "kimono", "expression": "happy"}))

    assert prompt == "Mio, kimono, pink hair, happy expression"


def test_a_look_is_normalised_and_the_variation_wins_over_the_character() -> None:
    character = a_character(("hair", "long silver hair"), ("outfit", "navy sailor suit"))
    casting = Casting(character=character, variations=(a_variation(attributes={"outfit": "red yukata"}),))

    look = look_of(casting, "toon")

    assert look.attributes["hair_color"] == "silver"
    assert (look.attributes["outfit"], look.attributes["outfit_color"]) == ("kimono", "red")


def test_an_orders_own_attributes_win_over_every_variation() -> None:
    casting = Casting(
        character=a_character(),
        variations=(a_variation(attributes={"expression": "sad"}),),
        attributes={"expression": "happy"},
    )

    assert look_of(casting, "toon").attributes == {"expression": "happy"}


def test_a_word_the_renderer_cannot_draw_is_refused_with_the_nearest() -> None:
    casting = Casting(character=a_character(("hair_color", "pnik")))

    with pytest.raises(OrderRefused, match="pink"):
        look_of(casting, "toon")


def test_another_renderer_is_given_the_writers_own_words() -> None:
    casting = Casting(character=a_character(("wings", "feathered")))

    assert look_of(casting, "null").attributes == {"wings": "feathered"}


def a_cut() -> Cut:
    scene = Scene(location="street", time_of_day="night", mood="calm", style_overrides={})
    return Cut(
        scene=scene, camera_angle="wide", camera_move="pan_left", dialogue="Hello.", action_notes="waves"
    )


def test_the_scene_is_the_cuts_unless_the_order_says_otherwise() -> None:
    look = scene_of("show", a_cut(), "ep001/sc010/c0010", {"time_of_day": "morning", "location": ""})

    assert (look.location, look.time_of_day, look.action) == ("street", "morning", "waves")


def test_all_cuts_of_one_scene_share_one_background() -> None:
    def background(project: str, path: str) -> int:
        return scene_of(project, a_cut(), path, {}).background_seed

    here = background("show", "ep001/sc010/c0010")

    assert background("show", "ep001/sc010/c0020") == here
    assert background("show", "ep001/sc020/c0010") != here
    assert background("other", "ep001/sc010/c0010") != here


def test_the_story_bible_sets_the_style_and_a_scene_may_override_parts_of_it() -> None:
    bible = StoryBible(art_style="cel", line_weight="thin", color_palette={"ink": "#000", "sky": "#00f"})

    style = style_of(bible, {"line_weight": "bold", "color_palette": {"sky": "#f80"}})

    assert (style.art_style, style.line_weight, style.shading_style) == ("cel", "bold", "")
    assert style.color_palette == {"ink": "#000", "sky": "#f80"}


def test_the_whole_prompt_says_who_what_where_and_how() -> None:
    prompt = positive_prompt(
        [Casting(character=a_character(("hair_color", "pink", ["pink hair"], 0)))],
        SceneLook(location="street", time_of_day="night", action="waves", camera_angle="wide"),
        StyleLook(art_style="cel"),
        prompt="fireflies",
    )

    assert prompt == "fireflies, Mio, pink hair, waves, street, night, wide, cel"


def test_the_world_of_the_story_bible_stands_between_the_scene_and_the_style() -> None:
    bible = StoryBible(
        setting_description="A street of lanterns.", time_period="late Showa", mood_keywords=["warm", "wistful"]
    )

    prompt = positive_prompt(
        [],
        SceneLook(location="street", mood="calm"),
        StyleLook(art_style="cel"),
        prompt="rain",
        world=world_of(bible, {}),
    )

    assert prompt == "rain, street, calm mood, A street of lanterns, late Showa, warm, wistful, cel"


def test_a_scenes_overrides_win_over_the_world_of_the_story_bible() -> None:
    bible = StoryBible(setting_description="A street.", time_period="late Showa", mood_keywords=["warm"])

    told = world_of(bible, {"mood_keywords": ["cold", "empty"], "time_period": "", "art_style": "ink"})

    assert told == ("A street", "cold", "empty")
    assert world_of(None, {"time_period": "the year 3000"}) == ("the year 3000",)


def test_a_prompt_says_nothing_twice() -> None:
    prompt = positive_prompt(
        [], SceneLook(location="Night market"), StyleLook(), prompt="night market", world=["fog"]
    )

    assert prompt == "night market, fog"


def test_variations_modify_the_prompt_one_after_another() -> None:
    character = a_character(("outfit", "sailor", ["sailor uniform"], 0), base_prompt="a girl")

    prompt = words(
        character,
        a_variation("yukata", replace={"sailor uniform": "yukata"}, append="lantern"),
        a_variation("wet", replace={"yukata": "soaked yukata"}, prepend="rain"),
    )

    assert prompt == "rain, a girl, soaked yukata, lantern"


def test_the_negative_prompt_names_everything_once() -> None:
    character = a_character()
    character.negative_tokens = ["short hair", "text"]

    assert negative_prompt([Casting(character=character)], ["text", ""]) == "text, short hair"


def test_a_characters_own_lora_joins_unless_the_order_names_it() -> None:
    character = a_character()
    character.lora_model_path = "loras/mio.safetensors"
    casting = Casting(character=character)
    named = Lora(name="mine", path="loras/mio.safetensors", weight=0.5)

    assert [lora.name for lora in loras_of([casting], [])] == ["mio"]
    assert loras_of([casting], [named]) == (named,)


@pytest.mark.parametrize(
    ("notes", "position"),
    [
        ("left of the lantern", "left"),
        ("Right", "right"),
        ("the centre", "center"),
        ("leftovers", ""),
        (None, ""),
    ],
)
def test_a_position_is_read_out_of_the_notes(notes: str | None, position: str) -> None:
    assert position_of(notes) == position


def test_a_derived_seed_is_the_same_everywhere_and_in_range() -> None:
    assert derived_seed("background", "show", "ep001/sc010") == derived_seed(
        "background", "show", "ep001/sc010"
    )
    assert 0 <= derived_seed("a") < SEED_LIMIT
    assert derived_seed(1, "x") != derived_seed(2, "x")


def test_a_recipe_survives_json_whole() -> None:
    recipe = a_recipe(seed=SEED_LIMIT - 1, lora_models=(Lora(name="mio"),))

    assert Recipe.from_json(recipe.to_json()) == recipe


@pytest.mark.parametrize(
    ("own", "base", "ordered", "prompt"),
    [
        (("hair_color", "pink"), "", {"hair_color": "silver"}, "Mio, silver hair"),
        (("hair_color", "pink"), "", {"hair": "silver"}, "Mio, silver hair"),
        (("hair_color", "pink"), "", {"hair_colour": "silver"}, "Mio, silver hair"),
        (("hair", "long pink hair"), "", {"hair_color": "silver"}, "Mio, long hair, silver hair"),
        (("eyes", "green"), "", {"eye_color": "red"}, "Mio, red eyes"),
        (("hair_color", "pink"), "a pink-haired girl", {"hair": "silver"}, "a silver-haired girl, silver hair"),
        (("eye_color", "green"), "1girl, Green eyes", {"eye_color": "red"}, "1girl, red eyes, red eyes"),
        (("outfit", "sailor"), "a girl in a sailor dress", {"hair_color": "red"}, None),
    ],
)
def test_what_an_order_changes_is_said_and_the_old_word_is_not(
    own: tuple[str, str], base: str, ordered: dict[str, str], prompt: str | None
) -> None:
    character = a_character(own, base_prompt=base or None)

    assert prompt_of(Casting(character=character, attributes=ordered)) == (
        prompt or "a girl in a sailor dress, sailor, red hair"
    )
