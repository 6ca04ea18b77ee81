"""Who did something: what is stored reads back as the same somebody, and nobody is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.actors import DEMO, GATE, SHOW, Actor, ActorKind
from models.errors import BadInput, Forbidden

NAMES = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=40)


@given(st.builds(Actor, st.sampled_from(ActorKind), NAMES))
def test_an_actor_reads_back_from_its_text(actor: Actor) -> None:
    assert Actor.read(str(actor)) == actor


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("Ada", ActorKind.PERSON, "Ada"),
        ("gate", ActorKind.GATE, "gate"),
        ("echo", ActorKind.ECHO, "echo"),
        ("echo:studio", ActorKind.ECHO, "studio"),
        ("agent:nightly", ActorKind.AGENT, "nightly"),
        ("script: bench", ActorKind.SCRIPT, "bench"),
        ("person:gate", ActorKind.PERSON, "gate"),
        ("Ada: producer", ActorKind.PERSON, "Ada: producer"),
        ("script:", ActorKind.PERSON, "script:"),
        ("unknown", ActorKind.SCRIPT, "unknown"),
    ],
)
def test_what_people_write_is_a_person_unless_it_says_otherwise(text: str, kind: ActorKind, name: str) -> None:
    assert Actor.read(text) == Actor(kind, name)


def test_words_that_rows_from_before_hold_stay_what_they_were() -> None:
    assert [str(actor) for actor in (GATE, DEMO, SHOW)] == ["gate", "demo", "show"]
    assert DEMO.kind is SHOW.kind is ActorKind.SCRIPT


def test_a_person_who_is_called_like_the_gate_is_not_taken_for_it() -> None:
    namesake = Actor(ActorKind.PERSON, "gate")

    assert namesake != GATE
    assert str(namesake) == "person:gate"


@pytest.mark.parametrize("who", ["", "  ", Actor(ActorKind.PERSON, " ")])
def test_nobody_is_refused(who: Actor | str) -> None:
    with pytest.raises(Forbidden):
        Actor.named(who)


@pytest.mark.parametrize("name", ["a\nb", "x" * 256])
def test_a_name_that_cannot_be_kept_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="cannot be kept"):
        Actor.named(name)
