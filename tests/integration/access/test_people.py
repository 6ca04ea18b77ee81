"""People who log in, their sessions, and the token without which a session changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher

from db import catalogue
from farm.access import passwords
from models.access import Door, Scope
from models.actors import Actor, ActorKind
from models.errors import BadInput, Conflict, Forbidden, Unauthenticated, UnknownName
from tests.support.queue_jobs import execute, one

if TYPE_CHECKING:
    from db.engine import Database
    from farm.client import Farm

PASSWORD = "paper lanterns at dusk"
HOME = "192.0.2.7"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password is slow to try on purpose, and no test of sessions is about that."""
    monkeypatch.setattr(
        passwords, "_hasher", lambda: PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    )


@pytest.fixture(scope="module")
def names() -> list[str]:
    return []


@pytest.fixture
def person(farm: Farm, names: list[str]) -> str:
    """Somebody new, who may look and review."""
    names.append(f"Mira {len(names)}")
    return farm.add_person(names[-1], PASSWORD, scopes=[Scope.READ, Scope.REVIEW]).name


def test_whoever_logs_in_acts_as_themselves(farm: Farm, person: str) -> None:
    session = farm.log_in(person, PASSWORD)

    caller = farm.session_caller(session.token, csrf=session.csrf, address=HOME)

    assert caller.actor == Actor(ActorKind.PERSON, person)
    assert (caller.door, caller.address, caller.key_prefix) == (Door.HTTP, HOME, None)
    assert caller.scopes == {Scope.READ, Scope.REVIEW}


def test_a_wrong_password_and_a_wrong_name_are_refused_in_the_same_words(farm: Farm, person: str) -> None:
    refusals = []
    for name, password in ((person, "paper lanterns at dawn"), ("Nobody", PASSWORD), (person, "")):
        with pytest.raises(Unauthenticated) as refusal:
            farm.log_in(name, password)
        refusals.append(str(refusal.value))

    assert len(set(refusals)) == 1


def test_a_change_brings_the_sessions_other_token_along(farm: Farm, person: str) -> None:
    session, other = farm.log_in(person, PASSWORD), farm.log_in(person, PASSWORD)

    farm.session_caller(session.token, address=HOME, is_change=False)
    for csrf in (None, "", other.csrf, session.token):
        with pytest.raises(Forbidden, match="page of the farm"):
            farm.session_caller(session.token, csrf=csrf, address=HOME)


def test_a_session_ends_by_logging_out_and_by_time(farm: Farm, person: str, database: Database) -> None:
    left, kept = farm.log_in(person, PASSWORD), farm.log_in(person, PASSWORD)
    farm.log_out(left.token)
    farm.session_caller(kept.token, csrf=kept.csrf, address=HOME)
    execute(database, "UPDATE sessions SET expires_at = now()")

    for session in (left, kept):
        with pytest.raises(Unauthenticated, match="session is over"):
            farm.session_caller(session.token, csrf=session.csrf, address=HOME)


def test_a_disabled_person_is_out_at_once_and_stays_out(farm: Farm, person: str) -> None:
    session = farm.log_in(person, PASSWORD)

    assert farm.disable_person(person).disabled_at is not None

    with pytest.raises(Unauthenticated):
        farm.session_caller(session.token, csrf=session.csrf, address=HOME)
    with pytest.raises(Unauthenticated):
        farm.log_in(person, PASSWORD)
    with pytest.raises(Conflict, match="already"):
        farm.disable_person(person)
    with pytest.raises(UnknownName, match="no person 'Myra'"):
        farm.disable_person("Myra")


def test_a_name_is_one_persons_in_capitals_or_not(farm: Farm, person: str) -> None:
    with pytest.raises(Conflict, match="already"):
        farm.add_person(person.upper(), PASSWORD, scopes=[Scope.READ])


@pytest.mark.parametrize("name", ["gate", "echo", "agent:nightly", "a\tb"])
def test_a_persons_name_is_no_scripts(farm: Farm, name: str) -> None:
    with pytest.raises(BadInput):
        farm.add_person(name, PASSWORD, scopes=[Scope.READ])


def test_who_is_added_stands_in_the_audit_without_the_password(farm: Farm, person: str) -> None:
    entry = farm.audit(subject=f"person {person}").items[0]

    assert (entry.action, entry.after) == ("person.add", {"scopes": ["read", "review"]})


def test_sessions_that_are_over_are_forgotten(farm: Farm, person: str, database: Database) -> None:
    farm.log_in(person, PASSWORD)
    execute(database, "UPDATE sessions SET expires_at = now() - interval '1 second'")
    kept = farm.log_in(person, PASSWORD)

    with database.transaction() as session:
        catalogue.forget_sessions(session)

    assert one(database, "SELECT count(*) AS count FROM sessions").count == 1
    farm.session_caller(kept.token, csrf=kept.csrf, address=HOME)
