"""Write the dailies: one HTML page that opens from disk, with takes beside scores, verdicts and plots."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from farm.dailies.plots import curve_svg
from farm.explaining.figures import figure, label, sign, value_beside_mark
from farm.explaining.sentences import attribute_sentences, differing_attributes, explain, frame_range
from models import disk
from models.takes import STILL_LIMIT_S
from models.vocabulary import Phase

if TYPE_CHECKING:
    from pathlib import Path

    from farm.dailies.values import Dailies
    from farm.explaining.scores import MarkedScore


def write_page(dailies: Dailies, path: Path) -> Path:
    """Write the page to `path`, whole or not at all; its media are the addresses the takes name."""
    page = environment().get_template("dailies.html.j2").render(dailies=dailies, phases=list(Phase))
    disk.replace_text(path, page)
    return path


@cache
def environment() -> Environment:
    """The farm's templates, with what they call to put a figure into words."""
    templates = Environment(
        loader=PackageLoader("farm", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals["still_limit"] = f"{STILL_LIMIT_S:g}"
    templates.filters |= {
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
    return templates


def _plot(score: MarkedScore, frames: int = 0) -> Markup:
    # Built from numbers and our own metric names alone: nothing a person typed gets in unescaped.
    return Markup(curve_svg(score, label(score.metric), frames))  # noqa: S704 - see above
