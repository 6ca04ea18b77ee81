"""What the terminal sees: tables and notes for people, JSON for scripts, one exit code for both.

A result goes to stdout and everything said along the way to stderr. With `--json` the result is one JSON value,
and so is an error: `{"error": {"kind", "message", "hint"}}`, also on stdout, because the script that asked for
JSON reads stdout.
"""

from __future__ import annotations

import getpass
import json
import os
import sys
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from models.actors import Actor, ActorKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON value instead of a table.")]


EXIT_CODES = (
    "Exit codes: 0 done · 1 not passed, or refused by a gate · 2 could not be judged, or wrong usage · "
    "3 order or file refused, nothing stored · 4 not installed, not running or not answering · 130 interrupted."
)


@cache
def out() -> Console:
    """Where results go; made late, so that tests and pipes see the stream that is there when it is used."""
    # Prompts are full of brackets and colons: read as markup, `[blurry]` vanishes, `[/b]` ends the command, and
    # `:heart:` becomes a picture.
    return Console(highlight=False, markup=False, emoji=False)


@cache
def notes() -> Console:
    """Where progress, hints and errors go: stderr."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def logged_in() -> Actor:
    """Who gives the command, by name; by number where this machine has no name for them, as in a container."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = f"uid {os.getuid()}"
    return Actor(ActorKind.PERSON, name)


def who_says(by: str | None) -> Actor | str:
    """Who decides: as `--by` names them, else who is logged in."""
    return logged_in() if by is None else by


def note(text: str, style: str = "dim") -> None:
    """One line along the way."""
    # Not wrapped, so that a command or a path in it can be copied from a narrow terminal.
    notes().print(Text(text, style=style), soft_wrap=True)


def columns(*titles: str, whole: Collection[str] = (), **more: Any) -> Table:
    """A table without lines under dim titles; what does not fit is folded, but for the columns kept `whole`."""
    table = Table(box=None, header_style="dim", pad_edge=False, title_justify="left", **more)
    for title in titles:
        table.add_column(title, overflow="fold", no_wrap=title in whole)
    return table


def print_json(value: Any) -> None:
    """One JSON value on stdout; UUIDs, times and enums become strings."""
    sys.stdout.write(json.dumps(value, indent=2, default=str, ensure_ascii=False) + "\n")
    # A script that reads from a command which stays, as `farm up --foreground`, must not wait for its end.
    sys.stdout.flush()


def print_list(items: Iterable[Any], next_page: str | None = None) -> None:
    """A list in the shape every `--json` list has."""
    print_json({"items": list(items), "next": next_page})


def print_error(kind: str, message: str, hint: str, *, as_json: bool) -> None:
    """One clear sentence and what to do about it."""
    if as_json:
        print_json({"error": {"kind": kind, "message": message, "hint": hint}})
        return
    notes().print(Text.assemble(("✗ ", "bold red"), (message, "bold")), soft_wrap=True)
    if hint:
        notes().print(Text.assemble(("  → ", "cyan"), hint), soft_wrap=True)
