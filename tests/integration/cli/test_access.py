"""From a terminal keys are made, listed and revoked, people let in, and the audit read."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tests.support.terminal import Typed

    Terminal = Callable[..., tuple[int, Any]]

PASSWORD = "paper lanterns at dusk"
NIGHTLY = ("--scope", "submit", "--scope", "read", "--as", "agent:nightly", "--jobs-per-day", "20")


def test_a_key_is_printed_alone_and_once(typed: Typed) -> None:
    new = typed("keys", "create", "nightly", *NIGHTLY, "--gpu-seconds-per-day", "600", "--expires", "30d")

    assert new.code == 0, new
    key = new.out.strip()
    prefix = key[:13]
    assert key.startswith("farm_")
    assert "\n" not in key
    assert f"Kept as {prefix}, for agent:nightly. It is not shown again." in new.err
    listed, changes = typed("keys", "list").out, typed("audit").out
    assert prefix in listed
    assert "20 jobs, 600 GPU s a day" in " ".join(listed.split())
    assert "key.create" in changes
    assert key not in listed + changes + typed("keys", "list", "--json").out + typed("audit", "--json").out


def test_scripts_read_all_of_it(terminal: Terminal) -> None:
    code, new = terminal("keys", "create", "nightly", *NIGHTLY)
    assert code == 0
    assert new["scopes"] == ["read", "submit"]
    assert new["caps"] == {"jobs_per_day": 20, "gpu_seconds_per_day": None}

    _, listed = terminal("keys", "list")
    assert listed["next"] is None
    assert {name: value for name, value in new.items() if name != "key"} in listed["items"]

    code, revoked = terminal("keys", "revoke", new["prefix"])
    assert code == 0
    assert revoked["revoked_at"]
    _, changes = terminal("audit", "--subject", f"key {new['prefix']} (nightly)")
    assert [entry["action"] for entry in changes["items"]] == ["key.revoke", "key.create"]
    assert changes["items"][1]["after"]["scopes"] == ["read", "submit"]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ((), 3, "opens nothing"),
        (("--scope", "everything"), 2, "everything"),
        (("--scope", "read", "--expires", "soon"), 3, "'soon' cannot be read"),
        (("--scope", "read", "--jobs-per-day", "-1"), 3, "limit of -1"),
        (("--scope", "read", "--bound-address", "192.0.2.7"), 3, "'echo' alone"),
        (("--scope", "echo", "--bound-address", "echo.example"), 3, "no network address"),
        (("--scope", "read", "--as", "gate"), 3, "name of the gate"),
    ],
)
def test_a_key_that_cannot_be_made_is_refused_in_one_sentence(
    typed: Typed, words: tuple[str, ...], code: int, sentence: str
) -> None:
    refused = typed("keys", "create", "k", *words)

    assert (refused.code, refused.out) == (code, "")
    assert sentence in refused.err


def test_a_bound_address_is_said_aloud(typed: Typed) -> None:
    bound = typed("keys", "create", "echo", "--scope", "echo", "--as", "echo", "--bound-address", "192.0.2.7")

    assert "Whoever reaches the farm from 192.0.2.7 acts as echo." in bound.err
    assert "from 192.0.2.7" in " ".join(typed("keys", "list").out.split())


def test_a_password_comes_from_a_pipe_and_stands_nowhere(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n"))

    added = typed("people", "add", "Ada", "--scope", "read", "--scope", "review")

    assert added.code == 0, added
    assert "Ada may read, review" in added.out
    everybody = json.loads(typed("people", "list", "--json").out)
    assert [person["name"] for person in everybody["items"]] == ["Ada"]
    assert typed("people", "disable", "Ada").code == 0
    said = [typed("people", "list").out, typed("audit", "--json").out, json.dumps(everybody), *added[1:]]
    assert PASSWORD not in "".join(said)
    assert typed("people", "disable", "Ada").code == 3


def test_a_password_too_short_is_refused(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("short\n"))

    refused = typed("people", "add", "Ben", "--scope", "read")

    assert (refused.code, "12 to 1024" in refused.err) == (3, True)


def test_the_audit_pages(typed: Typed, terminal: Terminal) -> None:
    for name in ("one", "two", "three"):
        typed("keys", "create", name, "--scope", "read")

    _, first = terminal("audit", "--limit", "2")
    _, second = terminal("audit", "--limit", "2", "--after", first["next"])

    names = [entry["subject"].rpartition("(")[2] for entry in first["items"] + second["items"]]
    assert names[:3] == ["three)", "two)", "one)"]
    assert "More: farm audit --after" in typed("audit", "--limit", "2").err
