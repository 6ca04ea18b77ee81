"""Scores and verdicts as tables: the same picture in `farm score`, `farm job` and `farm demo`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from farm.cli.console import out
from models.metrics import Direction, Metric
from models.vocabulary import ScoreStatus, Verdict

if TYPE_CHECKING:
    from models.metrics import Judgement, Score

VERDICT_STYLE = {
    Verdict.PASS: "bold green",
    Verdict.APPROVED: "bold green",
    Verdict.RETAKE: "bold red",
    Verdict.REJECTED: "bold red",
    Verdict.REVIEW: "bold yellow",
}
_STATUS = {
    ScoreStatus.PASS: Text("✓", "green"),
    ScoreStatus.FAIL: Text("✗", "bold red"),
    ScoreStatus.NOT_MEASURED: Text("–", "yellow"),
}


def print_judgement(judgement: Judgement, *, title: str) -> None:
    """A table of scores, and the verdict with what blocks it."""
    out().print(Text(title, "dim"))
    out().print(scores_table([_line(score) for score in judgement.scores]))
    out().print(verdict_line(judgement.verdict, judgement.blocking, judgement.not_measured))


def verdict_line(
    verdict: Verdict | None,
    blocking: tuple[str, ...] | tuple[Metric, ...],
    not_measured: tuple[str, ...] | tuple[Metric, ...],
) -> Text:
    """The verdict and the metrics that decided it."""
    line = Text("verdict ")
    line.append(
        verdict.value if verdict else "none yet", VERDICT_STYLE.get(verdict, "dim") if verdict else "dim"
    )
    if blocking:
        line.append("  blocked by " + ", ".join(blocking), "red")
    if not_measured:
        line.append("  not measured: " + ", ".join(not_measured), "yellow")
    return line


ScoreLine = tuple[ScoreStatus, Metric, float | None, float | None, str, str, str]


def _line(score: Score) -> ScoreLine:
    measured = score.measurement
    why = measured.reason or str(measured.detail.get("text", "")) or _worst(measured.detail)
    limit = score.mark.limit if score.mark else None
    return (
        score.status,
        measured.metric,
        measured.value,
        limit,
        measured.network,
        measured.network_sha256,
        why,
    )


def scores_table(lines: list[ScoreLine]) -> Table:
    """One row a metric: status, value, mark, the network that measured it, and what explains the number."""
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("")
    table.add_column("metric", no_wrap=True)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("mark", justify="right", no_wrap=True)
    table.add_column("network", overflow="fold")
    table.add_column("why", overflow="fold", style="dim")
    for status, metric, value, limit, network, digest, why in lines:
        sign = "≤" if metric.direction is Direction.LOWER else "≥"
        mark = "" if limit is None else f"{sign} {limit:g}"
        by = Text.assemble(network, (f" {digest[:8]}", "dim")) if network != "none" else Text("")
        table.add_row(_STATUS[status], metric.value, _figure(value), mark, by, why)
    return table


def _worst(detail: dict[str, object]) -> str:
    worst = detail.get("worst_frame")
    return "" if worst is None else f"worst at frame {worst}"


def _figure(value: float | None) -> Text:
    return Text("–", "yellow") if value is None else Text(f"{value:.4g}")
