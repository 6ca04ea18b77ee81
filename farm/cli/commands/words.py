"""The command that lists the words a renderer draws, and draws each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from farm import extras
from farm.cli.console import AsJson, note, out, print_json
from models.errors import BadInput, NotHere

if TYPE_CHECKING:
    from workers.renderers.words import Words


def join(app: typer.Typer) -> None:
    app.command(rich_help_panel="Look")(words)


def words(
    renderer: Annotated[str, typer.Argument(help="The renderer whose words are listed.")] = "toon",
    pictures: Annotated[
        Path | None, typer.Option(help="Draw each word into this folder; its index.html shows them all.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the words a renderer draws, and other words for them; whatever else is said is refused or listed."""
    from farm.orders.form import Order
    from workers.renderers import registry

    known, can = registry.words(renderer), registry.capabilities(renderer)
    ignores = sorted(can.ignores & Order.model_fields.keys())
    page = None if pictures is None else _draw(renderer, known, pictures)
    if as_json:
        print_json({"renderer": renderer, "words": known and known.tables(), "ignores": ignores})
        return
    if page is not None:
        out().print(str(page), soft_wrap=True)
        return
    if known is None:
        out().print(f"{renderer} takes any words. `farm workflows` says what a workflow has a place for.")
        return
    out().print(_table(known))
    note(f"It never looks at: {', '.join(ignores)}.")


def _table(known: Words) -> Table:
    """Each kind of word under where it is said; other words for one beside it."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", style="dim")
    tables = known.tables()
    for chapter, kinds in known.chapters().items():
        table.add_row(Text(chapter, "bold"))
        for kind in kinds:
            table.add_row(Text(f"  {kind}", "cyan"))
            for word, others in tables[kind].items():
                table.add_row(f"    {word}", ", ".join(others))
    return table


def _draw(renderer: str, known: Words | None, folder: Path) -> Path:
    """The page that shows all of them; raises `BadInput`, `NotHere`, `StepFailed`."""
    from farm.dailies.word_sheet import write_sheet

    if known is None:
        raise BadInput(f"{renderer} has no list of words to draw.", hint="Name toon.")
    extras.joiners()
    draw = extras.WORD_PICTURES.get(renderer)
    if draw is None:
        raise NotHere(
            f"Nothing here can draw the words of {renderer}.",
            hint="Install the worker extra: anime-render-farm[worker].",
        )
    count = sum(1 for _ in draw(folder))
    note(f"{count} words are drawn.")
    return write_sheet(renderer, known.chapters(), known.tables(), folder)
