"""Commands that need the worker extra (`score`, `networks`), joined to the CLI by an entry point.

Nothing heavy is imported until one of them runs: listing `farm --help` stays as light as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from farm.cli import extras
from farm.cli.console import AsJson, Exit, note, out, print_json, print_list
from farm.cli.opened import here
from farm.cli.progress import transfer_bars
from models.errors import BadInput, UnknownName
from tasks.commands_score import score
from workers.scoring import weights
from workers.scoring.catalogue import CATALOGUE

if TYPE_CHECKING:
    from pathlib import Path

    from farm.client import Farm
    from models.views import StoredShow
    from workers.scoring.catalogue import NetworkFile
    from workers.scoring.weights import Installed

networks = typer.Typer(no_args_is_help=True, help="The networks that score takes: list, pull, verify.")


def join(app: typer.Typer) -> None:
    """Add these commands to the `farm` command line."""
    app.command("score", rich_help_panel="Look")(score)
    app.add_typer(networks, name="networks", rich_help_panel="Run the farm")


def _make_references(farm: Farm, stored: StoredShow) -> dict[str, Any]:
    from tasks.references import make

    return make(farm, stored)


def _write_poster(master: Path, target: Path) -> None:
    from workers.media.proxies import poster

    poster(master, target)


extras.AFTER_LOAD.append(_make_references)
extras.POSTERS.append(_write_poster)


@networks.command("list")
def list_networks(as_json: AsJson = False) -> None:
    """What each network is for, its licence, and whether it is here."""
    installed = {item.name: item for item in weights.installed(here().networks_dir)}
    rows = [_row(item, installed.get(item.name)) for item in CATALOGUE]
    if as_json:
        print_list(rows)
        return
    table = Table(box=None, header_style="dim", pad_edge=False)
    for title in ("network", "here", "embedded", "size"):
        table.add_column(title, no_wrap=True)
    # Purpose and licence share a column: side by side they would leave words no room in 80 columns.
    table.add_column("purpose, licence", overflow="fold")
    for row in rows:
        state = Text("yes", "green") if row["installed"] else Text("no", "yellow")
        embedded = "needed" if row["embedded"] else ""
        purpose = Text.assemble(row["purpose"], "\n", (row["licence"], "dim"))
        table.add_row(row["name"], state, embedded, _mib(row["size"]), purpose)
    out().print(table)
    note(f"Networks are kept in {here().networks_dir}.")


@networks.command()
def pull(
    names: Annotated[list[str] | None, typer.Argument(help="Names from `farm networks list`.")] = None,
    *,
    profile: Annotated[
        str, typer.Option(help="Everything one profile needs: embedded, or spec for all upstream weights.")
    ] = "embedded",
    source: Annotated[
        str | None, typer.Option("--from", help="A folder of files fetched elsewhere, instead of the internet.")
    ] = None,
    trust: Annotated[bool, typer.Option(help="Accept files whose hash nobody wrote down.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask about non-commercial licences.")] = False,
    as_json: AsJson = False,
) -> None:
    """Fetch networks, check every hash, keep what is sound. What is here already is left alone."""
    wanted = tuple(names or ()) or _of_profile(profile)
    _ask_about_licences([weights.entry(name) for name in wanted], yes=yes)
    folder = _folder(source)
    with transfer_bars() as bars:
        pulled = weights.pull(wanted, here().networks_dir, bars, from_folder=folder, trust_unknown=trust)
    if as_json:
        print_list(_row(weights.entry(item.name), item) for item in pulled)
        return
    for item in pulled:
        out().print(Text.assemble(("✓ ", "green"), item.name, (f"  {item.sha256[:12]}", "dim")))


@networks.command()
def verify(as_json: AsJson = False) -> None:
    """Hash every network file again; exit 1 when one is damaged, 4 when the embedded profile lacks one."""
    found = weights.verify(here().networks_dir)
    missing = sorted(set(weights.embedded()) - {item.name for item in found})
    damaged = [item for item in found if item.trouble]
    if as_json:
        items = [_row(weights.entry(item.name), item) | {"trouble": item.trouble} for item in found]
        print_json({"items": items, "next": None, "missing": missing})
    else:
        for item in found:
            mark = ("✗ ", "bold red") if item.trouble else ("✓ ", "green")
            out().print(Text.assemble(mark, item.name, (f"  {item.trouble or item.sha256[:12]}", "dim")))
        for name in missing:
            out().print(Text.assemble(("– ", "yellow"), name, ("  not here: run `farm networks pull`", "dim")))
    if damaged:
        raise typer.Exit(Exit.NOT_PASSED)
    if missing:
        raise typer.Exit(Exit.NOT_HERE)


def _of_profile(profile: str) -> tuple[str, ...]:
    if profile == "embedded":
        return weights.embedded()
    if profile == "spec":
        return tuple(item.name for item in CATALOGUE)
    raise UnknownName(f"No profile {profile!r} lists networks.", hint="Choose embedded or spec.")


def _ask_about_licences(items: list[NetworkFile], *, yes: bool) -> None:
    """Weights for research only are pulled when a person has said so."""
    for item in items:
        if item.non_commercial and not yes:
            typer.confirm(f"{item.name}: {item.licence}. Pull it?", abort=True, err=True)


def _folder(source: str | None) -> Path | None:
    if source is None:
        return None
    from pathlib import Path

    folder = Path(source).expanduser()
    if not folder.is_dir():
        raise BadInput(f"There is no folder {folder}.", hint="Name the folder that holds the files.")
    return folder


def _row(item: NetworkFile, here: Installed | None) -> dict[str, Any]:
    return {
        "name": item.name,
        "purpose": item.purpose,
        "licence": item.licence,
        "non_commercial": item.non_commercial,
        "embedded": item.embedded,
        "size": item.size,
        "installed": here is not None,
        "path": str(here.path) if here else None,
        "sha256": here.sha256 if here else item.sha256,
    }


def _mib(size: int | None) -> str:
    return "" if size is None else f"{size / 2**20:.0f} MiB"
