"""Commands about shows: show load, show export, show profile."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from farm import extras
from farm.cli.console import AsJson, note, out, print_json, who_says
from farm.cli.opened import opened
from farm.explaining.answers import to_json
from farm.judging.lacking import sentence as said_of_networks
from farm.paths import typed
from models.errors import BadInput, Conflict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from farm.client import Farm
    from models.shows import StoredShow

show = typer.Typer(no_args_is_help=True, help="Shows: load one from YAML, choose who judges it.")


def join(app: typer.Typer) -> None:
    app.add_typer(show, name="show", rich_help_panel="Order")


@show.command()
def load(
    file: Annotated[str, typer.Argument(help="The show as YAML; see examples/.")],
    references: Annotated[
        bool, typer.Option(help="Draw and approve reference pictures where the show names none.")
    ] = True,
    lenient: Annotated[
        bool, typer.Option("--lenient", help="Accept words that the renderer will not draw, and list them.")
    ] = False,
    rename: Annotated[
        bool, typer.Option("--rename", help="It is the show of that slug, under a new name.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Load a show: project, story bible, characters, scenes and cuts. Loading it again updates it."""
    with opened() as farm:
        stored = farm.load_show(file, lenient=lenient, rename=rename)
        profiles = farm.profiles(stored.project)
        made_references = _references(farm, stored) if references else {}
    if as_json:
        print_json(to_json(stored) | {"references": made_references})
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
    if stored.not_drawn:
        note(f"not drawn: {', '.join(stored.not_drawn)}", "yellow")
    if profiles.chosen_by:
        note(f"judged by {profiles.chosen}, as {profiles.chosen_by} chose")
    for sentence in made_references.get("said", ()):
        note(sentence)


@show.command()
def export(
    project: Annotated[str, typer.Argument(help="The project.")],
    file: Annotated[str | None, typer.Argument(help="A new file; without one it is printed.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a show as the YAML that loads it again; what was calibrated and chosen here stays here."""
    from farm.shows.exporting import yaml_of

    with opened() as farm:
        whole = farm.show(project)
    text = yaml_of(whole.content)
    if file is not None:
        _write_new(typed(file), text)
    if as_json:
        print_json(to_json(whole))
    elif file is None:
        # As it is: a terminal's colours and line ends would be part of it.
        sys.stdout.write(text)


def _write_new(path: Path, text: str) -> None:
    """Raises `Conflict` where the file is there: it may hold more than the farm knows, as comments."""
    try:
        with path.open("x", encoding="utf-8") as target:
            target.write(text)
    except FileExistsError as error:
        raise Conflict(f"There is a file {path} already.", hint="Name another, or move it away.") from error
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}.", hint="Name another file.") from error


@show.command()
def profile(
    project: Annotated[str, typer.Argument(help="The project.")],
    name: Annotated[str | None, typer.Argument(help="Judge the next orders by this profile.")] = None,
    by: Annotated[str | None, typer.Option(help="Who decides; default: who is logged in.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say which profile judges a project and which it could have, or choose another for its next orders."""
    with opened() as farm:
        if name is not None:
            farm.choose_profile(project, name, by=who_says(by))
        profiles = farm.profiles(project)
        lacking = list(farm.networks_lacking(project))
    chosen, own = profiles.chosen, profiles.own
    if as_json:
        known = list(profiles.known)
        print_json({"project": project, "profile": chosen, "known": known, "own": own, "lacking": lacking})
        return
    out().print(Text.assemble(f"{project} is judged by ", (chosen, "bold"), _evidence(own, chosen)))
    if warning := said_of_networks(chosen, lacking):
        note(warning, "yellow")
    for metric, why in profiles.profile.leaves_out.items():
        note(f"  {metric.value}: {why}")
    for each in sorted({*profiles.known} - {chosen}):
        note(f"it could be: {each}{_evidence(own, each)}")


def _evidence(own: Mapping[str, Any], name: str) -> str:
    """Who calibrated a profile and when, where somebody did."""
    origin = own.get(name, {}).get("calibration", {})
    return f", calibrated by {origin['by']} on {str(origin['at'])[:10]}" if {"by", "at"} <= set(origin) else ""


def _references(farm: Farm, stored: StoredShow) -> dict[str, Any]:
    """Ask whoever has networks here to make references; a light installation has nobody."""
    report: dict[str, Any] = {}
    extras.joiners()
    for maker in extras.AFTER_LOAD:
        report |= maker(farm, stored)
    return report
