"""Commands that need the worker extra (`score`, `networks`), joined to the CLI by an entry point.

Nothing heavy is imported until one of them runs: listing `farm --help` stays as light as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from farm import extras
from farm.delivery.words import WRITERS
from tasks.commands.accept import accept
from tasks.commands.networks import networks
from tasks.commands.recipe import recipe
from tasks.commands.reference import reference
from tasks.commands.score import score

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import typer

    from farm.delivery.words import Chosen
    from farm.extras import Premises
    from models.shows import StoredShow


def join(app: typer.Typer) -> None:
    app.command("score", rich_help_panel="Look")(score)
    app.command("recipe", rich_help_panel="Look")(recipe)
    app.command("reference", rich_help_panel="Judge")(reference)
    app.add_typer(networks, name="networks", rich_help_panel="Run the farm")


def _make_references(farm: Premises, stored: StoredShow) -> dict[str, Any]:
    from tasks.references.making import make

    return make(farm, stored)


def _write_poster(master: Path, target: Path) -> None:
    from workers.media.proxies import poster

    poster(master, target)


def _write_delivery(
    chosen: Chosen, master: Path, folder: Path, names: Sequence[str], progress: Callable[[int], None]
) -> None:
    from tasks.commands.delivery import write

    write(chosen, master, folder, names, progress)


def _draw_words(folder: Path) -> Iterator[tuple[str, str]]:
    from workers.renderers.toon.word_pictures import write_pictures

    return write_pictures(folder)


extras.AFTER_LOAD.append(_make_references)
extras.POSTERS.append(_write_poster)
extras.ACCEPTANCE.append(accept)
extras.WORD_PICTURES["toon"] = _draw_words
WRITERS.append(_write_delivery)
