"""The page `docs/identity.md`: how often the identity network errs, from the figures of its trial."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.training.identity_errors import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def page(rates: Mapping[str, Any]) -> str:
    """The page in Markdown; `rates` are those of `identity_errors.error_rates`."""
    low, high = rates["false_rejects_95"]
    rows = [
        ("false rejects", f"**{_percent(rates['false_rejects'])}**"),
        ("95 % interval of these", f"{_percent(low)} to {_percent(high)}"),
        ("false accepts", _percent(rates["false_accepts"])),
        ("mark (cosine)", f"{rates['mark']:.4f}"),
        ("heads not found", _percent(rates["missed_heads"])),
        ("references refused, all their heads counted as rejected", f"{rates['references_refused']}"),
        ("false rejects and heads not found", _percent(rates["false_rejects_with_missed_heads"])),
        ("equal error rate", _percent(rates["equal_error_rate"])),
        ("area under the curve", f"{rates['auc']:.4f}"),
    ]
    parts = [
        "# How often toon-id errs\n",
        _WHAT,
        _TRIAL.format(**rates),
        _table(("", "unseen characters"), rows),
        _likeness(rates),
        *(_by(kind, rates[f"by_{kind}"]) for kind in KINDS),
    ]
    return "\n".join(parts)


_WHAT = """\
`toon-id` says who a drawn head is. It learnt the characters of the built-in procedural renderer and judges that
renderer only: of drawings by anybody else it knows nothing, and its figures say nothing of them.

This page is written by `python -m tests.training.identity --networks FOLDER`, which learns the
network and tries it on characters it has not seen, with random outfits, expressions, poses, views, places,
lights and cameras. Heads are found in the picture, not told; half of the tried heads are in the middle of an
action beside somebody else.
"""

_TRIAL = """\
Learnt from {trained_on_characters} characters, tried on {unseen_characters} others: {heads_tried} found heads \
against references of
{reference_pictures} pictures. The interval is a bootstrap over characters.
"""


def _likeness(rates: Mapping[str, Any]) -> str:
    names = list(rates["genuine"])
    rows = [
        (title, *(f"{rates[kind][name]:.2f}" for name in names))
        for title, kind in (("the same character", "genuine"), ("another character", "impostor"))
    ]
    return _table(("likeness to a reference", *names), rows)


def _by(kind: str, values: Mapping[str, Mapping[str, float]]) -> str:
    rows = [(name, _percent(row["false_rejects"]), f"{row['heads']:.0f}") for name, row in values.items()]
    return _table((kind, "false rejects", "heads"), rows)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
