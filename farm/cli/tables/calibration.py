"""A calibration as tables: each mark now and proposed with its errors, and the takes that would turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from farm.cli.console import columns, note, out
from farm.cli.tables.judgement import VERDICT_STYLE
from farm.explaining.figures import sign
from farm.judging.calibration import CIRCULAR, Labels
from workers.scoring.network_table import ARITHMETIC

if TYPE_CHECKING:
    from farm.judging.calibration import CalibratedMark, Calibration
    from farm.judging.statistics import Errors, Rate

_MOST_FLIPS = 40
_Row = tuple[str, str, str, "Errors"]
_WIDTHS = (8, 9, 18, 16, 16)


def print_calibration(calibration: Calibration) -> None:
    """The table of marks, what each number rests on, and the verdicts that would change."""
    profile = calibration.profile.name
    out().print(Text(f"{calibration.project} · profile {profile} · {calibration.takes} judged takes", "dim"))
    if calibration.labels is Labels.VERDICTS:
        note(CIRCULAR, "yellow")
    if not calibration.marks:
        out().print("No take of this project was judged yet.")
        return
    for mark in calibration.proposed:
        out().print(_heading(mark))
        out().print(_table(mark))
    for each in calibration.overall:
        out().print(Text(f"\n{each.phase.value}: all marks together, as verdicts", "bold"))
        out().print(_rows(("now", "", "", each.at_present), ("new", "", "", each.at_proposed)))
    if calibration.proposed:
        note("Intervals are 95 %, over cuts; held out: on takes that had no part in finding the limit.")
    for (reason, counts), names in _unproposed(calibration).items():
        out().print(Text.assemble(("– ", "yellow"), f"{', '.join(names)}: {reason} ({counts})"))
    for mark in calibration.marks:
        if mark.left_out:
            note(f"{_name(mark)}: {mark.left_out} takes left out, measured by another file of the network.")
    _print_flips(calibration)


def _unproposed(calibration: Calibration) -> dict[tuple[str, str], list[str]]:
    """The marks without a proposal, together where the reason and the takes are the same."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for mark in calibration.marks:
        if mark.proposal.limit is None:
            grouped.setdefault((mark.proposal.reason, _counts(mark)), []).append(_name(mark))
    return grouped


def _heading(mark: CalibratedMark) -> Text:
    network = (
        mark.mark.network if mark.network_sha256 == "" else f"{mark.mark.network} {mark.network_sha256[:8]}"
    )
    by = "" if mark.mark.network == ARITHMETIC else f" by {network}"
    return Text.assemble((f"\n{_name(mark)}", "bold"), (f"{by} · {_counts(mark)}", "dim"))


def _table(mark: CalibratedMark) -> Table:
    proposal = mark.proposal
    side = sign(mark.mark.metric)
    rows: list[_Row] = [("now", f"{side} {proposal.present:.4g}", "", proposal.at_present)]
    if proposal.limit is not None and proposal.interval is not None and proposal.at_proposed is not None:
        low, high = proposal.interval
        rows.append(("new", f"{side} {proposal.limit:.4g}", f"{low:.4g} to {high:.4g}", proposal.at_proposed))
    if proposal.held_out is not None:
        rows.append(("held out", "", "", proposal.held_out))
    table = _rows(*rows)
    if proposal.one_sided:
        table.caption, table.caption_justify = f"one-sided: {proposal.reason}", "left"
    return table


def _rows(*rows: _Row) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    for title, width in zip(("", "mark", "interval", "false rejects", "false accepts"), _WIDTHS, strict=True):
        table.add_column(title, min_width=width, no_wrap=True)
    for word, limit, interval, errors in rows:
        table.add_row(word, limit, interval, *_shares(errors))
    return table


def _shares(errors: Errors) -> tuple[str, str]:
    return _rate(errors.false_rejects), _rate(errors.false_accepts)


def _rate(rate: Rate) -> str:
    if rate.share is None:
        return "–"
    return f"{rate.share:.0%} ({rate.low * 100:.0f}–{rate.high:.0%})"


def _name(mark: CalibratedMark) -> str:
    return f"{mark.phase.value} {mark.mark.metric.value}"


def _counts(mark: CalibratedMark) -> str:
    return f"{mark.proposal.approved} approved, {mark.proposal.rejected} rejected"


def _print_flips(calibration: Calibration) -> None:
    if not calibration.proposed:
        return
    if not calibration.flips:
        out().print("No verdict of these takes would change.")
        return
    out().print(Text(f"\n{len(calibration.flips)} of {calibration.takes} verdicts would change", "bold"))
    table = columns("take", "verdict", "by", "a person said", whole=("take",))
    for flip in calibration.flips[:_MOST_FLIPS]:
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
    if len(calibration.flips) > _MOST_FLIPS:
        note(f"... and {len(calibration.flips) - _MOST_FLIPS} more; --json lists them all.")
