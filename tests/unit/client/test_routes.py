"""The table of routes: every verb is to be had from far away, or says why not."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from farm.client import Farm, wire
from farm.client.remote import RemoteFarm
from farm.client.routes import AT_HOME, BY_VERB, ROUTES, Route
from models.errors import BadInput, NotHere

#: verbs made of others, which work wherever those do
MADE_OF_OTHERS = {"submit", "watch", "wait", "connect"}


def verbs() -> set[str]:
    return {name for name, _ in inspect.getmembers(Farm, callable) if not name.startswith("_")}


def test_every_verb_is_placed() -> None:
    written_out = {name for name in vars(RemoteFarm) if not name.startswith("_")} - {"caller"}

    assert verbs() == written_out | MADE_OF_OTHERS


def test_no_verb_is_placed_twice() -> None:
    assert len(BY_VERB) == len(ROUTES)
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)
    assert not BY_VERB.keys() & AT_HOME.keys()


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.verb)
def test_what_a_verb_takes_and_answers_can_travel(route: Route) -> None:
    assert set(route.in_path) <= route.parameters.keys()
    for each in route.parameters.values():
        assert wire.adapter(each.annotation).json_schema()
    if route.answer is not type(None):
        assert wire.adapter(route.answer).json_schema(mode="serialization")


def test_what_needs_the_machine_says_so_from_far_away() -> None:
    far = RemoteFarm("http://farm.studio:8329")

    with pytest.raises(NotHere, match="needs the farm's own machine: it changes the database's schema"):
        far.migrate()
    with pytest.raises(NotHere, match="needs the farm's own machine"):
        _ = far.database


@pytest.mark.parametrize("url", ["", "farm.studio", "ftp://farm", "http://", "http://me:secret@farm"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match="is no address of a farm"):
        Farm.connect(url)


def test_an_error_comes_back_as_what_it_was() -> None:
    kinds: list[Any] = [BadInput, NotHere]

    for kind in kinds:
        error = wire.error_named(kind.__name__, "It is so.", "Do this.")
        assert (type(error), error.message, error.hint) == (kind, "It is so.", "Do this.")
    assert wire.error_named("FromTheFuture", "It is so.").exit_code == 3
