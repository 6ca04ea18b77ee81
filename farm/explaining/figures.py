"""Metrics and numbers as people read them: label, figure, the value beside its mark, and its sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.metrics import Direction
from models.vocabulary import ScoreStatus

if TYPE_CHECKING:
    from farm.explaining.scores import MarkedScore
    from models.metrics import Metric

#: how a score's line begins, and in which colour a terminal prints it
STATUS_SIGNS = {
    ScoreStatus.PASS: ("✓", "green"),
    ScoreStatus.FAIL: ("✗", "bold red"),
    ScoreStatus.NOT_MEASURED: ("–", "yellow"),
}

_LABELS = {
    "decodable": "decodes",
    "fps": "frame rate",
    "luma_flicker": "luma flicker",
    "temporal_lpips": "temporal LPIPS",
}


def label(word: str) -> str:
    """A metric's or a kind's name as people read it."""
    return _LABELS.get(str(word), str(word).replace("_", " "))


def figure(value: float | None) -> str:
    """A number as short as it can be without losing what the mark decides; `-` when there is none."""
    if value is None:
        return "–"
    if value == 0 or (float(value).is_integer() and abs(value) >= 2):
        return f"{value:.0f}"
    if abs(value) >= 100:
        return f"{value:.1f}"
    return f"{value:.3f}" if abs(value) >= 0.1 else f"{value:.4f}"


def value_beside_mark(score: MarkedScore) -> str:
    """A score's value as `figure` writes it, with more digits where it would read like the mark it missed."""
    text = figure(score.value)
    if score.value is None or score.mark is None or score.value == score.mark:
        return text
    digits = 4
    while text == figure(score.mark) or float(text) == score.mark:
        text = f"{score.value:.{digits}f}"
        digits += 1
    return text


def sign(metric: Metric) -> str:
    """On which side of its mark a metric passes."""
    return "≤" if metric.direction is Direction.LOWER else "≥"
