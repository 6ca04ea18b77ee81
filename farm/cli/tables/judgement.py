"""Scores and verdicts as tables: the same picture in `farm score`, `farm job` and `farm demo`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from farm.cli.console import out
from farm.explaining.figures import STATUS_SIGNS, sign
from farm.explaining.sentences import explain, frame_range
from models.vocabulary import ScoreStatus, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from farm.explaining.scores import MarkedScore
    from models.metrics import Judgement, Metric

VERDICT_STYLE = {
    Verdict.PASS: "bold green",
    Verdict.APPROVED: "bold green",
    Verdict.RETAKE: "bold red",
    Verdict.REJECTED: "bold red",
    Verdict.REVIEW: "bold yellow",
}


def print_judgement(judgement: Judgement, *, title: str, details: bool = False) -> None:
    """A table of scores, or each in full, and the verdict with what blocks it."""
    from farm.cli.tables.scores import score_details
    from farm.explaining.scores import judged_scores

    scores = judged_scores(judgement)
    out().print(Text(title, "dim"))
    if details:
        out().print(score_details(scores))
    else:
        out().print(scores_table(scores))
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


def scores_table(scores: Iterable[MarkedScore]) -> Table:
    """One row a metric: status, value, mark, the network that measured it, and what explains the number."""
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("")
    table.add_column("metric", no_wrap=True)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("mark", justify="right", no_wrap=True)
    table.add_column("network", overflow="fold")
    table.add_column("why", overflow="fold", style="dim")
    for score in scores:
        mark = "" if score.mark is None else f"{sign(score.metric)} {score.mark:g}"
        digest = (f" {score.network_sha256[:8]}", "dim")
        by = Text.assemble(score.network, digest) if score.network != "none" else Text("")
        figure = Text("–", "yellow") if score.value is None else Text(f"{score.value:.4g}")
        table.add_row(Text(*STATUS_SIGNS[score.status]), score.metric.value, figure, mark, by, _why(score))
    return table


def _why(score: MarkedScore) -> str:
    """A failed metric in its sentence; else what is known of the number in a few words."""
    if score.status is ScoreStatus.FAIL:
        return explain(score)
    if score.reason or score.detail.get("text"):
        return score.reason or str(score.detail["text"])
    where = frame_range(score)
    return f"worst {where}" if where else ""
