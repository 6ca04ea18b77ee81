"""`farm networks`: which weights there are, which are here, and how they come here."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.padding import Padding
from rich.text import Text

from farm.cli.console import AsJson, note, out, print_error, print_json, print_list
from farm.cli.opened import here
from farm.cli.progress import transfer_bars
from farm.paths import typed
from models.errors import BadInput, FarmError
from models.vocabulary import Exit
from workers.scoring import weights
from workers.scoring.profiles import profile as built_in

if TYPE_CHECKING:
    from workers.scoring.network_files import NetworkFile
    from workers.scoring.weights import Installed

networks = typer.Typer(no_args_is_help=True, help="The networks that score takes: list, pull, verify.")

_JSON_HELP = (
    "With --json, each item has: name, purpose, licence, non_commercial, serves (the networks, as scores name "
    "them, that are loaded from it), profiles (the built-in ones that need it), size (bytes, null when nobody "
    "knows), hash_known, installed, unfinished (bytes of a download that broke off), path, sha256 and sources."
)


@networks.command("list", epilog=_JSON_HELP)
def list_networks(as_json: AsJson = False) -> None:
    """What each network is for, its licence, which profiles need it, and whether it is here."""
    installed = {item.name: item for item in weights.installed(here().networks_dir)}
    rows = [_row(item, installed.get(item.name)) for item in weights.network_files()]
    if as_json:
        print_list(rows)
        return
    _print_rows(rows)
    note(f"{_summary(rows)} Kept in {here().networks_dir}.")


@networks.command(epilog="With --json: items as `list` has them, and failed: name, kind, message, hint.")
def pull(
    names: Annotated[list[str] | None, typer.Argument(help="Names from `farm networks list`.")] = None,
    *,
    profile: Annotated[
        str | None, typer.Option(help="Everything one profile needs: embedded (the default) or spec.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every network there is.")] = False,
    source: Annotated[
        str | None, typer.Option("--from", help="A folder of files fetched elsewhere, instead of the internet.")
    ] = None,
    mirror: Annotated[
        str | None, typer.Option(help="An address asked first for MIRROR/FILE; also FARM_NETWORKS_MIRROR.")
    ] = None,
    trust: Annotated[bool, typer.Option(help="Accept files whose hash nobody wrote down.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask about non-commercial licences.")] = False,
    as_json: AsJson = False,
) -> None:
    """Fetch networks and check every hash; what is here already stays, and a broken-off download goes on."""
    wanted = _wanted(names or [], profile, everything=everything)
    agreed = agreed_to(wanted, yes=yes)
    way = weights.Way(from_folder=folder_of(source), mirror=mirror_of(mirror, source), trust_unknown=trust)
    pulled, failed = _pull_each(agreed, way)
    if failed and len(agreed) == 1:
        raise failed[0][1]
    if as_json:
        items = [_row(weights.entry(item.name), item) for item in pulled]
        failures = [_failure(name, error) for name, error in failed]
        print_json({"items": items, "next": None, "failed": failures})
    else:
        for item in pulled:
            size = _size(item.path.stat().st_size)
            out().print(
                Text.assemble(("✓ ", "green"), f"{item.name:<20}", (f"{size:>9}  {item.sha256[:12]}", "dim"))
            )
        for _, error in failed:
            print_error(error.kind, error.message, error.hint, as_json=False)
    if failed:
        raise typer.Exit(failed[0][1].exit_code)


@networks.command(
    epilog="With --json: items as `list` has them, each with trouble (empty when sound), and missing: names."
)
def verify(as_json: AsJson = False) -> None:
    """Hash every network file again; exit 1 when one is damaged, 4 when the embedded profile lacks one."""
    installed = weights.verify(here().networks_dir)
    missing = sorted(set(weights.embedded()) - {item.name for item in installed})
    damaged = [item for item in installed if item.trouble]
    if as_json:
        items = [_row(weights.entry(item.name), item) | {"trouble": item.trouble} for item in installed]
        print_json({"items": items, "next": None, "missing": missing})
    else:
        _print_verified(installed, missing)
    if damaged:
        raise typer.Exit(Exit.NOT_PASSED)
    if missing:
        raise typer.Exit(Exit.NOT_HERE)


def _wanted(names: list[str], profile: str | None, *, everything: bool) -> tuple[str, ...]:
    if sum((bool(names), profile is not None, everything)) > 1:
        raise BadInput(
            "Names, --profile and --all were given together.", hint="Say once which networks to pull."
        )
    if everything:
        return tuple(item.name for item in weights.network_files())
    if names:
        return tuple(dict.fromkeys(weights.entry(name).name for name in names))
    chosen = profile or "embedded"
    return weights.embedded() if chosen == "embedded" else weights.needed_by(built_in(chosen))


def agreed_to(wanted: tuple[str, ...], *, yes: bool, or_leave_out: bool = False) -> tuple[str, ...]:
    """The names that may be fetched: weights for research only when a person has said so.

    Raises:
        BadInput: there is nobody who could be asked; with `or_leave_out` such weights are left out instead.
    """
    present = {item.name for item in weights.installed(here().networks_dir)}
    asked = [weights.entry(name) for name in wanted if name not in present]
    closed = [item for item in asked if item.non_commercial]
    if yes or not closed:
        return wanted
    if not sys.stdin.isatty() and or_leave_out:
        return _without({item.name for item in closed}, wanted)
    if not sys.stdin.isatty():
        licences = "; ".join(f"{item.name}: {item.licence}" for item in closed)
        raise BadInput(
            f"These weights may not be used commercially, and nobody is here to be asked. {licences}.",
            hint="Say --yes when their licences allow what you do, or name the other networks.",
        )
    declined = {
        item.name
        for item in closed
        if not typer.confirm(f"{item.name} ({_size(item.size)}): {item.licence}. Pull it?", err=True)
    }
    return _without(declined, wanted)


def _without(declined: set[str], wanted: tuple[str, ...]) -> tuple[str, ...]:
    for name in sorted(declined):
        note(f"{name} is left out: its licence was not agreed to. What it measures is not measured.")
    return tuple(name for name in wanted if name not in declined)


def _pull_each(names: tuple[str, ...], way: weights.Way) -> tuple[list[Installed], list[tuple[str, FarmError]]]:
    """One after the other, so that a source which is gone does not keep the others away."""
    pulled: list[Installed] = []
    failed: list[tuple[str, FarmError]] = []
    with transfer_bars() as bars:
        for name in names:
            try:
                pulled += weights.pull([name], here().networks_dir, bars, way=way)
            except FarmError as error:
                failed.append((name, error))
    return pulled, failed


def folder_of(source: str | None) -> Path | None:
    """The folder that was named; raises `BadInput` when there is none of that name."""
    if source is None:
        return None
    folder = typed(source)
    if not folder.is_dir():
        raise BadInput(f"There is no folder {folder}.", hint="Name the folder that holds the files.")
    return folder


def mirror_of(given: str | None, source: str | None) -> str | None:
    """The mirror that was named, or that of the settings; raises `BadInput` when it is no address."""
    if given is not None and source is not None:
        raise BadInput("--mirror and --from were given together.", hint="Choose one.")
    mirror = given or here().networks_mirror
    if mirror is not None and not mirror.startswith(("http://", "https://")):
        raise BadInput(
            f"The mirror {mirror!r} is no address.", hint="Write http:// or https://, or use --from FOLDER."
        )
    return mirror


def _row(item: NetworkFile, installed: Installed | None) -> dict[str, Any]:
    return {
        "name": item.name,
        "purpose": item.purpose,
        "licence": item.licence,
        "non_commercial": item.non_commercial,
        "serves": list(weights.networks_of(item.name)),
        "profiles": list(weights.profiles_of(item.name)),
        "size": item.size,
        "hash_known": item.sha256 is not None,
        "installed": installed is not None,
        "unfinished": weights.unfinished(here().networks_dir, item),
        "path": str(installed.path) if installed else None,
        "sha256": installed.sha256 if installed else item.sha256,
        "sources": [source.where for source in item.sources],
    }


def _print_rows(rows: list[dict[str, Any]]) -> None:
    """Two lines each: what can be compared in columns, and below it what is said in words."""
    wide = max(len(row["name"]) for row in rows)
    out().print(Text(f"  {'network':<{wide}}  {'here':<6}{'size':>8}  {'hash':<8}needed by", style="dim"))
    for row in rows:
        sign, style, word = ("✓", "green", "yes") if row["installed"] else ("–", "yellow", "no")
        if row["unfinished"]:
            word = "part"
        needed = ", ".join(row["profiles"]) or "nothing built in"
        line = Text.assemble(
            (f"{sign} ", style),
            (f"{row['name']:<{wide}}", "bold"),
            (f"  {word:<6}", style),
            f"{_size(row['size']):>8}  ",
            (f"{'known' if row['hash_known'] else 'unknown':<8}", "" if row["hash_known"] else "yellow"),
            (needed, "" if row["profiles"] else "dim"),
        )
        out().print(line, soft_wrap=True)
        licence = Text(row["licence"], style="yellow" if row["non_commercial"] else "dim")
        others = [name for name in row["serves"] if name != row["name"]]
        serves = Text(f" · scores name it {', '.join(others)}" if others else "", style="dim")
        words = Text.assemble(f"{row['purpose']}\n", licence, serves)
        out().print(Padding(words, (0, 0, 0, 4)))


def _summary(rows: list[dict[str, Any]]) -> str:
    installed = sum(row["installed"] for row in rows)
    missing = sum(row["size"] or 0 for row in rows if not row["installed"])
    lacking = f" The others are {_size(missing)} to fetch." if missing else ""
    return f"{installed} of {len(rows)} are here.{lacking}"


def _print_verified(installed: tuple[Installed, ...], missing: list[str]) -> None:
    for item in installed:
        sign = ("✗ ", "bold red") if item.trouble else ("✓ ", "green")
        size = _size(item.path.stat().st_size)
        out().print(
            Text.assemble(
                sign,
                f"{item.name:<20}",
                (f"{size:>9}  ", "dim"),
                (item.trouble or item.sha256[:12], "red" if item.trouble else "dim"),
            ),
            soft_wrap=True,
        )
        if item.trouble:
            fix = f"  → farm networks pull {item.name}"
            out().print(Text(fix, style="cyan"), soft_wrap=True)
    for name in missing:
        hint = (f"{_size(weights.entry(name).size):>9}  not here: run `farm networks pull`", "dim")
        out().print(Text.assemble(("– ", "yellow"), f"{name:<20}", hint), soft_wrap=True)


def _failure(name: str, error: FarmError) -> dict[str, str]:
    return {"name": name, "kind": error.kind, "message": error.message, "hint": error.hint}


def _size(size: int | None) -> str:
    if size is None:
        return "?"
    if size >= 2**30:
        return f"{size / 2**30:.1f} GiB"
    return f"{size / 2**20:.0f} MiB" if size >= 2**20 else f"{size / 2**10:.0f} KiB"
