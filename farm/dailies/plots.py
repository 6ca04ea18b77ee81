"""Small line charts as SVG text: one metric over the frames of a take, with its mark and its worst frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.metrics import Direction

if TYPE_CHECKING:
    from farm.explaining.scores import MarkedScore

_WIDTH = 320
_HEIGHT = 84
_PAD = 6


def curve_svg(score: MarkedScore, label: str, frames: int = 0) -> str:
    """The course of one metric over time; colours come from the page's stylesheet (`plot`, `mark`, `worst`...).

    `score.curve` must hold at least two values. Where the measurement names the frame of each, they stand at
    their place among the take's `frames`; else they are spread evenly. The mark's bad side is shaded.
    """
    values = score.curve
    low, high = _range(values, score.mark)
    first, last = _span(score, frames)
    points = [(_x(at, first, last), _y(value, low, high)) for at, value in score.points]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    area = f"{points[0][0]:.1f},{_HEIGHT} {line} {points[-1][0]:.1f},{_HEIGHT}"
    parts = [
        f'<svg class="plot" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" preserveAspectRatio="none" '
        f'aria-label="{label} over {len(values)} points, from {min(values):.4g} to {max(values):.4g}">',
        *_mark(score, low, high),
        f'<polygon class="area" points="{area}"/>',
    ]
    x, y = points[_worst(score)]
    parts.append(f'<line class="at" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{_HEIGHT}"/>')
    parts.append(f'<polyline class="line" points="{line}"/>')
    # The chart is stretched to its place: most of the dot is its stroke, which is not stretched with it.
    parts.append(f'<circle class="worst" cx="{x:.1f}" cy="{y:.1f}" r="1"/></svg>')
    return "".join(parts)


def _mark(score: MarkedScore, low: float, high: float) -> list[str]:
    """The mark as a line, and a shade over the side of it that fails."""
    if score.mark is None:
        return []
    y = _y(score.mark, low, high)
    top, height = (0.0, y) if score.metric.direction is Direction.LOWER else (y, _HEIGHT - y)
    return [
        f'<rect class="beyond" x="0" y="{top:.1f}" width="{_WIDTH}" height="{height:.1f}"/>',
        f'<line class="mark" x1="0" x2="{_WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>',
    ]


def _worst(score: MarkedScore) -> int:
    """Which point is marked: the one at the worst frame, or that with the worst value."""
    if score.names_frames and score.worst_frame is not None:
        away = [abs(at - score.worst_frame) for at, _ in score.points]
        return away.index(min(away))
    worst = min if score.metric.direction is Direction.HIGHER else max
    return score.curve.index(worst(score.curve))


def _span(score: MarkedScore, frames: int) -> tuple[float, float]:
    """What the left and the right edge of the chart stand for."""
    first, last = score.points[0][0], score.points[-1][0]
    return (0.0, max(last, frames - 1.0)) if score.names_frames and frames > 1 else (first, last)


def _range(values: list[float], mark: float | None) -> tuple[float, float]:
    """The least and greatest value drawn, with the mark in sight and never a zero height."""
    shown = [*values, mark] if mark is not None else values
    low, high = min(shown), max(shown)
    margin = (high - low or abs(high) or 1.0) * 0.12
    return low - margin, high + margin


def _x(at: float, first: float, last: float) -> float:
    return _PAD + (at - first) / ((last - first) or 1.0) * (_WIDTH - 2 * _PAD)


def _y(value: float, low: float, high: float) -> float:
    return _HEIGHT - _PAD - (value - low) / (high - low) * (_HEIGHT - 2 * _PAD)
