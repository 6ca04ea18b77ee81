"""Commands about people who log in: people add, people list, people disable."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.text import Text

from farm.cli.console import AsJson, out, print_json, print_list
from farm.cli.opened import opened
from models.access import Scope

people = typer.Typer(no_args_is_help=True, help="People who log in with a password.")


def join(app: typer.Typer) -> None:
    app.add_typer(people, name="people", rich_help_panel="Who may do what")


@people.command()
def add(
    name: Annotated[str, typer.Argument(help="Under which they log in, and decide.")],
    *,
    scope: Annotated[list[Scope] | None, typer.Option(help="What they may do; repeat.")] = None,
    as_json: AsJson = False,
) -> None:
    """Let somebody log in. The password is asked for, or read from the first line of a pipe."""
    from models.plain import plain

    with opened() as farm:
        view = farm.add_person(name, _password(), scopes=scope or ())
    if as_json:
        print_json(plain(view))
    else:
        out().print(Text.assemble(("✓ ", "green"), f"{view.name} may {', '.join(sorted(view.scopes))}"))


@people.command("list")
def list_people(as_json: AsJson = False) -> None:
    """List everybody who may log in, or might once."""
    from farm.cli.tables.access import people_table
    from models.plain import plain

    with opened() as farm:
        views = farm.people()
    if as_json:
        print_list(plain(views))
    elif views:
        out().print(people_table(views))
    else:
        out().print("Nobody.")


@people.command()
def disable(
    name: Annotated[str, typer.Argument(help="Who is let in no more.")],
    as_json: AsJson = False,
) -> None:
    """Let somebody in no more, and end their sessions; what they decided stands."""
    from models.plain import plain

    with opened() as farm:
        view = farm.disable_person(name)
    if as_json:
        print_json(plain(view))
    else:
        out().print(Text.assemble(("✓ ", "green"), f"{view.name} is let in no more"))


def _password() -> str:
    """Never an argument: everybody on the machine could read it there."""
    if sys.stdin.isatty():
        # To stderr, like everything that is no answer.
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")
