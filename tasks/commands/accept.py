"""`farm doctor --accept`: ask for what it needs, run it, show it, write its report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from farm.cli.console import note, notes, out, print_json
from farm.cli.opened import here

if TYPE_CHECKING:
    from rich.status import Status

    from farm.extras import AcceptanceWish
    from models.vocabulary import Exit
    from workers.acceptance.findings import Finding
    from workers.acceptance.run import Acceptance

_WIDTH = 54


def accept(wish: AcceptanceWish) -> Exit:
    """Run the acceptance and write its report; raises `BadInput` for a folder that does not exist."""
    from farm.ops.stack import threads_here
    from tasks.commands import accept_page
    from tasks.commands.networks import agreed_to, folder_of, mirror_of
    from workers.acceptance import run
    from workers.acceptance.media import Media
    from workers.scoring import weights
    from workers.scoring.download import RetryPolicy

    way = weights.Way(
        from_folder=folder_of(wish.source),
        mirror=mirror_of(None, wish.source),
        retries=RetryPolicy(tries=2),
    )
    everything = tuple(item.name for item in weights.network_files())
    pulled = () if wish.offline else agreed_to(everything, yes=wish.yes, or_leave_out=True)
    with notes().status("measuring") as status:
        course = _Course(status, silent=wish.as_json)
        acceptance = run.run(
            run.Wish(
                networks_dir=here().networks_dir,
                media=Media(folder_of(wish.media)),
                pull=pulled,
                way=way,
                offline=wish.offline,
                threads=threads_here(),
                progress=course.pulling,
            ),
            course.show,
        )
    written = accept_page.write(acceptance, wish.into)
    if wish.as_json:
        print_json(acceptance.to_json())
    else:
        _print_end(acceptance)
    note(f"Written: {written[0]} and {written[1].name}.")
    return acceptance.exit


class _Course:
    """Shows how far the acceptance has come: each finding below its section's title, and a line that moves."""

    def __init__(self, status: Status, *, silent: bool) -> None:
        """`silent` leaves only the moving line, for a run whose findings are printed as JSON."""
        self._status = status
        self._silent = silent
        self._section = ""

    def show(self, finding: Finding) -> None:
        self._status.update(f"measuring · {finding.section.lower()}")
        if self._silent:
            return
        if finding.section != self._section:
            self._section = finding.section
            out().print(Text(f"\n{finding.section}", style="bold"))
        _print(finding)

    def pulling(self, name: str, done: int, total: int | None) -> None:
        of = f" of {total / 2**20:.0f}" if total else ""
        self._status.update(f"pulling {name} · {done / 2**20:.0f}{of} MiB")


def _print(finding: Finding) -> None:
    from workers.acceptance.findings import Outcome

    sign, style = {
        Outcome.AGREED: ("✓", "green"),
        Outcome.DISAGREED: ("✗", "bold red"),
        Outcome.NOT_MEASURED: ("–", "yellow" if finding.required else "dim"),
        Outcome.NOTED: ("·", "dim"),
    }[finding.outcome]
    text = finding.reason or finding.shown
    line = Text.assemble((sign, style), f" {finding.name:<{_WIDTH}} ", (text, "dim" if finding.reason else ""))
    if finding.expected and finding.outcome is not Outcome.NOT_MEASURED:
        line.append(f"  ({finding.expected})", style="dim")
    out().print(line, soft_wrap=True)
    if finding.outcome is Outcome.DISAGREED:
        out().print(Text(f"  → expected {finding.expected}: {finding.source}", style="cyan"), soft_wrap=True)


def _print_end(acceptance: Acceptance) -> None:
    from tasks.commands.accept_page import headline_of, todos
    from workers.acceptance.findings import Outcome

    waiting = todos(acceptance.findings)
    if waiting:
        out().print(Text("\nWhat to do", style="bold"))
    for todo in waiting:
        count = f"  brings {len(todo.names)}" + ("" if todo.required else ", none of them required")
        out().print(Text.assemble(("→ ", "cyan"), (todo.todo, "cyan"), (count, "dim")), soft_wrap=True)
    headline, tone, sentence = headline_of(acceptance)
    style = {"good": "bold green", "bad": "bold red"}.get(tone, "bold yellow")
    counts = ", ".join(f"{acceptance.count(each)} {each.value.replace('_', ' ')}" for each in Outcome)
    out().print(Text.assemble("\n", (headline, style), f": {counts}.\n{sentence}"))
