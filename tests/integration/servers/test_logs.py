"""A long log is cut while its process writes on: no line is lost, and nobody is asked to open it anew."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from farm.servers import logs
from farm.servers.logs import shorten_all
from farm.servers.supervisor import end, spawn, wait_until

if TYPE_CHECKING:
    from pathlib import Path

#: numbered lines, as fast as they go, until somebody wants no more
WRITER = """
import itertools, os, sys
for number in itertools.count():
    os.write(1, b'line %d\\n' % number)
    if number % 1000 == 0 and os.path.exists(sys.argv[1]):
        break
"""
LARGEST = 256 * 1024


def lines(*parts: Path) -> list[str]:
    return "".join(part.read_text() for part in parts if part.exists()).splitlines()


def can_collapse(folder: Path) -> bool:
    probe = folder / "probe"
    probe.write_bytes(bytes(2**20))
    with probe.open("r+b") as file:
        return logs._collapsed(file, 2**19)


def test_no_line_of_a_log_that_is_cut_while_it_grows_is_lost(tmp_path: Path) -> None:
    if not can_collapse(tmp_path):
        pytest.skip("this file system cannot take the head off a file")
    log, enough = tmp_path / "worker.log", tmp_path / "enough"
    writer = spawn([sys.executable, "-S", "-c", WRITER, str(enough)], log=log, env={})
    try:
        older = ""
        for _ in range(8):
            assert wait_until(lambda: log.stat().st_size > LARGEST, 30)
            shorten_all(tmp_path, largest_bytes=LARGEST)
            older += (tmp_path / "worker.log.1").read_text()
        enough.touch()
        assert wait_until(lambda: not writer.is_running(), 30)
    finally:
        end(writer, [])

    seen = (older + log.read_text()).splitlines()

    assert seen == [f"line {number}" for number in range(len(seen))]
    assert {path.name for path in tmp_path.glob("worker*")} == {"worker.log", "worker.log.1", "worker.log.2"}


def test_where_the_head_cannot_be_taken_off_the_whole_log_is_copied_and_emptied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_collapsed", lambda *_: False)
    log = tmp_path / "worker.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"old\n" * 5000)

        shorten_all(tmp_path, largest_bytes=1000)
        writer.write(b"new\n")

    assert log.read_text() == "new\n"
    assert lines(tmp_path / "worker.log.1") == ["old"] * 5000


def test_a_short_log_is_left_as_it_is_and_its_parts_are_two_at_most(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    for number in range(4):
        log.write_text(f"{number}" * 20_000)
        shorten_all(tmp_path, largest_bytes=1000)
        log.write_text("")
    log.write_text("short")

    shorten_all(tmp_path, largest_bytes=1000)

    assert log.read_text() == "short"
    assert [(tmp_path / f"worker.log.{part}").read_text()[0] for part in (1, 2)] == ["3", "2"]
    assert len(list(tmp_path.iterdir())) == 3
