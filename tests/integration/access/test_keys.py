"""Keys: whom they open the farm to, for how long, and that nobody reads them in what is kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from models.access import Caller, Caps, Door, Scope
from models.actors import Actor
from models.errors import BadInput, Conflict, Forbidden, Unauthenticated, UnknownName
from tests.integration.access.conftest import with_key
from tests.support.queue_jobs import execute, one

if TYPE_CHECKING:
    from pathlib import Path

    from db.engine import Database
    from farm.client import Farm

HOME = "192.0.2.7"
EVERYTHING = "SELECT coalesce(string_agg(t::text, ' '), '') AS rows FROM {} t"


def test_a_key_opens_the_farm_to_its_actor_with_its_scopes(farm: Farm) -> None:
    caps = Caps(jobs_per_day=3)
    new = farm.create_key("nightly", scopes=[Scope.SUBMIT, Scope.READ], actor="agent:nightly", caps=caps)

    caller = farm.authenticate(new.text, address=HOME, door=Door.MCP)

    assert caller == Caller(
        actor=Actor.read("agent:nightly"),
        door=Door.MCP,
        scopes=frozenset({Scope.SUBMIT, Scope.READ}),
        address=HOME,
        key_prefix=new.view.prefix,
        caps=caps,
    )
    listed = farm.keys()
    assert new.view.prefix in [key.prefix for key in listed]


def test_a_key_whose_actor_is_not_said_is_a_script_of_its_name(farm: Farm) -> None:
    assert farm.create_key("ingest", scopes=[Scope.READ]).view.actor == Actor.read("script:ingest")


@pytest.mark.parametrize("slip", ["", "farm_", "Bearer x", "another", "same prefix"])
def test_what_is_no_key_of_this_farm_is_refused_and_not_repeated(farm: Farm, slip: str) -> None:
    new = farm.create_key("k", scopes=[Scope.READ])
    guess = {
        "another": "farm_aaaaaaaa_" + "b" * 43,
        "same prefix": f"{new.view.prefix}_" + "c" * 43,
    }.get(slip, slip)

    with pytest.raises(Unauthenticated, match="no key of this farm") as refusal:
        farm.authenticate(guess, address=HOME)

    assert "bbb" not in str(refusal.value) + "".join(map(str, refusal.value.args))
    assert "ccc" not in str(refusal.value) + "".join(map(str, refusal.value.args))


def test_a_revoked_key_opens_nothing_any_more(farm: Farm) -> None:
    new = farm.create_key("k", scopes=[Scope.READ])
    farm.revoke_key(new.view.prefix)

    with pytest.raises(Unauthenticated, match=f"{new.view.prefix} was revoked"):
        farm.authenticate(new.text, address=HOME)
    with pytest.raises(Conflict, match="revoked before"):
        farm.revoke_key(new.view.prefix)
    with pytest.raises(UnknownName, match="no key 'farm_nobodys0'"):
        farm.revoke_key("farm_nobodys0")


def test_a_key_expires(farm: Farm, database: Database) -> None:
    new = farm.create_key("k", scopes=[Scope.READ], expires_in=timedelta(days=30))
    assert new.view.expires_at is not None
    assert timedelta(days=29) < new.view.expires_at - datetime.now(UTC) < timedelta(days=31)
    farm.authenticate(new.text, address=HOME)
    expired = "UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE prefix = :prefix"
    execute(database, expired, prefix=new.view.prefix)

    with pytest.raises(Unauthenticated, match="expired on"):
        farm.authenticate(new.text, address=HOME)


def test_whoever_shows_nothing_is_refused(farm: Farm) -> None:
    for address in (HOME, "", "a socket"):
        with pytest.raises(Unauthenticated, match="needs a key"):
            farm.authenticate(None, address=address)


def test_an_address_may_be_bound_to_an_echo_key_and_to_one_alone(farm: Farm) -> None:
    new = farm.create_key("echo", scopes=[Scope.ECHO], actor="echo", bound_address="::ffff:192.0.2.9")

    caller = farm.authenticate(None, address="192.0.2.9", door=Door.ECHO)

    assert (caller.actor, caller.key_prefix) == (Actor.read("echo"), new.view.prefix)
    with pytest.raises(Conflict, match=f"192.0.2.9 is bound to the key {new.view.prefix}"):
        farm.create_key("second", scopes=[Scope.ECHO], bound_address="192.0.2.9")
    with pytest.raises(BadInput, match="'echo' alone"):
        farm.create_key("all", scopes=[Scope.ECHO, Scope.ADMIN], bound_address="192.0.2.10")
    farm.revoke_key(new.view.prefix)
    with pytest.raises(Unauthenticated, match="needs a key"):
        farm.authenticate(None, address="192.0.2.9")
    farm.create_key("second", scopes=[Scope.ECHO], bound_address="192.0.2.9")


def test_the_binding_of_an_address_stands_in_the_audit(farm: Farm) -> None:
    farm.create_key("echo", scopes=[Scope.ECHO], bound_address="192.0.2.11")

    entry = farm.audit(limit=1).items[0]

    assert (entry.action, entry.by, entry.door) == ("key.create", farm.caller.actor, Door.SQL)
    assert entry.after is not None
    assert entry.after["bound_address"] == "192.0.2.11"


def test_the_use_of_a_key_is_written_down_once_a_minute(farm: Farm, database: Database) -> None:
    new = farm.create_key("k", scopes=[Scope.READ])
    row = "SELECT last_used_at, ctid::text AS place FROM api_keys WHERE prefix = :prefix"
    assert one(database, row, prefix=new.view.prefix).last_used_at is None

    farm.authenticate(new.text, address=HOME)
    first = one(database, row, prefix=new.view.prefix)
    farm.authenticate(new.text, address=HOME)

    assert first.last_used_at is not None
    assert one(database, row, prefix=new.view.prefix) == first
    earlier = "UPDATE api_keys SET last_used_at = now() - interval '61 seconds' WHERE prefix = :prefix"
    execute(database, earlier, prefix=new.view.prefix)
    farm.authenticate(new.text, address=HOME)
    assert one(database, row, prefix=new.view.prefix).last_used_at > first.last_used_at


def test_only_an_administrator_makes_keys_and_people(farm: Farm) -> None:
    reader = with_key(farm, farm.create_key("k", scopes=set(Scope) - {Scope.ADMIN}).text)

    for refused in (
        lambda: reader.create_key("mine", scopes=[Scope.ADMIN]),
        reader.keys,
        lambda: reader.revoke_key("farm_abcdefgh"),
        lambda: reader.add_person("Eve", "a password long enough", scopes=[Scope.ADMIN]),
        reader.people,
        lambda: reader.disable_person("Ada"),
    ):
        with pytest.raises(Forbidden, match="needs the scope 'admin'"):
            refused()

    with_key(farm, farm.create_key("k", scopes=[Scope.ADMIN]).text).create_key("more", scopes=[Scope.READ])


def test_nobody_makes_a_key_for_the_gate(farm: Farm) -> None:
    with pytest.raises(BadInput, match="name of the gate"):
        farm.create_key("k", scopes=[Scope.READ], actor="gate")


def test_no_key_and_no_password_is_read_in_what_the_database_keeps(farm: Farm, database: Database) -> None:
    new = farm.create_key("k", scopes=[Scope.READ])
    farm.authenticate(new.text, address=HOME)
    farm.add_person("Grace", "a password long enough", scopes=[Scope.READ])
    session = farm.log_in("Grace", "a password long enough")
    secrets = {new.text.removeprefix(f"{new.view.prefix}_"), "long enough", session.token, session.csrf}

    with database.transaction() as opened:
        tables = opened.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
        kept = " ".join(str(opened.scalar(text(EVERYTHING.format(table)))) for table in tables)

    assert new.view.prefix in kept
    assert [secret for secret in secrets if secret in kept] == []
    assert not any(secret in repr((new, session)) for secret in secrets)


def test_this_machine_has_a_key_of_its_own_that_stays(farm: Farm, tmp_path: Path, database: Database) -> None:
    own = farm.own_key()
    file = tmp_path / "state" / "api_key"

    assert file.read_text() == own
    assert file.stat().st_mode & 0o777 == 0o600
    assert farm.own_key() == own
    caller = farm.authenticate(own, address="127.0.0.1")
    assert (caller.actor, caller.scopes) == (farm.caller.actor, {Scope.ADMIN})


@pytest.mark.parametrize("loss", ["moved", "revoked", "garbled"])
def test_it_is_made_anew_where_the_database_does_not_know_it(
    farm: Farm, tmp_path: Path, database: Database, loss: str
) -> None:
    own = farm.own_key()
    prefix = own[:13]
    if loss == "moved":
        execute(database, "DELETE FROM api_keys WHERE prefix = :prefix", prefix=prefix)
    elif loss == "revoked":
        farm.revoke_key(prefix)
    else:
        (tmp_path / "state" / "api_key").write_text("farm_?")

    again = farm.own_key()

    assert again != own
    assert farm.authenticate(again, address="127.0.0.1").scopes == {Scope.ADMIN}
    assert farm.own_key() == again


def test_a_key_that_is_only_tried_is_not_there(farm: Farm) -> None:
    with farm.as_one(keep=False) as rehearsal:
        new: Any = rehearsal.create_key("k", scopes=[Scope.READ])

    with pytest.raises(Unauthenticated):
        farm.authenticate(new.text, address=HOME)
