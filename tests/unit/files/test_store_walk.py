"""A walk sees every folder of an attempt once, a few at a time, and what it moves aside can come back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from db.files.store_walk import StoreWalk, folder_of, some_attempts

if TYPE_CHECKING:
    from pathlib import Path

JOBS = [uuid4() for _ in range(5)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Five jobs with a take each, one with a second that is half published, scratch, and what is not ours."""
    for job in JOBS:
        take = tmp_path / f"takes/{job}/1"
        take.mkdir(parents=True)
        (take / "master.png").write_text("pixels")
    for other in (f"takes/{JOBS[0]}/.2.partial", f"scratch/{JOBS[1]}-3", "takes/lost+found/x", "scratch/notes"):
        (tmp_path / other).mkdir(parents=True)
    (tmp_path / f"takes/{JOBS[2]}/.nfs0001").write_text("somebody's")
    return tmp_path


def walked(walks: StoreWalk, at_most: int) -> list[list[str]]:
    """What each turn of a walk sees, whoever has it."""
    walk, turns = walks.begin(), []
    while not walk.is_over:
        walk, folders = walks.go_on(walk, at_most)
        turns.append([folder.relative for folder in folders])
        walks.save(walk)
        walk = StoreWalk(walks._root).load() or walk
    return turns


@pytest.mark.parametrize("at_most", [1, 2, 100])
def test_every_folder_of_an_attempt_is_seen_once_however_many_turns_it_takes(root: Path, at_most: int) -> None:
    turns = walked(StoreWalk(root), at_most)

    seen = [relative for turn in turns for relative in turn]
    expected = {f"takes/{job}/1" for job in JOBS}
    assert sorted(seen) == sorted(expected | {f"takes/{JOBS[0]}/.2.partial", f"scratch/{JOBS[1]}-3"})
    assert max(map(len, turns)) <= at_most + 1
    assert not (root / "walk.names").exists()


def test_a_walk_whose_list_is_gone_is_over(root: Path) -> None:
    walks = StoreWalk(root)
    walk = walks.begin()
    (root / "walk.names").unlink()

    walk, folders = walks.go_on(walk, 10)

    assert (walk.is_over, folders) == (True, [])


@pytest.mark.parametrize("note", ["", "[]", "{}", '{"began_at": 3}'])
def test_a_damaged_note_is_no_walk(root: Path, note: str) -> None:
    (root / "walk.json").write_text(note)

    assert StoreWalk(root).load() is None


def test_what_is_moved_aside_keeps_its_path_and_comes_back(root: Path) -> None:
    walks, relative = StoreWalk(root), f"takes/{JOBS[3]}/1"
    today = datetime.now(UTC).date()

    assert walks.set_aside(relative)
    assert not walks.set_aside(relative)
    assert not (root / f"takes/{JOBS[3]}").exists()
    assert (root / f"unknown/{today}/{relative}/master.png").read_text() == "pixels"
    assert list(walks.aside()) == [(today, folder_of(relative))]

    walks.forget_aside(today)
    assert walks.bring_back(today, folder_of(relative))
    assert (root / relative / "master.png").read_text() == "pixels"


def test_what_lay_aside_for_long_goes_and_a_folder_without_a_date_stays(root: Path) -> None:
    walks = StoreWalk(root)
    walks.set_aside(f"takes/{JOBS[3]}/1")
    (root / "unknown/mine").mkdir()

    walks.forget_aside(datetime.now(UTC).date() + timedelta(days=1))

    assert [path.name for path in (root / "unknown").iterdir()] == ["mine"]


def test_some_attempts_are_those_that_are_published(root: Path) -> None:
    assert {folder.attempt for folder in some_attempts(root)} == {
        *((job, 1) for job in JOBS),
        (JOBS[0], 2),
    }
