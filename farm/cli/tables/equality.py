"""How equal a take and its reproduction are, on the terminal: one line, and what is recorded differently."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from farm.cli.console import columns
from farm.explaining.equality import called, sentence, sides

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.table import Table

_COLOURS = {"identical": "bold green", "equivalent": "bold yellow", "different": "bold red"}
#: a graph may differ in a hundred places; these are the likeliest explanations
_ROWS = 12


def outcome_of(reproduction: Mapping[str, Any]) -> Text:
    """The equality in its colour, and the sentence that explains it."""
    word, _, rest = sentence(reproduction).partition(":")
    return Text.assemble((word, _COLOURS.get(reproduction["equality"], "bold red")), f":{rest}")


def differences_table(reproduction: Mapping[str, Any]) -> Table | None:
    """What is recorded differently of the two, the likeliest explanation first; None when nothing is."""
    differences = reproduction.get("differences") or []
    if not differences:
        return None
    table = columns("differs", "original", "again", padding=(0, 2, 0, 0))
    for fact in differences[:_ROWS]:
        table.add_row(called(str(fact["fact"])), *sides(fact))
    if len(differences) > _ROWS:
        table.add_row(f"... and {len(differences) - _ROWS} more", "", "")
    return table
