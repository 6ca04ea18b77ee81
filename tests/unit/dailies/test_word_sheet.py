"""The page of words: each under where it is said, in the order of the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farm.dailies.word_sheet import write_sheet

if TYPE_CHECKING:
    from pathlib import Path


def test_words_stand_under_their_kinds_and_kinds_under_their_chapters(tmp_path: Path) -> None:
    tables = {"mood": {"tense": ("dark", "<ominous>")}, "pose": {"standing": ()}}

    page = write_sheet("toon", {"In an order": ("mood",), "In a character": ("pose",)}, tables, tmp_path)

    text = page.read_text(encoding="utf-8")
    places = [
        text.index(part) for part in ("In an order", 'id="mood"', "mood/tense.png", "In a character", "pose/")
    ]
    assert places == sorted(places)
    assert "dark, &lt;ominous&gt;" in text
