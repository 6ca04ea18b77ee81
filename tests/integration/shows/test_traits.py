"""Attributes and variations, edited one at a time within their character."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from models.errors import BadInput, Conflict, UnknownName

if TYPE_CHECKING:
    from farm.client import Farm
    from models.shows import StoredShow


def test_another_value_of_an_attribute_is_in_the_prompt_and_the_old_one_is_not(
    farm: Farm, show: StoredShow
) -> None:
    assert "pink hair" in farm.character_prompt("mio", project=show.project).prompt

    farm.edit_attribute("mio", "hair_color", {"value": "blue"}, project=show.project)

    prompt = farm.character_prompt("mio", variation="in words", project=show.project)
    assert "blue hair" in prompt.prompt
    assert "pink" not in prompt.prompt
    assert prompt.prompt.endswith("at the festival")
    assert prompt.negative_prompt == "short hair"


def test_a_text_that_says_two_things_is_two_attributes_and_only_once(farm: Farm, show: StoredShow) -> None:
    new = farm.add_attribute("ren", {"type": "outfit", "value": "white kimono"}, project=show.project)

    assert {each.known_as: each.content.value for each in new} == {
        "outfit": "kimono",
        "outfit_color": "white",
    }
    with pytest.raises(Conflict, match=r"already"):
        farm.add_attribute("ren", {"type": "clothes", "value": "kimono"}, project=show.project)
    assert farm.remove_attribute("ren", new[0].id, project=show.project).known_as == new[0].known_as
    left = {each.known_as for each in farm.attributes("ren", project=show.project)}
    assert left == {"hair_color", new[1].known_as}


def test_a_trait_that_is_not_there_is_named_with_the_nearest(farm: Farm, show: StoredShow) -> None:
    with pytest.raises(UnknownName, match=r"no attribute of mio 'hair_colour'.*Did you mean 'hair_color'"):
        farm.edit_attribute("mio", "hair_colour", {"value": "blue"}, project=show.project)
    with pytest.raises(UnknownName, match=r"no variation of mio 'festval'.*Did you mean 'festival'"):
        farm.character_prompt("mio", variation="festval", project=show.project)


def test_the_name_of_a_trait_stays_and_stands_once(farm: Farm, show: StoredShow) -> None:
    with pytest.raises(BadInput, match=r"type is how it is found again"):
        farm.edit_attribute("mio", "hair_color", {"type": "skin"}, project=show.project)
    with pytest.raises(BadInput, match=r"name is how it is found again"):
        farm.edit_variation("mio", "festival", {"name": "fair"}, project=show.project)
    with pytest.raises(Conflict, match=r"mio has 'festival' already"):
        farm.add_variation("mio", {"name": "festival", "type": "pose"}, project=show.project)
