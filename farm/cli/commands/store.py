"""Commands about the artifact store: store adopt, store set-aside."""

from __future__ import annotations

import typer
from rich.text import Text

from farm.cli.console import AsJson, note, out, print_json
from farm.cli.opened import opened

store = typer.Typer(no_args_is_help=True, help="The store of takes: whose it is, and what nobody knows in it.")


def join(app: typer.Typer) -> None:
    app.add_typer(store, name="store", rich_help_panel="Run the farm")


@store.command()
def adopt(as_json: AsJson = False) -> None:
    """Make the store this farm's, when `farm doctor` says that it is another's and you know better."""
    with opened() as farm:
        root, before = farm.store.root, farm.adopt_store()
    if as_json:
        print_json({"store": str(root), "before": str(before) if before else None})
        return
    out().print(Text.assemble(("✓ ", "green"), f"{root} belongs to this farm"))
    if before:
        note(f"it was that of the farm {before}, whose workers refuse it from now on", "yellow")


@store.command()
def set_aside(as_json: AsJson = False) -> None:
    """Move aside, for 14 days, every folder of the store that the database does not know, however many."""
    with opened() as farm:
        root, moved = farm.store.root, farm.set_unknown_aside()
    if as_json:
        print_json({"store": str(root), "set_aside": moved})
    elif moved:
        out().print(Text.assemble(("✓ ", "green"), f"{moved} folders moved to {root / 'unknown'}"))
    else:
        out().print("The database knows every take of the store.")
