"""The command that hands finished cuts over: deliver."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from farm.cli.console import AsJson, columns, note, out, print_json
from farm.cli.opened import opened
from models.vocabulary import Exit, Phase

if TYPE_CHECKING:
    from farm.delivery.words import Delivered, Delivery

_JSON_HELP = (
    "With --json: folder, items (cut, phase, version, job_id, verdict, folder, files, frames, fps, "
    "pixel_sha256, is_new) and undelivered (cut, phase, reason)."
)


#: cuts without a delivery that are named; `--json` names all
_NAMED = 3


def join(app: typer.Typer) -> None:
    app.command(rich_help_panel="Deliver", epilog=_JSON_HELP)(deliver)


def deliver(
    project: Annotated[str, typer.Argument(help="The project.")],
    *,
    phase: Annotated[Phase | None, typer.Option(help="Only this phase; default: all that have passed.")] = None,
    cut: Annotated[
        list[str] | None, typer.Option(help="Only this cut, as ep001/sc010/c0010 or 1/10/10; repeat.")
    ] = None,
    to: Annotated[
        str | None, typer.Option(metavar="FOLDER", help="Where to; default: deliveries beside the takes.")
    ] = None,
    form: Annotated[
        str, typer.Option("--as", metavar="frames|clip", help="Motion as numbered PNG files or as one clip.")
    ] = "frames",
    as_json: AsJson = False,
) -> None:
    """Hand over the best passing take of each cut, under editorial's names, in versions that never change.

    Another take than last time gets the next version; the same one again changes nothing. Exit 1 when a cut has
    nothing that passed.
    """
    from farm.cli.progress import file_bars
    from farm.delivery.words import form_of, to_json
    from farm.ops.stop_signals import interrupted_like_ctrl_c

    shape = form_of(form)
    with interrupted_like_ctrl_c(), opened() as farm, file_bars() as bars:
        delivery = farm.deliver(project, phase=phase, cuts=cut or (), to=to, form=shape, progress=bars)
    if as_json:
        print_json(to_json(delivery))
    else:
        _print(delivery)
    raise typer.Exit(Exit.NOT_PASSED if delivery.undelivered else Exit.OK)


def _print(delivery: Delivery) -> None:
    titles = ("", "cut", "phase", "", "", "take")
    # 80 columns with whole job ids, because those are copied.
    table = columns(*titles, whole=titles)
    for each in delivery.delivered:
        sign = Text("✓", "green") if each.is_new else Text("=", "dim")
        table.add_row(
            sign, each.cut, each.phase.value, each.version, _what(each), Text(str(each.job_id), "dim")
        )
    out().print(table)
    for reason, cuts in _by_reason(delivery).items():
        more = f" and {len(cuts) - _NAMED} more" if len(cuts) > _NAMED else ""
        out().print(Text.assemble(("– ", "yellow"), f"{', '.join(cuts[:_NAMED])}{more}: {reason}"))
    new = sum(each.is_new for each in delivery.delivered)
    same = len(delivery.delivered) - new
    unchanged = f", {same} lay there already and were left as they are" if same else ""
    note(f"{new} delivered{unchanged}: {delivery.folder}")


def _by_reason(delivery: Delivery) -> dict[str, list[str]]:
    """Why nothing was delivered -> the cuts and phases of which that is so."""
    grouped: dict[str, list[str]] = {}
    for missing in delivery.undelivered:
        where = missing.cut + (f" {missing.phase.value}" if missing.phase else "")
        grouped.setdefault(missing.reason, []).append(where)
    return grouped


def _what(each: Delivered) -> str:
    return f"{len(each.files)} png" if each.files[0].endswith(".png") else "clip"
