"""Scores in full on the terminal: each number with its mark, distribution, course, worst frame and network."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from farm.explaining.figures import STATUS_SIGNS, sign, value_beside_mark
from farm.explaining.sentences import attribute_sentences, differing_attributes, explain, frame_range
from models.metrics import WORST_PICTURE, Direction
from models.vocabulary import ScoreStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

    from farm.explaining.scores import MarkedScore

_BLOCKS = " ▁▂▃▄▅▆▇█"
_INDENT = 2
#: a course that failed is drawn this high, one that passed in a single line
_ROWS_FAILED = 4
_WIDEST = 96
#: characters that one value of a short course is wide
_BROADEST = 4


class ScoreDetails:
    """Every score of a take, what failed first; laid out for the console's width."""

    def __init__(self, scores: Iterable[MarkedScore]) -> None:
        order = (ScoreStatus.FAIL, ScoreStatus.NOT_MEASURED, ScoreStatus.PASS)
        self._scores = sorted(scores, key=lambda score: order.index(score.status))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        name = max((len(score.metric.value) for score in self._scores), default=0)
        for score in self._scores:
            yield _head(score, name)
            for part in _explained(score, min(options.max_width, _WIDEST) - _INDENT):
                yield Padding(part, (0, 0, 0, _INDENT))
            if score.status is ScoreStatus.FAIL:
                yield Text("")


def score_details(scores: Iterable[MarkedScore]) -> ScoreDetails:
    """Everything that is known of these scores, to print."""
    return ScoreDetails(scores)


def course(score: MarkedScore, width: int, rows: int) -> list[Text]:
    """The value over time as `rows` lines of at most `width` bars, bars on the bad side of the mark in red.

    Each bar is the worst value of its stretch; the line on which the mark lies is dashed where no bar covers
    it. Needs at least two points.
    """
    bars = _bars(score, width)
    shown = [*bars, score.mark] if score.mark is not None else bars
    low, high = min(*shown, 0.0) if min(shown) < 0.2 * max(shown) else min(shown), max(shown)
    # The smallest bar must be seen as well.
    low -= (high - low or 1.0) * 0.08
    span = high - low or 1.0
    levels = [(value - low) / span * rows * 8 for value in bars]
    mark_row = None if score.mark is None else min(rows - 1, int((score.mark - low) / span * rows))
    lines = []
    for row in reversed(range(rows)):
        line = Text()
        for value, level in zip(bars, levels, strict=True):
            block = _BLOCKS[max(0, min(8, round(level - row * 8)))]
            style = "red" if score.is_bad(value) else "green" if score.mark is not None else "cyan"
            if block == " " and row == mark_row and rows > 1:
                line.append("┄", "dim")
            else:
                line.append(block, style)
        if row == mark_row and rows > 1 and score.mark is not None:
            line.append(f" {sign(score.metric)} {score.mark:g}", "dim")
        lines.append(line)
    return lines


def _bars(score: MarkedScore, width: int) -> list[float]:
    """The worst value of each of `width` stretches of the course; a short course gets broad bars."""
    values = score.curve
    if len(values) <= width:
        return [value for value in values for _ in range(min(_BROADEST, width // len(values)))]
    worst = min if score.metric.direction is Direction.HIGHER else max
    edges = [round(index * len(values) / width) for index in range(width + 1)]
    return [worst(values[start:end]) for start, end in pairwise(edges)]


def _head(score: MarkedScore, name: int) -> Text:
    text, style = STATUS_SIGNS[score.status]
    line = Text.assemble((f"{text} ", style), (f"{score.metric.value:<{name}}", "bold"), "  ")
    line.append(f"{value_beside_mark(score):>8}", style)
    if score.mark is not None:
        line.append(f"  {sign(score.metric)} {score.mark:g}")
        line.append(f" ({score.metric.direction.value} is better)", "dim")
    return line


def _explained(score: MarkedScore, width: int) -> Sequence[RenderableType]:
    parts: list[RenderableType] = []
    sentence = explain(score)
    if sentence:
        parts.append(Text(sentence + ".", "red" if score.status is ScoreStatus.FAIL else "yellow"))
    if len(score.curve) > 1:
        rows = _ROWS_FAILED if score.status is ScoreStatus.FAIL else 1
        parts += course(score, width - 12, rows)
    parts.append(Text(" · ".join(_facts(score)), "dim"))
    if picture := score.detail.get(WORST_PICTURE):
        parts.append(Text(f"picture {picture}", "dim"))
    differing = differing_attributes(score)
    parts += [Text(text, "red" if text in differing else "dim") for text in attribute_sentences(score)]
    return parts


def _facts(score: MarkedScore) -> list[str]:
    facts = [str(score.detail["text"])] if score.detail.get("text") else []
    facts += [f"{name} {number:.4g}" for name, number in score.distribution]
    if score.status is not ScoreStatus.FAIL and (where := frame_range(score)):
        facts.append(f"worst {where}")
    rate = score.detail.get("detection_rate")
    looked = score.detail.get("frames_looked_at")
    if isinstance(rate, int | float) and isinstance(looked, int) and looked > 1:
        facts.append(f"everybody found in {rate:.0%} of {looked} frames")
    return [*facts, _by(score)]


def _by(score: MarkedScore) -> str:
    """Who measured it: network, short hash, version of the formula."""
    network = "plain arithmetic" if score.network == "none" else f"{score.network} {score.network_sha256[:8]}"
    return f"by {network.strip()}" + (f", formula {score.formula}" if score.formula else "")
