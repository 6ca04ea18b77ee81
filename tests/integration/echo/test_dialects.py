"""What the farm asks of either Echo, and that nothing an Echo answers is taken for more than it is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from farm.echo.calls import EchoLine
from farm.echo.client import EchoAnswer, EchoClient
from farm.echo.released import ReleasedEcho
from models.errors import Unavailable
from tests.support.echo_server import Echo, running_echo
from tests.support.hook_receiver import running_receiver

if TYPE_CHECKING:
    from collections.abc import Iterator

SOON = timedelta(seconds=2)
ASK, ADVISE, MCP = "/api/echo/ask", "/api/echo/generation-eval/evaluate", "/mcp"


@pytest.fixture
def echo() -> Iterator[Echo]:
    with running_echo() as echo:
        yield echo


@pytest.fixture
def released(echo: Echo) -> ReleasedEcho:
    return ReleasedEcho(echo.url, SOON)


def test_an_error_that_is_called_a_success_is_none(echo: Echo, released: ReleasedEcho) -> None:
    echo.answers[ASK] = {"answer": "the model is away", "query_type": "error"}
    with pytest.raises(Unavailable, match="could not answer: the model is away"):
        released.ask("How is it?")

    echo.answers[ASK] = {"answer": "Fine.", "query_type": "chat"}
    assert released.ask("How is it?") == "Fine."
    assert all(body["allow_actions"] is False for _, body in echo.asked)


def test_advice_is_numbers_or_nothing(echo: Echo, released: ReleasedEcho) -> None:
    echo.answers[ADVISE] = {"semantic_score": 0.8, "variety_score": "high", "text_alignment": True}

    advice = released.advise("/takes/1.png", "rain", shot_id="ep001/sc010/c0010")

    assert (advice.semantic_score, advice.variety_score, advice.text_alignment) == (0.8, None, None)


def test_a_notice_is_passed_on_by_the_bare_mcp(echo: Echo, released: ReleasedEcho) -> None:
    echo.answers[MCP] = {"sent": True}
    released.notify("A take waits.", title="Review")
    ((_, body),) = echo.asked
    assert (body["method"], body["params"]["name"]) == ("tools/call", "send_notification")

    echo.answers[MCP] = {"error": "no channel"}
    with pytest.raises(Unavailable, match="no channel"):
        released.notify("A take waits.", title="Review")


@pytest.mark.parametrize("answer", [[], "garbage", None, 3])
def test_what_is_no_mapping_is_no_answer(echo: Echo, released: ReleasedEcho, answer: Any) -> None:
    echo.answers[ASK] = answer
    with pytest.raises(Unavailable, match="no mapping"):
        released.ask("How is it?")


@pytest.mark.parametrize(("status", "word"), [(404, "404"), (500, "500"), (302, "302")])
def test_whatever_an_echo_answers_it_is_one_error(
    echo: Echo, released: ReleasedEcho, status: int, word: str
) -> None:
    echo.status = status
    with pytest.raises(Unavailable, match=word):
        released.ask("How is it?")


def test_an_answer_without_end_ends_in_time() -> None:
    with running_receiver() as receiver:
        receiver.drips = True
        line = EchoLine(f"http://{receiver.host}", timedelta(seconds=0.5))
        with pytest.raises(Unavailable):
            line.post("/hook", {})


def test_a_story_is_asked_for_and_a_task_handed_over(echo: Echo) -> None:
    client = EchoClient(echo.url, SOON)
    path = "/api/projects/paper-moon/context?context_type=full&character_ids=mio%2Cren"
    echo.answers[path] = {"theme": "reunion"}
    task = {
        "task_id": "review-1",
        "task_type": "quality_review",
        "project_id": "paper-moon",
        "priority": 5,
        "payload": {},
        "context": {},
        "submitted_by": "anime-render-farm",
        "submitted_at": "2026-12-01T00:00:00+00:00",
    }

    assert client.context("paper-moon", ["mio", "ren"]) == {"theme": "reunion"}
    assert client.send_task(task) is EchoAnswer.OK
    echo.supported = False
    assert client.send_task(task) is EchoAnswer.UNKNOWN
    assert echo.mistakes == []
