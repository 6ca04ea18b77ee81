"""Commands about keys: keys create, keys list, keys revoke."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from farm.cli.console import AsJson, note, out, print_json, print_list
from farm.cli.opened import opened
from farm.cli.options import lasting
from models.access import Caps, Scope

keys = typer.Typer(no_args_is_help=True, help="Keys, with which scripts, agents and Echo reach the farm.")


def join(app: typer.Typer) -> None:
    app.add_typer(keys, name="keys", rich_help_panel="Who may do what")


@keys.command()
def create(
    name: Annotated[str, typer.Argument(help="What the key is for, as lists show it.")],
    *,
    scope: Annotated[list[Scope] | None, typer.Option(help="What it opens; repeat.")] = None,
    actor: Annotated[
        str | None, typer.Option("--as", metavar="WHO", help="In whose name; default: script:NAME.")
    ] = None,
    jobs_per_day: Annotated[
        int | None, typer.Option(help="Orders no more from midnight to midnight UTC.")
    ] = None,
    gpu_seconds_per_day: Annotated[
        int | None, typer.Option(help="Orders nothing more once its jobs took so long today.")
    ] = None,
    expires: Annotated[
        str | None, typer.Option(metavar="TIME", help="Good for 30d, 12h or 45m; default: until it is revoked.")
    ] = None,
    bound_address: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="An Echo that calls from here needs not show it; scope echo alone."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it, this once: the farm keeps no more of it than it takes to recognise it."""
    from models.plain import plain

    with opened() as farm:
        new = farm.create_key(
            name,
            scopes=scope or (),
            actor=actor,
            caps=Caps(jobs_per_day=jobs_per_day, gpu_seconds_per_day=gpu_seconds_per_day),
            expires_in=lasting(expires),
            bound_address=bound_address,
        )
    if as_json:
        print_json({"key": new.text, **plain(new.view)})
        return
    out().print(new.text, soft_wrap=True)
    note(f"Kept as {new.view.prefix}, for {new.view.actor}. It is not shown again.", "green")
    if new.view.bound_address:
        note(f"Whoever reaches the farm from {new.view.bound_address} acts as {new.view.actor}.", "yellow")


@keys.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """List every key ever made, the newest first, with what it opens and when it was last used."""
    from farm.cli.tables.access import keys_table
    from models.plain import plain

    with opened() as farm:
        views = farm.keys()
    if as_json:
        print_list(plain(views))
    elif views:
        out().print(keys_table(views))
    else:
        out().print("No keys.")


@keys.command()
def revoke(
    prefix: Annotated[str, typer.Argument(help="The key's first letters, as `farm keys list` shows them.")],
    as_json: AsJson = False,
) -> None:
    """Let a key open nothing from now on; jobs that were ordered with it go on."""
    from models.plain import plain

    with opened() as farm:
        view = farm.revoke_key(prefix)
    if as_json:
        print_json(plain(view))
    else:
        out().print(Text.assemble(("✓ ", "green"), f"{view.prefix} ({view.name}) opens nothing any more"))
