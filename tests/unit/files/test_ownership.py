"""A store says whose it is, and nobody signs it twice."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from db.files import ownership
from models.errors import StepFailed
from models.vocabulary import ErrorKind

if TYPE_CHECKING:
    from pathlib import Path

OURS, THEIRS = uuid4(), uuid4()


def test_a_store_is_nobodys_until_it_is_signed(tmp_path: Path) -> None:
    root = tmp_path / "not made yet"

    before = ownership.owner(root)
    ownership.sign(root, OURS)

    assert (before, ownership.owner(root)) == (None, OURS)
    assert [path.name for path in root.iterdir()] == [ownership.MARK]


def test_who_signed_first_stays_unless_a_person_wants_it_otherwise(tmp_path: Path) -> None:
    ownership.sign(tmp_path, OURS)

    ownership.sign(tmp_path, THEIRS)
    assert ownership.owner(tmp_path) == OURS

    ownership.sign(tmp_path, THEIRS, anew=True)
    assert ownership.owner(tmp_path) == THEIRS


@pytest.mark.parametrize("links", [True, False])
def test_of_many_who_sign_at_once_one_has_signed(
    tmp_path: Path, links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    if not links:
        monkeypatch.setattr(os, "link", without_links)
    farms = [uuid4() for _ in range(16)] if links else [OURS] * 16

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda farm: ownership.sign(tmp_path, farm), farms))

    assert ownership.owner(tmp_path) in farms
    assert [path.name for path in tmp_path.iterdir()] == [ownership.MARK]


@pytest.mark.parametrize("content", ["", "[]", "null", '{"farm": 3}', '{"farm": "somebody"}', "{"])
def test_a_mark_that_says_nothing_is_refused_with_what_to_do(tmp_path: Path, content: str) -> None:
    (tmp_path / ownership.MARK).write_text(content)

    with pytest.raises(StepFailed, match="farm store adopt") as refusal:
        ownership.owner(tmp_path)

    assert refusal.value.error_kind is ErrorKind.STORE_UNAVAILABLE


def test_a_store_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")

    with pytest.raises(StepFailed) as refusal:
        ownership.sign(tmp_path / "file" / "store", OURS)

    assert refusal.value.error_kind is ErrorKind.STORE_UNAVAILABLE
