"""The server as a client in the same process sees it: its tools, and what it says when it refuses."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, cast

import anyio
import pytest
from mcp import Client

from farm.mcp.server import create
from models.access import Caller
from models.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from farm.client import Farm

LOOKING = {"farm_status", "list_cuts", "list_jobs", "list_takes", "get_job", "why_waiting"}
JUDGING = {"gate_status", "explain_take", "review_take"}
ORDERING = {"plan_order", "submit_order", "reproduce_take", "cancel_job"}


class Broken:
    """A farm whose cuts cannot be read."""

    def __init__(self, error: Exception) -> None:
        self.caller = Caller.here()
        self._error = error

    def cuts(self, project: str) -> Any:
        raise self._error


def asked(farm: Any, ask: Callable[[Client], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        async with Client(create(cast("Farm | None", farm))) as client:
            return await ask(client)

    return anyio.run(main)


def refusal(farm: Any, tool: str, **arguments: Any) -> str:
    answer = asked(farm, lambda client: client.call_tool(tool, arguments))
    assert answer.is_error
    return cast("str", answer.content[0].text)


def test_the_tools_say_truly_what_they_change() -> None:
    listed = asked(None, lambda client: client.list_tools()).tools
    hints = {tool.name: tool.annotations for tool in listed}

    assert hints.keys() == LOOKING | JUDGING | ORDERING
    assert all(tool.description and tool.output_schema for tool in listed)
    changing = {name for name, hint in hints.items() if not hint.read_only_hint}
    assert changing == {"submit_order", "cancel_job", "review_take", "reproduce_take"}
    assert [name for name, hint in hints.items() if hint.destructive_hint] == ["cancel_job"]


def test_whoever_is_not_known_is_refused() -> None:
    assert "Nobody knows who asks" in refusal(None, "list_cuts", project="x")


def test_a_refusal_is_the_farms_own_sentence_and_hint() -> None:
    conflict = Conflict("It is taken.", hint="Name another.")

    assert refusal(Broken(conflict), "list_cuts", project="x") == "It is taken. Name another."


def test_a_bug_is_in_the_log_and_not_in_the_answer(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        words = refusal(Broken(ValueError("a secret")), "list_cuts", project="x")

    assert words == "Something went wrong inside the farm. Its log says what; nothing was stored."
    assert "a secret" in caplog.text


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("farm_statu", {}, "There is no tool 'farm_statu'. Did you mean 'farm_status'?"),
        ("get_job", {"job_id": "x", "wait": 1}, "There is no argument 'wait'. Did you mean 'wait_seconds'?"),
        ("get_job", {}, "job_id: this is missing."),
        (
            "gate_status",
            {"project": "x", "phase": "loup"},
            "phase: input should be 'still', 'loop' or 'video'.",
        ),
        (
            "review_take",
            {"job_id": "x", "verdict": "farm_k"},
            "verdict: input should be 'approve' or 'reject'.",
        ),
    ],
)
def test_a_wrong_argument_is_named_and_never_repeated(tool: str, arguments: dict[str, Any], words: str) -> None:
    assert refusal(None, tool, **arguments) == words
