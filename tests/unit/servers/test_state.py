"""The farm's state folder: who makes it, and what is said where it cannot be made."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from farm.servers.state import ServersState
from models.errors import NotHere

if TYPE_CHECKING:
    from pathlib import Path

_AT_ONCE = 8
_FOLDERS = 50


def test_of_many_commands_that_make_it_at_once_none_fails(tmp_path: Path) -> None:
    together = Barrier(_AT_ONCE, timeout=30)

    def prepare(folder: Path) -> None:
        together.wait()
        ServersState(folder).prepare()

    with ThreadPoolExecutor(_AT_ONCE) as commands:
        for number in range(_FOLDERS):
            folder = tmp_path / str(number) / "state"
            list(commands.map(prepare, [folder] * _AT_ONCE))

            assert stat.S_IMODE(folder.stat().st_mode) == 0o711
            assert (folder / "logs").is_dir()


def test_a_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)

    ServersState(tmp_path).prepare()

    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o750


def test_a_file_in_its_place_is_left_alone_and_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("somebody's notes")

    with pytest.raises(NotHere, match="cannot be used: Not a directory"):
        ServersState(tmp_path / "state").prepare()

    assert (tmp_path / "state").read_text() == "somebody's notes"
