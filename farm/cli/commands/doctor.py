"""`farm doctor`: what is right and wrong here, line by line, and a machine's first day with `--accept`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from farm.cli.console import AsJson, out, print_list
from farm.cli.opened import here
from farm.extras import AcceptanceWish
from models.errors import NotHere
from models.vocabulary import Exit

if TYPE_CHECKING:
    from farm.ops.doctor.findings import Finding, Health
    from farm.settings import Settings

#: where an acceptance writes its report
_ACCEPTANCE = Path("out/acceptance")
#: how the doctor's lines begin, by health
_SIGNS = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "bold red")}


def doctor(
    *,
    models: Annotated[bool, typer.Option("--models", help="Name every file each ComfyUI has.")] = False,
    accept: Annotated[
        bool, typer.Option("--accept", help="Measure every network here and write out/acceptance/report.html.")
    ] = False,
    offline: Annotated[bool, typer.Option("--offline", help="With --accept: pull no weights first.")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="With --accept: also pull weights that may not be used commercially.")
    ] = False,
    source: Annotated[
        str | None, typer.Option("--from", help="With --accept: a folder of weights fetched elsewhere.")
    ] = None,
    media: Annotated[
        str | None, typer.Option(help="With --accept: a folder of sample pictures and clips.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Look at the installation and the running farm; each line says what to do. Exit 1 when one fails.

    With --accept it is the machine's first day: the upstream weights are pulled, both built-in profiles are run
    on sample media and on renders of our own, and everything is held against known values. Exit 0 when all of
    it agreed, 1 when something disagreed, 2 when something that a profile needs could not be measured.
    """
    if accept:
        wish = AcceptanceWish(
            into=_ACCEPTANCE, offline=offline, yes=yes, source=source, media=media, as_json=as_json
        )
        raise typer.Exit(_accepted(wish))
    from farm.ops.doctor.findings import Health

    healths = _examined(here(), models=models, as_json=as_json)
    if Health.FAIL in healths:
        raise typer.Exit(Exit.NOT_PASSED)


def _examined(settings: Settings, *, models: bool, as_json: bool) -> list[Health]:
    """Show each finding as soon as it is known; how they stand."""
    from farm.explaining.answers import to_json
    from farm.ops.doctor.examine import examine

    findings = []
    for finding in examine(settings):
        findings.append(finding)
        if not as_json:
            _show(finding, models=models)
    if as_json:
        print_list(to_json(finding) for finding in findings)
    return [finding.health for finding in findings]


def _show(finding: Finding, *, models: bool) -> None:
    sign, style = _SIGNS[finding.health.value]
    # Not wrapped, so that an address or a command can be copied from a narrow terminal.
    line = Text.assemble((sign, style), f" {finding.name:<20} ", (finding.message, ""))
    out().print(line, soft_wrap=True)
    if finding.hint:
        out().print(Text.assemble("  → ", finding.hint, style="cyan"), soft_wrap=True)
    if models:
        for folder, names in finding.details.get("models", {}).items():
            out().print(
                Text.assemble((f"    {folder:<18} ", "dim"), ", ".join(names) or "none"), soft_wrap=True
            )


def _accepted(wish: AcceptanceWish) -> int:
    """Run what the installation with networks has joined to the command line."""
    from farm import extras

    extras.joiners()
    if not extras.ACCEPTANCE:
        raise NotHere(
            "This installation can order, but not score.", hint="pip install 'anime-render-farm[worker]'"
        )
    return extras.ACCEPTANCE[0](wish)
