"""`farm reference`: shows what a project's characters and style are held to, or makes it from pictures."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from farm.cli.console import AsJson, columns, note, out, print_list, who_says
from farm.cli.opened import opened
from models.actors import Actor
from models.errors import NotMeasured
from models.vocabulary import Exit

if TYPE_CHECKING:
    from rich.table import Table

    from db.catalogue import ReferenceView
    from farm.client import Farm
    from tasks.measuring.references import Built

_SHORT = 8


def reference(
    project: Annotated[str, typer.Argument(help="The project.")],
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CHARACTER] [IMAGE]...", help="Who, and approved pictures; none lists."),
    ] = None,
    *,
    style: Annotated[
        bool, typer.Option("--style", help="The pictures show the show's style, not a character.")
    ] = False,
    network: Annotated[
        list[str] | None,
        typer.Option(help="By this network; repeat. Default: all the project's profiles ask for."),
    ] = None,
    by: Annotated[str | None, typer.Option(help="Who approves them; default: who is logged in.")] = None,
    as_json: AsJson = False,
) -> None:
    """Hold a character, or the style, to approved pictures; without pictures, list what there is.

    Exit 2 when no network that is asked for is installed here.
    """
    from farm.explaining.answers import to_json

    given = list(words or ())
    character = None if style or not given else given.pop(0)
    with opened() as farm:
        if not given:
            _list(farm, project, character, style=style, as_json=as_json)
            return
        who = Actor.named(who_says(by), "A reference names nobody who approved it.")
        built, missing = _build(farm, project, character, given, networks=tuple(network or ()), by=who)
    if as_json:
        lacking = [{"network": name, "missing": why} for name, why in missing]
        print_list([*map(to_json, built), *lacking])
    else:
        for each in built:
            _print_built(each)
        for name, why in missing:
            note(f"No reference by {name} was made: {why}", "yellow")
    if not built:
        raise typer.Exit(Exit.NOT_JUDGED)


def _build(
    farm: Farm, project: str, character: str | None, texts: list[str], *, networks: tuple[str, ...], by: Actor
) -> tuple[list[Built], list[tuple[str, str]]]:
    """What was made, and which networks could make nothing, with the reason."""
    from farm.ops.stack import threads_here
    from tasks.measuring import references as building
    from workers.scoring.networks.shelf import Shelf
    from workers.scoring.networks.torch_device import set_threads

    paths = building.pictures_named(texts)
    wanted = farm.reference_networks(project, character, networks)
    set_threads(threads_here())
    builder = building.Builder(partial(farm.store_reference, project), Shelf(farm.settings.networks_dir))
    pictures, names = building.first_frames(paths), [str(path) for path in paths]
    built, missing = [], []
    for name in wanted:
        try:
            built.append(builder.build(character, name, pictures, names, by=by))
        except NotMeasured as error:
            missing.append((name, str(error)))
    return built, missing


def _list(farm: Farm, project: str, character: str | None, *, style: bool, as_json: bool) -> None:
    from farm.explaining.answers import to_json

    references = [
        each
        for each in farm.references(project)
        if (each.character is None if style else character in (None, each.character))
    ]
    if as_json:
        print_list(to_json(references))
        return
    if not references:
        out().print("No references yet: `farm reference PROJECT CHARACTER IMAGE...` makes one.")
        return
    out().print(_table(references))


def _table(references: list[ReferenceView]) -> Table:
    table = columns("who", "network", "pictures", "baseline", "approved by")
    for each in references:
        network = Text.assemble(each.network, (f" {each.network_sha256[:_SHORT]}", "dim"))
        baseline = "" if each.baseline is None else f"{each.baseline:.3f}"
        when = Text.assemble(str(each.approved_by), (f" {each.created_at:%Y-%m-%d}", "dim"))
        table.add_row(each.character or "style", network, str(len(each.image_paths)), baseline, when)
    return table


def _print_built(built: Built) -> None:
    baseline = "" if built.baseline is None else f", baseline {built.baseline:.3f}"
    out().print(
        Text.assemble(
            ("✓ ", "green"),
            f"{built.character or 'style'} by {built.network}",
            (f" {built.network_sha256[:_SHORT]}", "dim"),
            f": {built.used} of {built.pictures} pictures{baseline}, approved by {built.approved_by}",
        )
    )
    for path, why in built.outliers.items():
        note(f"  left out: {Path(path).name}: {why}", "yellow")
