"""Train the style network: what tells how a picture is drawn, whatever it shows.

`python -m tests.training.style --networks FOLDER` redraws frames of the procedural renderer in
foreign styles, learns what separates the styles, tries it on frames of other characters and places, and writes
`toon_style.npz` and `toon_style.json` beside the scoring package.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.training.fitting import fit_projection
from tests.training.small_networks import learn_and_try
from tests.training.unseen_styles import UNSEEN_STYLES
from workers.renderers.toon.random_scenes import picture
from workers.scoring.foreign_styles import FOREIGN_STYLES
from workers.scoring.gauges.style import build_style_reference
from workers.scoring.metrics import style_adherence
from workers.scoring.networks import style_toon
from workers.scoring.references import MIN_STYLE_REFERENCES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workers.scoring.networks.efficientnet_lite0 import EfficientNetLite0
    from workers.scoring.networks.style_toon import StyleToon

_MARK = 0.85


def main(argv: list[str] | None = None) -> int:
    """Train, try, write; exit code 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=Path, required=True, help="folder that holds efficientnet-lite0")
    parser.add_argument("--frames", type=int, default=160)
    parser.add_argument("--into", type=Path, default=style_toon.FILE.parent)
    options = parser.parse_args(argv)
    learn_and_try(
        options.networks,
        options.into / style_toon.FILE.name,
        learn=lambda lite0: train(lite0, options.frames),
        try_unseen=lambda lite0, file: try_unseen(style_toon.StyleToon(lite0, file)),
        learnt_from={"trained_on_frames": options.frames},
    )
    return 0


def train(lite0: EfficientNetLite0, count: int) -> dict[str, NDArray[np.float32]]:
    """The projection's arrays: each style is a label, content is what varies inside it."""
    described, labels = [], []
    for number in range(count):
        frame = _frame(number, "style-seen")
        described.append(style_toon.StyleToon.describe(lite0, frame))
        labels.append(0)
        for label, style in enumerate(FOREIGN_STYLES.values(), start=1):
            described.append(style_toon.StyleToon.describe(lite0, style(frame)))
            labels.append(label)
    return fit_projection(np.stack(described), np.array(labels), size=len(FOREIGN_STYLES))


def try_unseen(network: StyleToon, projects: int = 6, each: int = 10) -> dict[str, Any]:
    """Adherence of unseen frames to references of eight frames, in style and in foreign ones."""
    own: list[float] = []
    styles = {**FOREIGN_STYLES, **UNSEEN_STYLES}
    foreign: dict[str, list[float]] = {name: [] for name in styles}
    for project in range(projects):
        start = 1000 * project
        approved = [_frame(start + n, "style-unseen") for n in range(MIN_STYLE_REFERENCES)]
        reference = build_style_reference(network, approved)
        for n in range(each):
            frame = _frame(start + 100 + n, "style-unseen")
            pictures = {"": frame} | {name: style(frame) for name, style in styles.items()}
            for name, drawn in pictures.items():
                cosine = float(network.embed(drawn) @ reference.centroid)
                value = style_adherence(cosine, mu_pos=reference.mu_pos, mu_neg=reference.mu_neg)
                (foreign[name] if name else own).append(value)
    return {
        "network": network.name,
        "mark": _MARK,
        "in_style_passes": round(float((np.array(own) >= _MARK).mean()), 4),
        "in_style_p5": round(float(np.percentile(own, 5)), 4),
        "in_style_tried": len(own),
        "styles_not_learnt_from": list(UNSEEN_STYLES),
        "foreign_passes": {name: round(float((np.array(v) >= _MARK).mean()), 4) for name, v in foreign.items()},
    }


def _frame(number: int, series: str) -> NDArray[np.uint8]:
    people = (number,) if number % 2 else (number, number + 1)
    return picture(people, series, 0).draw()


if __name__ == "__main__":
    sys.exit(main())
