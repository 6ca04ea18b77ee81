"""The command that shows which ComfyUI workflows orders may name, and where each can run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from farm.cli.console import AsJson, note, out, print_list
from farm.cli.opened import here, opened
from models.errors import NotHere, Refused
from models.vocabulary import Exit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from farm.orders.comfyui.fleet import Site
    from farm.orders.comfyui.trials import Trial
    from farm.orders.comfyui.workflows import Offer
    from workers.renderers.comfyui.workflow import Workflow


def join(app: typer.Typer) -> None:
    app.command(rich_help_panel="Look")(workflows)


def workflows(as_json: AsJson = False) -> None:
    """List ComfyUI workflows, the farm's and the studio's, and where each can run. Exit 1: one is broken."""
    from farm.orders.comfyui.trials import to_json

    folder = here().workflows_dir
    offers, sites, silence = _offers_and_sites()
    if as_json:
        print_list(to_json(offer, sites) for offer in offers)
    else:
        out().print(_table(offers, sites))
        if silence:
            note(silence, "yellow")
        note(
            f"The studio's own are read from {folder}"
            f"{'' if folder.is_dir() else ', which is not there'}; examples/workflows shows how to write one."
        )
    raise typer.Exit(Exit.NOT_PASSED if any(offer.error for offer in offers) else Exit.OK)


def _offers_and_sites() -> tuple[tuple[Offer, ...], tuple[Site, ...], str]:
    """The workflows, every ComfyUI that answers now, and what to say where there is none."""
    from farm.orders.comfyui.workflows import Library

    try:
        with opened() as farm:
            offers, live = farm.workflows(), farm.comfyuis()
    except (NotHere, Refused) as error:
        # A studio tries its bindings before its farm runs.
        offers = tuple(Library(here().workflows_dir).offers().values())
        return offers, (), f"Where they can run is not known: {error.message}"
    return offers, live, "" if live else "Where they can run is not known: no ComfyUI answers at the moment."


def _table(offers: Sequence[Offer], sites: Sequence[Site]) -> Table:
    """The name on the left, everything about it on the right."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 1, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for offer in offers:
        table.add_row(Text(offer.name, "bold"), Group(*_lines(offer, sites)))
    return table


def _lines(offer: Offer, sites: Sequence[Site]) -> Iterator[RenderableType]:
    from farm.orders.comfyui.trials import trials

    whose = f"the studio's, {offer.path.name}" if offer.path else "the farm's own"
    if offer.workflow is None:
        yield Text(whose, "dim")
        yield _indented("✗", "bold red", f"{offer.error} Orders that name it are refused.")
        return
    yield Text.assemble(_makes(offer.workflow), (f"  ({whose})", "dim"))
    yield from (Text(line, "dim") for line in _facts(offer.workflow))
    for trial in trials(offer.workflow, sites):
        yield _where(trial)


def _makes(workflow: Workflow) -> str:
    kinds = " and ".join(f"{kind.value.replace('_', ' ')}s" for kind in workflow.job_types)
    start = " from a picture" if "start_image" in workflow.binding.inputs else ""
    card = f", on a card of {workflow.vram_mib / 1024:g} GiB or more" if workflow.vram_mib else ""
    return f"makes {kinds}{start}{card}"


def _facts(workflow: Workflow) -> Iterator[str]:
    from farm.orders.comfyui.trials import packages, sections
    from farm.orders.comfyui.workflows import parameters

    if takes := sections(workflow):
        yield f"takes {', '.join(takes)}"
    if own := parameters(workflow):
        yield "own parameters, which an order may set in workflow_inputs:"
        yield from (f"  {name}: {_shown(value)}" for name, value in own.items())
    if "seed" not in workflow.binding.inputs:
        yield "binds no seed: a retake of the same order looks the same"
    if needed := packages(workflow):
        yield f"needs beside ComfyUI: {', '.join(needed)}"


def _shown(value: object) -> str:
    return "nothing" if value is None else str(value)


def _where(trial: Trial) -> RenderableType:
    server, trouble = trial.site.server, trial.trouble
    card = f"{server.device}, {server.vram_mib / 1024:.0f} GiB" if server.vram_mib else server.device
    if trouble is None:
        return _indented("✓", "green", f"runs at {server.host} ({card})")
    return _indented("✗", "red", f"not at {server.host} ({card}): {trouble.sentence} {trouble.hint}".strip())


def _indented(mark: str, style: str, text: str) -> Table:
    """A mark, and a sentence that stays beside it when it is folded."""
    line = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    line.add_column(no_wrap=True, style=style)
    line.add_column(overflow="fold")
    line.add_row(mark, text)
    return line
