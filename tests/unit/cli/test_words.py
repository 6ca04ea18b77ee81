"""`farm words`: the words of a renderer as a list, as JSON, and as a page of pictures."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from unittest.mock import Mock
from uuid import uuid4

import pytest

from farm import extras
from farm.cli import main
from farm.cli.commands import submit
from farm.orders.submission import SubmittedJob
from models.vocabulary import Exit
from workers.renderers.toon import undrawn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class _Pictures(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.addresses.append(dict(attrs)["src"] or "")


def test_every_word_is_listed_with_what_else_is_understood_as_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["words", "toon"]) == Exit.OK

    printed = capsys.readouterr()
    lines = [line.split() for line in printed.out.splitlines() if line.strip()]
    words = {line[0] for line in lines}
    assert all(word in words for table in undrawn.tables().values() for word in table)
    assert "twilight" in printed.out
    assert "prompt" in printed.err


def test_the_list_is_json_for_scripts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["words", "--json"]) == Exit.OK

    answer = json.loads(capsys.readouterr().out)
    assert answer["words"]["time_of_day"]["night"] == ["midnight", "dark", "moonlight", "nighttime"]
    assert {"prompt", "steps", "lora_models"} <= set(answer["ignores"])
    assert "positive_prompt" not in answer["ignores"]


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["comfyui"], Exit.OK, "takes any words"),
        (["toom"], Exit.BAD_INPUT, "Did you mean 'toon'?"),
        (["null", "--pictures", "out"], Exit.BAD_INPUT, "no list of words"),
    ],
)
def test_other_renderers_are_answered_in_a_sentence(
    arguments: list[str], code: Exit, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["words", *arguments]) == code

    printed = capsys.readouterr()
    assert sentence in printed.out + printed.err


def test_the_page_shows_a_picture_of_every_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def draw(folder: Path) -> Iterator[tuple[str, str]]:
        folder.mkdir()
        return ((kind, word) for kind, words in undrawn.tables().items() for word in words)

    extras.joiners()
    monkeypatch.setitem(extras.WORD_PICTURES, "toon", draw)

    assert main(["words", "--pictures", str(tmp_path / "words")]) == Exit.OK

    page = tmp_path / "words" / "index.html"
    assert capsys.readouterr().out.strip() == str(page)
    reader = _Pictures()
    reader.feed(page.read_text(encoding="utf-8"))
    wanted = [f"{kind}/{word}.png" for kind, words in undrawn.tables().items() for word in words]
    assert reader.addresses == wanted


def test_without_the_worker_extra_the_pictures_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    extras.joiners()
    monkeypatch.delitem(extras.WORD_PICTURES, "toon")

    assert main(["words", "--pictures", str(tmp_path / "words")]) == Exit.NOT_HERE
    assert "Install the worker extra" in capsys.readouterr().err


def test_a_submit_says_once_what_of_many_orders_is_not_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    def answer(*not_drawn: str) -> SubmittedJob:
        return SubmittedJob(job_id=uuid4(), seed_used=1, pool="toon", not_drawn=not_drawn)

    submit._report(Mock(), [answer("prompt"), answer(), answer("prompt")], wait=False, as_json=False)

    assert capsys.readouterr().err.splitlines() == ["not drawn in 2 of 3: prompt"]
