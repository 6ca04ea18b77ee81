"""The acceptance report: a page that opens from disk and needs nothing beside it, and its JSON."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from farm.dailies.page import environment
from models import disk
from models.vocabulary import Exit
from workers.acceptance.findings import Finding, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from workers.acceptance.run import Acceptance

_POSTER_PX = (420, 420)
#: the dailies' colours: good, bad and to be looked at
_BADGES = {
    Outcome.AGREED: "pass",
    Outcome.DISAGREED: "retake",
    Outcome.NOT_MEASURED: "review",
    Outcome.NOTED: "",
}
_HEADLINES = {
    Exit.OK: ("Accepted", "good", "Everything that the built-in profiles need was measured, and agrees."),
    Exit.NOT_PASSED: (
        "Something disagrees",
        "bad",
        "A measurement is not what it should be. What it is and what was expected stands below.",
    ),
    Exit.NOT_JUDGED: (
        "Not complete",
        "open",
        "Nothing disagrees, but not everything could be measured here. What is missing stands below.",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Todo:
    """One thing to do and everything that waits for it."""

    todo: str
    names: tuple[str, ...]
    required: bool


def write(acceptance: Acceptance, into: Path) -> tuple[Path, Path]:
    """Write `report.html` and `report.json` into the folder; each whole or not at all."""
    into.mkdir(parents=True, exist_ok=True)
    texts = {"report.json": json.dumps(acceptance.to_json(), indent=2) + "\n", "report.html": page(acceptance)}
    for name, text in texts.items():
        disk.replace_text(into / name, text)
    return into / "report.html", into / "report.json"


def page(acceptance: Acceptance) -> str:
    """The whole page as HTML."""
    headline, tone, sentence = headline_of(acceptance)
    return (
        environment()
        .get_template("acceptance.html.j2")
        .render(
            acceptance=acceptance,
            headline=headline,
            tone=tone,
            sentence=sentence,
            facts=_facts(acceptance),
            posters=[_data_uri(poster) for poster in acceptance.posters],
            sections=_sections(acceptance.findings),
            disagreed=[each for each in acceptance.findings if each.outcome is Outcome.DISAGREED],
            todos=todos(acceptance.findings),
            badges=_BADGES,
        )
    )


def headline_of(acceptance: Acceptance) -> tuple[str, str, str]:
    """What it adds up to: a headline, its tone and one sentence."""
    return _HEADLINES[acceptance.exit]


def todos(findings: Iterable[Finding]) -> list[Todo]:
    """What to do about what is missing, each said once, the required first."""
    waiting: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.outcome is Outcome.NOT_MEASURED and finding.todo:
            # A hint is a sentence or a bare command: both must read as one and the same thing to do.
            todo = finding.todo.removeprefix("Run `").removesuffix("`.")
            waiting.setdefault(todo, []).append(finding)
    listed = [
        Todo(
            todo=todo,
            names=tuple(dict.fromkeys(each.name for each in group)),
            required=any(each.required for each in group),
        )
        for todo, group in waiting.items()
    ]
    return sorted(listed, key=lambda each: not each.required)


def _facts(acceptance: Acceptance) -> dict[str, str]:
    card = acceptance.machine["cuda"]
    minutes, seconds = divmod(round(acceptance.seconds), 60)
    return {
        "agreed": str(acceptance.count(Outcome.AGREED)),
        "disagreed": str(acceptance.count(Outcome.DISAGREED)),
        "not measured": str(acceptance.count(Outcome.NOT_MEASURED)),
        "noted": str(acceptance.count(Outcome.NOTED)),
        "card": card["name"] if card else "none",
        "took": f"{minutes}:{seconds:02} min",
    }


def _sections(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    grouped: dict[str, list[Finding]] = {}
    for finding in findings:
        grouped.setdefault(finding.section, []).append(finding)
    return grouped


def _data_uri(picture: NDArray[np.uint8]) -> str:
    image = Image.fromarray(picture)
    image.thumbnail(_POSTER_PX)
    jpeg = io.BytesIO()
    image.save(jpeg, "JPEG", quality=80)
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg.getvalue()).decode()}"
