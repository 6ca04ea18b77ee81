"""From a terminal: what happened, and who is sent word of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from models.vocabulary import Exit
from tests.support.queue_jobs import add_jobs

if TYPE_CHECKING:
    from db.engine import Database
    from models.shows import StoredShow
    from tests.support.terminal import Typed

Terminal = Callable[..., tuple[int, Any]]
URL = "https://hooks.example.com/farm"


@pytest.fixture(autouse=True)
def allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_CALLBACK_HOSTS", "hooks.example.com, internal:echo.lan:8309")


def test_events_are_listed_and_paged(
    allowed: None, terminal: Terminal, typed: Typed, database: Database, show: StoredShow
) -> None:
    jobs = add_jobs(database, show.project_id, 3)
    terminal("cancel", *map(str, jobs))

    code, page = terminal("events", "list", "--project", show.project, "--after", "0", "--limit", "2")
    assert (code, len(page["items"])) == (Exit.OK, 2)
    _, rest = terminal("events", "list", "--after", page["next"], "--type", "job.cancelled")
    assert (len(rest["items"]), rest["next"]) == (1, None)

    said = typed("events", "list", "--job", str(jobs[0]))
    assert "job.cancelled" in said.out
    assert "reason Cancelled." in said.out
    assert "No events." in typed("events", "list", "--type", "phase.closed").out


def test_an_endpoint_is_added_paused_and_removed(allowed: None, terminal: Terminal, typed: Typed) -> None:
    code, added = terminal("endpoints", "add", URL, "--type", "quality.failed")
    assert (code, added["secret"][:6]) == (Exit.OK, "whsec_")
    endpoint = added["endpoint"]["id"]

    _, rotated = terminal("endpoints", "rotate", endpoint)
    assert rotated["secret"] != added["secret"]
    assert terminal("events", "replay", endpoint, "--after", "0")[0] == Exit.OK
    _, paused = terminal("endpoints", "pause", endpoint, "--reason", "night")
    assert paused["paused_reason"].endswith("paused it: night")

    listed = typed("endpoints", "list").out
    assert "paused since" in listed
    assert "quality.failed" in listed
    assert "whsec_" not in listed
    assert "resumed" in typed("endpoints", "resume", endpoint).out
    assert terminal("endpoints", "remove", endpoint) == (Exit.OK, {"endpoint": endpoint, "removed": True})
    assert "No endpoints." in typed("endpoints", "list").out


def test_an_address_nobody_allowed_is_refused_with_what_to_do(allowed: None, terminal: Terminal) -> None:
    code, refused = terminal("endpoints", "add", "http://192.168.1.1/")

    assert code == Exit.BAD_INPUT
    assert refused["error"]["kind"] == "Forbidden"
    assert "FARM_CALLBACK_HOSTS" in refused["error"]["hint"]
