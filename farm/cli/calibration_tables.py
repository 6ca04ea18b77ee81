"""A calibration as tables: each mark now and proposed with its errors, and the takes that would turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from farm.calibrating import CIRCULAR, Labels
from farm.cli.console import note, out
from farm.cli.verdicts import VERDICT_STYLE
from models.metrics import Direction

if TYPE_CHECKING:
    from farm.calibrating import CalibratedMark, Calibration
    from farm.calibration import Rate

_MOST_FLIPS = 40


def print_calibration(found: Calibration) -> None:
    """The table of marks, what each number rests on, and the verdicts that would change."""
    out().print(Text(f"{found.project} · profile {found.profile.name} · {found.takes} judged takes", "dim"))
    if found.labels is Labels.VERDICTS:
        note(CIRCULAR, "yellow")
    if not found.marks:
        out().print("No take of this project was judged yet.")
        return
    out().print(_marks(found.marks))
    note(
        "Shares in % with 95 % intervals, over cuts; held out: on takes that had no part in finding the limit."
    )
    for mark in found.marks:
        if mark.left_out:
            note(f"{_name(mark)}: {mark.left_out} takes left out, measured by another file of the network.")
    _print_flips(found)


def _marks(marks: tuple[CalibratedMark, ...]) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("phase, metric, network", overflow="fold")
    table.add_column("takes", no_wrap=True)
    table.add_column("mark", no_wrap=True)
    table.add_column("false rejects", overflow="fold")
    table.add_column("false accepts", overflow="fold")
    for mark in marks:
        found = mark.proposal
        sign = "≤" if mark.mark.metric.direction is Direction.LOWER else "≥"
        name = Text.assemble(
            mark.phase.value, " ", (mark.mark.metric.value, "bold"), "\n", (mark.mark.network, "dim")
        )
        counts = f"{found.approved} approved\n{found.rejected} rejected"
        rows = [("now", f"{sign} {found.present:.4g}", found.at_present)]
        if found.limit is not None and found.at_proposed is not None:
            low, high = found.interval or (found.limit, found.limit)
            side = " one-sided" if found.one_sided else ""
            rows.append(("new", f"{sign} {found.limit:.4g} ({low:.4g} to {high:.4g}){side}", found.at_proposed))
            if found.held_out is not None:
                rows.append(("held out", "", found.held_out))
        limits = Text("\n").join(Text.assemble((word, "dim"), " ", limit) for word, limit, _ in rows)
        rejects = "\n".join(_rate(errors.false_rejects) for _, _, errors in rows)
        accepts = "\n".join(_rate(errors.false_accepts) for _, _, errors in rows)
        table.add_row(name, counts, limits, rejects, accepts)
        if found.reason:
            table.add_row("", "", Text(f"→ {found.reason}", "yellow"), "", "")
    return table


def _rate(rate: Rate) -> str:
    if rate.share is None:
        return "–"
    return f"{rate.share:.0%} ({rate.low:.0%}–{rate.high:.0%})"


def _name(mark: CalibratedMark) -> str:
    return f"{mark.phase.value} {mark.mark.metric.value}"


def _print_flips(found: Calibration) -> None:
    if not found.proposed:
        return
    if not found.flips:
        out().print("No verdict of these takes would change.")
        return
    out().print(Text(f"\n{len(found.flips)} of {found.takes} verdicts would change", "bold"))
    table = Table(box=None, header_style="dim", pad_edge=False)
    for title in ("take", "verdict", "by", "a person said"):
        table.add_column(title, overflow="fold")
    for flip in found.flips[:_MOST_FLIPS]:
        place = Text.assemble(
            f"{flip.phase.value} {flip.cut or ''} take {flip.take_number}\n", (str(flip.job_id), "dim")
        )
        change = Text.assemble(
            (flip.before.value, VERDICT_STYLE[flip.before]),
            " → ",
            (flip.after.value, VERDICT_STYLE[flip.after]),
        )
        person = Text(flip.person.value, VERDICT_STYLE[flip.person]) if flip.person else Text("–", "dim")
        table.add_row(place, change, ", ".join(flip.metrics), person)
    out().print(table)
    if len(found.flips) > _MOST_FLIPS:
        note(f"... and {len(found.flips) - _MOST_FLIPS} more; --json lists them all.")
