"""Write the dailies: one HTML page that opens from disk, with takes beside scores, verdicts and plots."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from farm.dailies.plots import curve_svg
from farm.explaining.sentences import attribute_sentences, differing_attributes, explain, frame_range
from models.metrics import Direction
from models.pace import STILL_LIMIT_S
from models.vocabulary import Phase

if TYPE_CHECKING:
    from pathlib import Path

    from farm.dailies.values import Dailies, PageScore

_LABELS = {
    "decodable": "decodes",
    "fps": "frame rate",
    "luma_flicker": "luma flicker",
    "temporal_lpips": "temporal LPIPS",
}


def write_page(dailies: Dailies, path: Path) -> Path:
    """Write the page to `path`, whole or not at all; its media are the addresses the takes name."""
    page = _environment().get_template("dailies.html.j2").render(dailies=dailies, phases=list(Phase))
    draft = path.with_suffix(".tmp")
    draft.write_text(page, encoding="utf-8")
    draft.replace(path)
    return path


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


def value_beside_mark(score: PageScore) -> str:
    """A score's value as `figure` writes it, with more digits where it would read like the mark it missed."""
    text = figure(score.value)
    if score.value is None or score.mark is None or score.value == score.mark:
        return text
    digits = 4
    while text == figure(score.mark) or float(text) == score.mark:
        text = f"{score.value:.{digits}f}"
        digits += 1
    return text


def sign(score: PageScore) -> str:
    """On which side of its mark a score passes."""
    return "≤" if score.metric.direction is Direction.LOWER else "≥"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("farm", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["still_limit"] = f"{STILL_LIMIT_S:g}"
    environment.filters |= {
        "label": label,
        "figure": figure,
        "value": value_beside_mark,
        "sign": sign,
        "plot": _plot,
        "explained": explain,
        "attributes": attribute_sentences,
        "differing": differing_attributes,
        "where": frame_range,
    }
    return environment


def _plot(score: PageScore, frames: int = 0) -> Markup:
    # Built from numbers and our own metric names alone: nothing a person typed gets in unescaped.
    return Markup(curve_svg(score, label(score.metric), frames))  # noqa: S704 - see above
