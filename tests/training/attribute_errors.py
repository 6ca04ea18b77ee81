"""How often measured hair and eye colours are right, on characters nobody learnt from, as a page of tables."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workers.renderers.toon.attributes import VOCABULARY
from workers.scoring.attributes import PARTS, measure
from workers.scoring.networks.heads import Head

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.training.attribute_pictures import LabelledHead

_NAMES = {"hair_color": "hair", "eye_color": "eyes"}
_VIEWS = {"front": "front", "three_quarter": "three-quarter", "side": "side", "back": "back"}
_NEAR = ("close up", "medium")
_INTRODUCTION = """\
# Hair and eye colours measured in the picture

Beside identity a score says which colour a character's hair and eyes have in the frames that were looked at,
and which they should have. It explains and never gates. Colours come from a small learnt map of a head's parts
and a learnt table of names that knows the light around them (`workers/scoring/attributes.py`). Both were learnt
from the procedural renderer's pictures and are tried on it here: of other renderers' pictures these figures say
nothing, and only heads that `toon-id` found are looked at.

Written by `python -m tests.training.attributes`: {heads} heads in {pictures} random pictures of
characters nobody learnt from (every view, action, place, time of day and mood, alone and in pairs), in boxes
moved and resized as a head finder would. *Right* counts among the answers; what cannot be seen is not answered.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One attribute of one head: what it is and what was measured."""

    kind: str
    true: str
    measured: str | None  #: None: not seen
    view: str
    near: bool  #: in a close or medium shot
    time: str


def tried(heads: Iterable[LabelledHead]) -> list[Trial]:
    """Every attribute of every head, measured in a box as wrong as a found one is."""
    trials = []
    for number, head in enumerate(heads):
        found = measure(head.frame, _moved(head.box, number))
        view = head.attributes.get("view", "front").removesuffix("_left").removesuffix("_right")
        trials += [
            Trial(
                kind=kind,
                true=head.attributes[kind],
                measured=found[kind].name if kind in found else None,
                view=_VIEWS[view],
                near=head.camera.startswith(_NEAR),
                time=head.time,
            )
            for kind in PARTS
        ]
    return trials


def report(trials: Sequence[Trial], pictures: int) -> str:
    """The page as Markdown."""
    heads = len(trials) // len(PARTS)
    parts = [_INTRODUCTION.format(heads=heads, pictures=pictures)]
    for kind in PARTS:
        parts += [f"## {_NAMES[kind].capitalize()}", "", *_shares(of_kind(trials, kind)), ""]
        parts += [*_confusion(kind, of_kind(trials, kind)), ""]
    return "\n".join(parts)


def of_kind(trials: Iterable[Trial], kind: str) -> list[Trial]:
    """The trials of one attribute."""
    return [trial for trial in trials if trial.kind == kind]


def rates(trials: Sequence[Trial]) -> tuple[float, float]:
    """(share of the answers that are right, share of the trials that were answered), 0..1; NaN of nothing."""
    answers = [trial for trial in trials if trial.measured is not None]
    right = sum(trial.measured == trial.true for trial in answers)
    return (
        right / len(answers) if answers else float("nan"),
        len(answers) / len(trials) if trials else float("nan"),
    )


def _shares(trials: Sequence[Trial]) -> list[str]:
    facing = ("front", "three-quarter")
    groups = {
        "all": list(trials),
        "front and three-quarter, close and medium": [t for t in trials if t.near and t.view in facing],
        "front and three-quarter, wide": [t for t in trials if not t.near and t.view in facing],
        **{view: [t for t in trials if t.view == view] for view in _VIEWS.values()},
        **{
            f"by {time}" if time != "rain" else "in rain": [t for t in trials if t.time == time]
            for time in sorted({t.time for t in trials})
        },
    }
    lines = ["| pictures | heads | right | not seen |", "| --- | ---: | ---: | ---: |"]
    for name, group in groups.items():
        right, answered = rates(group)
        told = f"{right:.1%}" if right == right else "–"  # noqa: PLR0124 - NaN is unlike itself
        lines.append(f"| {name} | {len(group)} | {told} | {1 - answered:.1%} |")
    return lines


def _confusion(kind: str, trials: Sequence[Trial]) -> list[str]:
    """Rows are what it is, columns what was measured."""
    words = tuple(VOCABULARY[kind])
    counts = Counter((trial.true, trial.measured) for trial in trials)
    lines = [
        f"| is \\ measured | {' | '.join(words)} | not seen |",
        f"| --- | {' | '.join('---:' for _ in (*words, ''))} |",
    ]
    for word in words:
        row = [str(counts[word, other] or "·") for other in (*words, None)]
        lines.append(f"| {word} | {' | '.join(row)} |")
    return lines


def _moved(box: tuple[float, float, float, float], seed: int) -> Head:
    """A box as wrong as a found one may be."""
    draw = np.random.default_rng([seed, 6])
    x0, y0, x1, y1 = box
    size = float(np.exp(draw.normal(0.0, 0.06)))
    dx, dy = (float(v) * (x1 - x0) for v in draw.normal(0.0, 0.04, 2))
    return Head((x0 + x1) / 2 + dx, (y0 + y1) / 2 + dy, (x1 - x0) * size, (y1 - y0) * size, 1.0)
