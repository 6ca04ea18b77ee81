"""Small line charts as SVG text: one metric over the frames of a take, with its mark and its worst frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from farm.dailies_page import PageScore

_WIDTH = 320
_HEIGHT = 84
_PAD = 6


def curve_svg(score: PageScore, label: str) -> str:
    """The course of one metric over time; colours come from the page's stylesheet (`plot`, `mark`, `worst`).

    `score.curve` must hold at least two values.
    """
    values = score.curve
    low, high = _range(values, score.mark)
    points = [(_x(index, len(values)), _y(value, low, high)) for index, value in enumerate(values)]
    worst = values.index(score.worst)
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    area = f"{_PAD},{_HEIGHT - _PAD} {line} {_WIDTH - _PAD},{_HEIGHT - _PAD}"
    parts = [
        f'<svg class="plot" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" preserveAspectRatio="none" '
        f'aria-label="{label} over {len(values)} points, from {min(values):.4g} to {max(values):.4g}">',
        f'<polygon class="area" points="{area}"/>',
    ]
    if score.mark is not None:
        y = _y(score.mark, low, high)
        parts.append(f'<line class="mark" x1="0" x2="{_WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>')
    x, y = points[worst]
    parts.append(f'<line class="at" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{_HEIGHT}"/>')
    parts.append(f'<polyline class="line" points="{line}"/>')
    # The chart is stretched to its place: most of the dot is its stroke, which is not stretched with it.
    parts.append(f'<circle class="worst" cx="{x:.1f}" cy="{y:.1f}" r="1"/></svg>')
    return "".join(parts)


def _range(values: list[float], mark: float | None) -> tuple[float, float]:
    """The least and greatest value drawn, with the mark in sight and never a zero height."""
    shown = [*values, mark] if mark is not None else values
    low, high = min(shown), max(shown)
    margin = (high - low or abs(high) or 1.0) * 0.12
    return low - margin, high + margin


def _x(index: int, count: int) -> float:
    return _PAD + index * (_WIDTH - 2 * _PAD) / (count - 1)


def _y(value: float, low: float, high: float) -> float:
    return _HEIGHT - _PAD - (value - low) / (high - low) * (_HEIGHT - 2 * _PAD)
