"""A page of every word that a renderer draws, each beside its picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farm.dailies.page import environment
from models import disk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def write_sheet(
    renderer: str,
    chapters: Mapping[str, Sequence[str]],
    tables: Mapping[str, Mapping[str, Sequence[str]]],
    folder: Path,
) -> Path:
    """Write `index.html` into `folder`, whole or not at all, where the pictures lie as `KIND/WORD.png`."""
    page = environment().get_template("words.html.j2")
    path = folder / "index.html"
    disk.replace_text(path, page.render(renderer=renderer, chapters=chapters, tables=tables))
    return path
