"""Commands that run the farm: up, down, demo, migrate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from farm.cli.commands.doctor import doctor
from farm.cli.console import AsJson, columns, note, notes, out, print_json, print_list
from farm.cli.opened import here, opened
from models.errors import NotHere
from models.vocabulary import Exit

if TYPE_CHECKING:
    from farm.ops.stack import Stack
    from farm.settings import Settings

_PANEL = "Run the farm"


def join(app: typer.Typer) -> None:
    for command in (up, down, demo, doctor, migrate):
        app.command(rich_help_panel=_PANEL)(command)


def up(
    workers: Annotated[int, typer.Option(min=1, max=64, help="Render workers; one per GPU.")] = 1,
    foreground: Annotated[
        bool, typer.Option("--foreground", help="Stay here and stop everything at the end, as for systemd.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Start servers, workers, beat and Flower in this folder, and wait until all of them live."""
    from farm.ops import stack
    from farm.ops.stop_signals import asked_to_stop

    settings = here()
    with asked_to_stop() as stopped:
        with notes().status("starting") as status:
            running = stack.up(
                settings, workers=workers, die_with_me=foreground, say=status.update, stopped=stopped
            )
            if not foreground:
                stack.leave_running(settings)
        try:
            _show(running, settings, as_json=as_json)
            if foreground:
                note("The farm runs in the foreground; Ctrl-C stops it.")
                stack.tend(settings, stopped, note)
        finally:
            if foreground:
                with notes().status("draining workers"):
                    stack.down(settings)


def down(as_json: AsJson = False) -> None:
    """Let workers finish or hand back what they hold, then stop everything of this folder."""
    from farm.ops import stack

    with notes().status("draining workers"):
        stopped = stack.down(here())
    if as_json:
        print_list(stopped)
    elif stopped:
        out().print(Text.assemble(("✓ ", "green"), f"stopped {', '.join(stopped)}"))
    else:
        out().print("Nothing was running here.")


def demo(
    show: Annotated[
        str | None, typer.Option(help="Another show than the example that comes with the farm.")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the demo's database and takes afterwards.")
    ] = False,
    echo: Annotated[
        bool, typer.Option("--echo", help="Show instead how Echo dispatches a task, hears of it and decides.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Render, score and gate a short episode, with faults drawn on purpose; writes out/demo/index.html."""
    from farm import extras
    from farm.cli.commands import demo_echo
    from farm.cli.commands.demo import example_show, run

    extras.joiners()
    if not extras.AFTER_LOAD:
        raise NotHere(
            "This installation can order, but not render or score.",
            hint="pip install 'anime-render-farm[worker,embedded]'",
        )
    if echo:
        print_json(demo_echo.run(example_show(show), extras.AFTER_LOAD[0]))
        return
    report = run(
        show_file=example_show(show),
        make_references=extras.AFTER_LOAD[0],
        poster=extras.POSTERS[0],
        keep=keep,
        quiet=as_json,
    )
    if as_json:
        print_json(report)
    if not report["ok"]:
        raise typer.Exit(Exit.NOT_PASSED)


def migrate(as_json: AsJson = False) -> None:
    """Bring the database's schema up to date; harmless when it is."""
    with opened() as farm:
        before, after = farm.migrate()
    if as_json:
        print_json({"before": before, "after": after})
    else:
        out().print(f"schema {after}" + (" (as it was)" if before == after else f" (was {before or 'empty'})"))


def _show(running: Stack, settings: Settings, *, as_json: bool) -> None:
    from farm.ops.keys import own_key_file

    access = running.flower
    if as_json:
        print_json(
            {
                "state_dir": str(settings.state_dir),
                "api": {"url": running.api.url, "key_file": str(own_key_file(settings.state_dir))},
                "flower": {"url": access.url, "user": access.user, "password": access.password},
                "processes": [
                    {"name": each.name, "pid": each.pid, "log": str(each.log)} for each in running.processes
                ],
                "workers": [{"id": each.id, "queues": list(each.queues)} for each in running.workers],
            }
        )
        return
    table = columns("process", "pid", "log")
    for process in running.processes:
        table.add_row(
            Text.assemble(("● ", "green"), process.name), str(process.pid), Text(str(process.log), "dim")
        )
    out().print(table)
    out().print(
        Text.assemble(
            "\nAPI     ",
            (f"{running.api.url}/api/anime/docs", "cyan"),
            f"  key in {own_key_file(settings.state_dir)}",
        )
    )
    out().print(
        Text.assemble("Flower  ", (access.url, "cyan"), f"  user {access.user}  password {access.password}")
    )
    out().print(
        Text.assemble(
            ("\nNext: ", "dim"), "farm show load examples/…  ", ("then ", "dim"), "farm submit --all-cuts",
            ("  ·  ", "dim"), "farm watch", ("  ·  ", "dim"), "farm down",
        )
    )  # fmt: skip
