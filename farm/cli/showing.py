"""Commands about shows: show load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from farm.cli import extras
from farm.cli.console import AsJson, note, out, print_json
from farm.cli.opened import opened

if TYPE_CHECKING:
    from farm.client import Farm
    from models.views import StoredShow

show = typer.Typer(no_args_is_help=True, help="Shows: load one from YAML.")


def join(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(show, name="show", rich_help_panel="Order")


@show.command()
def load(
    file: Annotated[str, typer.Argument(help="The show as YAML; see examples/.")],
    references: Annotated[
        bool, typer.Option(help="Draw and approve reference pictures where the show names none.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Load a show: project, story bible, characters, scenes and cuts. Loading it again updates it."""
    from farm import shows
    from farm.views import to_json

    story = shows.load(file)
    with opened() as farm:
        with farm.database.transaction() as session:
            stored = shows.store(session, story)
        made = _references(farm, stored) if references else {}
    if as_json:
        print_json(to_json(stored) | {"references": made})
        return
    out().print(
        Text.assemble(
            ("✓ ", "green"),
            f"{stored.project}: {len(stored.characters)} characters, {len(stored.cuts)} cuts, "
            f"story bible {stored.story_bible_version}",
        )
    )
    for name in stored.left_behind:
        note(f"left as it was, though the file no longer has it: {name}", "yellow")
    for sentence in made.get("said", ()):
        note(sentence)


def _references(farm: Farm, stored: StoredShow) -> dict[str, Any]:
    """Ask whoever has networks here to make references; a light installation has nobody."""
    made: dict[str, Any] = {}
    extras.joiners()
    for maker in extras.AFTER_LOAD:
        made |= maker(farm, stored)
    return made
