"""A delivered version has the studio's name, appears whole, and never changes."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from db.files.deliveries import DeliveryName, VersionTaken, missing, slug, version_of, writing
from farm.ops.stop_signals import interrupted_like_ctrl_c
from models.errors import BadInput, StepFailed
from models.takes import SIDECAR
from models.vocabulary import ErrorKind, Phase

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = DeliveryName(show="Night Train: 夜", episode=1, scene=10, cut=10, phase=Phase.STILL)


def put(place: Path, version: int, pixels: str, *names: str) -> None:
    """Deliver a version whose sidecar names these pixels."""
    with writing(place, version) as folder:
        (folder / SIDECAR).write_text(json.dumps({"take": {"pixel_sha256": pixels}}))
        for name in names:
            (folder / name).write_text(pixels)


def lying_in(place: Path) -> list[str]:
    return sorted(path.relative_to(place).as_posix() for path in place.rglob("*"))


def test_a_delivered_still_carries_the_studio_s_name() -> None:
    assert NAME.place == "Night-Train/ep001/sc010/c0010/still"
    assert NAME.pictures(1, 1) == ("Night-Train_001_010_0010_still_v001.1001.png",)


def test_a_sequence_is_numbered_from_1001_and_a_clip_not_at_all() -> None:
    names = NAME.pictures(12, 120)

    assert (names[0][-14:], names[-1][-14:]) == ("_v012.1001.png", "_v012.1120.png")
    assert NAME.file(12, ".mkv") == "Night-Train_001_010_0010_still_v012.mkv"


@pytest.mark.parametrize(
    ("text", "expected"), [("../up", "up"), ("a b/c", "a-b-c"), (".hidden", "hidden"), ("A_1.2", "A_1.2")]
)
def test_a_name_keeps_to_the_studio_s_characters(text: str, expected: str) -> None:
    name = DeliveryName(show=text, episode=1, scene=2, cut=3, phase=Phase.VIDEO)

    assert slug(text) == expected
    assert all(
        re.fullmatch(r"[A-Za-z0-9._-]+", part) for part in [*name.place.split("/"), name.file(1, ".mkv")]
    )


def test_a_name_without_any_letter_is_refused() -> None:
    with pytest.raises(BadInput):
        slug("夜")


def test_the_same_pixels_are_the_same_version_and_others_are_the_next(tmp_path: Path) -> None:
    put(tmp_path, 1, "a", "one.png")
    put(tmp_path, 2, "b", "two.png")

    assert [version_of(tmp_path, {"pixel_sha256": pixels}) for pixels in "abc"] == [1, 2, 3]
    assert version_of(tmp_path, {"pixel_sha256": "a", "fps": 12}) == 3


def test_the_same_pixels_in_another_form_are_the_next_version(tmp_path: Path) -> None:
    put(tmp_path, 1, "a", "one_v001.png")

    assert version_of(tmp_path, {"pixel_sha256": "a"}, lambda version: [f"one_v{version:03d}.png"]) == 1
    assert version_of(tmp_path, {"pixel_sha256": "a"}, lambda version: [f"one_v{version:03d}.mkv"]) == 2


def test_a_folder_of_somebody_else_keeps_its_number(tmp_path: Path) -> None:
    (tmp_path / "v007").mkdir()
    (tmp_path / "vacation").mkdir()

    assert version_of(tmp_path, {"pixel_sha256": "a"}) == 8


def test_a_delivered_file_is_never_written_again(tmp_path: Path) -> None:
    put(tmp_path, 1, "a", "one.png")
    with pytest.raises(VersionTaken):
        put(tmp_path, 1, "b", "one.png", "two.mkv")

    assert (tmp_path / "v001" / "one.png").read_text() == "a"
    assert missing(tmp_path / "v001", ["one.png", "two.mkv", "three.png"]) == (
        "two.mkv",
        "three.png",
    )
    assert (tmp_path / "v001" / "one.png").stat().st_mode & 0o222 == 0


def test_every_byte_is_on_the_disk_before_the_version_appears(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[str, bool]] = []
    bring = os.fsync

    def told(descriptor: int) -> None:
        name = Path(os.readlink(f"/proc/self/fd/{descriptor}")).name
        synced.append((name, (tmp_path / "v001").exists()))
        bring(descriptor)

    monkeypatch.setattr(os, "fsync", told)
    put(tmp_path, 1, "a", "clip.mkv")

    assert {("clip.mkv", False), ("take.json", False), ("v001", True)} <= set(synced)


def test_what_breaks_off_leaves_nothing_behind(tmp_path: Path) -> None:
    place = tmp_path / NAME.place

    def half() -> None:
        with writing(place, 1) as folder:
            (folder / "half.png").write_text("half")
            raise RuntimeError("the decoder crashed")

    with pytest.raises(RuntimeError):
        half()

    assert lying_in(tmp_path) == []


@pytest.fixture
def a_terminal() -> Iterator[None]:
    """Signals as a shell leaves them, whatever started the tests."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("a_terminal")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_what_is_asked_to_end_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    def ended() -> None:
        with interrupted_like_ctrl_c(), writing(tmp_path / "place", 1) as folder:
            (folder / "half.png").write_text("half")
            os.kill(os.getpid(), number)

    with pytest.raises(KeyboardInterrupt):
        ended()

    assert lying_in(tmp_path) == []
    assert signal.getsignal(number) is signal.SIG_DFL


@pytest.mark.usefixtures("a_terminal")
def test_what_nohup_ignores_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

    with interrupted_like_ctrl_c():
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_two_who_deliver_at_once_do_not_mix_their_files(tmp_path: Path) -> None:
    def overtaken() -> None:
        with writing(tmp_path, 1) as folder:
            (folder / "mine.png").write_text("mine")
            (tmp_path / "v001").mkdir()
            (tmp_path / "v001" / "theirs.png").write_text("theirs")

    with pytest.raises(VersionTaken):
        overtaken()

    assert lying_in(tmp_path) == ["v001", "v001/theirs.png"]


def test_what_a_killed_delivery_left_is_cleared_away(tmp_path: Path) -> None:
    left = tmp_path / ".v001.99999.partial"
    left.mkdir()
    os.utime(left, (0, 0))

    put(tmp_path, 1, "a", "one.png")

    # Also where nothing is to be written any more: who was killed delivers again at once.
    assert version_of(tmp_path, {"pixel_sha256": "a"}) == 1
    assert lying_in(tmp_path) == ["v001", "v001/one.png", "v001/take.json"]


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
        StepFailed("The disk is full.", error_kind=ErrorKind.DISK_FULL),
    ],
)
def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(BadInput, match="disk is full") as caught, writing(tmp_path / "place", 1):
        raise error

    assert "--to" in caught.value.hint
    assert lying_in(tmp_path) == []


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(BadInput, match="Not a directory"), writing(tmp_path / "file" / NAME.place, 1):
        raise AssertionError("never begins")


def test_a_folder_that_may_not_be_read_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(folder: Path) -> list[str]:
        # By hand, because root may read everything.
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))

    monkeypatch.setattr(os, "listdir", refusing)

    with pytest.raises(BadInput, match="Permission denied") as caught:
        version_of(tmp_path, {"pixel_sha256": "a"})

    assert "--to" in caught.value.hint


def test_another_delivery_that_ends_just_now_disturbs_nobody(tmp_path: Path) -> None:
    (tmp_path / ".v001.other.partial").symlink_to(tmp_path / "gone since it was seen")

    assert version_of(tmp_path, {"pixel_sha256": "a"}) == 1
