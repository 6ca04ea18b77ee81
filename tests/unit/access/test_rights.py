"""What a caller may do, and in whose name."""

from __future__ import annotations

import pytest

from farm.access.rights import acting_as, held, require
from models.access import Caller, Door, Scope
from models.actors import Actor
from models.errors import Forbidden

NIGHTLY = Actor.read("agent:nightly")


def caller(*scopes: Scope, door: Door = Door.HTTP) -> Caller:
    return Caller(actor=NIGHTLY, door=door, scopes=frozenset(scopes), key_prefix="farm_abcdefgh")


def test_an_administrator_may_do_everything() -> None:
    assert held([Scope.ADMIN]) == set(Scope)


def test_echo_orders_looks_and_decides_and_administers_nothing() -> None:
    assert set(Scope) - held([Scope.ECHO]) == {Scope.ADMIN}


@pytest.mark.parametrize("scope", [Scope.REVIEW, Scope.ADMIN, Scope.ECHO])
def test_what_a_key_does_not_hold_is_refused_with_the_scope_it_needs(scope: Scope) -> None:
    require(caller(Scope.SUBMIT, Scope.READ), Scope.READ)

    with pytest.raises(Forbidden, match=f"farm_abcdefgh may not.*'{scope}'") as refusal:
        require(caller(Scope.SUBMIT, Scope.READ), scope)

    assert f"--scope {scope}" in refusal.value.hint


def test_a_key_acts_in_its_own_name_and_in_no_other() -> None:
    for named in (None, NIGHTLY, "agent:nightly", "unknown"):
        assert acting_as(caller(Scope.REVIEW), named) == NIGHTLY

    with pytest.raises(Forbidden, match="may not act as Ada"):
        acting_as(caller(Scope.REVIEW), "Ada")


def test_whether_somebody_must_be_named_is_for_what_is_done_to_say() -> None:
    assert acting_as(caller(Scope.REVIEW), " ").name == ""


def test_an_administrator_may_name_whoever_decided() -> None:
    assert acting_as(caller(Scope.ADMIN), "Ada") == Actor.read("Ada")


def test_two_keys_of_one_actor_are_two_callers() -> None:
    person = Caller(actor=Actor.read("Ada"), door=Door.HTTP)

    assert caller().identity == "key:farm_abcdefgh"
    assert person.identity == "actor:Ada"
    assert Caller.here().identity == "local"
