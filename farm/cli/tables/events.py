"""Events and endpoints as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from farm.cli.console import columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rich.table import Table

    from models.events import EndpointView, EventView


def events_table(events: Iterable[EventView]) -> Table:
    """What happened, one line each, the oldest first."""
    table = columns("id", "when (UTC)", "what", "job or project", "", whole=("id", "when (UTC)", "what"))
    for each in events:
        about = str(each.job_id or each.project or "a project that is gone")
        row = (str(each.id), f"{each.at:%m-%d %H:%M:%S}", each.type, Text(about, "dim"))
        table.add_row(*row, Text(_facts(each.facts), "dim"))
    return table


def endpoints_table(endpoints: Iterable[EndpointView]) -> Table:
    """Who is sent events, and how that goes."""
    table = columns("endpoint", "hears of", "waiting", "state", whole=("waiting",))
    for each in endpoints:
        where = Text.assemble(each.url, "\n", (str(each.id), "dim"))
        table.add_row(where, _heard(each), str(each.waiting), _state(each))
    return table


def _heard(endpoint: EndpointView) -> str:
    whose = f"job {endpoint.job_id}" if endpoint.job_id else endpoint.project or "everything"
    return f"{whose}: {', '.join(endpoint.types)}" if endpoint.types else whose


def _state(endpoint: EndpointView) -> Text:
    if endpoint.paused_at:
        return Text(f"paused since {endpoint.paused_at:%Y-%m-%d %H:%M}: {endpoint.paused_reason}", "yellow")
    if endpoint.failing_since:
        return Text(f"failing since {endpoint.failing_since:%Y-%m-%d %H:%M}: {endpoint.last_error}", "red")
    return Text("well" if endpoint.is_signed else "well, not signed", "green")


def _facts(facts: Mapping[str, Any]) -> str:
    """Such as `verdict retake, blocking identity`; what holds more than words is for scripts."""
    words = {name: ", ".join(value) if _are_words(value) else value for name, value in facts.items()}
    return "; ".join(f"{name} {value}" for name, value in words.items() if value and _is_word(value))


def _is_word(value: Any) -> bool:
    return isinstance(value, str | int)


def _are_words(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_word, value))
