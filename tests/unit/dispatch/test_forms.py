"""What a composition says of a scene and of a cut, and what an answer to a design session must say."""

from __future__ import annotations

from typing import Any

import pytest

from farm.dispatch import designs, form, scenes
from farm.dispatch.news import Decision
from models.errors import OrderRefused, UnknownName


def composition(**fields: Any) -> form.Composition:
    return form.read(form.Composition, fields, "scene composition")


def test_whoever_is_named_joins_those_who_are_in_the_scene() -> None:
    before = {"characters": [{"character": "mio", "position": "left"}], "style_overrides": {"grain": "soft"}}
    wanted = composition(character_ids=["an-id"], positions={"an-id": "right"}, lighting="dawn")

    fields = scenes.scene_fields(wanted, before, {"an-id": "ren"})

    assert fields == {
        "style_overrides": {"grain": "soft", "lighting": "dawn"},
        "characters": [
            {"character": "mio", "position": "left"},
            {"character": "ren", "position": "right"},
        ],
    }
    assert scenes.cut_fields(wanted, {"an-id": "ren"}) == {"characters": ["ren"]}


def test_what_a_composition_leaves_out_stays_as_it_is() -> None:
    assert scenes.scene_fields(composition(), {"characters": []}, {}) == {}
    assert scenes.cut_fields(composition(character_ids=[]), {}) == {"characters": []}


def test_an_answer_to_a_session_says_something() -> None:
    with pytest.raises(OrderRefused, match="says nothing"):
        designs.refuse_unclear(form.read(form.Design, {"session_id": "a"}, "character design"))
    chosen = form.read(form.Design, {"character_name": "Sora", "selected_variant": "long"}, "character design")
    with pytest.raises(OrderRefused, match="chosen in a session"):
        designs.refuse_unclear(chosen)


def test_only_what_was_proposed_is_chosen() -> None:
    with pytest.raises(UnknownName, match="variant in this session"):
        designs.chosen({"variants": [{"name": "long"}]}, "lnog")
    with pytest.raises(OrderRefused, match="No slug"):
        designs.slug_of("花")


def test_suggestions_are_fields_to_change_or_words() -> None:
    def decision(suggestions: Any) -> Decision:
        given = {"job_id": "a", "decision": "regenerate", "suggestions": suggestions}
        return form.read(Decision, given, "quality decision")

    assert (decision({"mood": "calm"}).changes, decision({"mood": "calm"}).words) == (
        {"mood": "calm"},
        "mood: calm",
    )
    assert (decision(["Calmer.", "Closer."]).changes, decision(["Calmer.", "Closer."]).words) == (
        {},
        "Calmer. Closer.",
    )
