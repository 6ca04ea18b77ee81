"""What a disk refuses, said once; and what is asked of a file everywhere."""

import errno
import hashlib
import os
from pathlib import Path

import pytest

from models.disk import is_full, sentence, sha256_of, step_errors, sync
from models.errors import StepFailed
from models.vocabulary import ErrorKind


def refused(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (refused(errno.ENOSPC), True),
        (refused(errno.EDQUOT), True),
        (refused(errno.EFBIG), True),
        (refused(errno.EROFS), False),
        (ValueError("full"), False),
    ],
)
def test_a_used_up_quota_and_a_file_too_big_are_a_full_disk(error: Exception, full: bool) -> None:
    assert is_full(error) is full


def test_a_full_disk_and_a_folder_that_may_not_be_written_are_one_sentence_each() -> None:
    nothing = "the folder /Takes cannot be written"

    assert sentence(refused(errno.ENOSPC), nothing) == "The disk is full: the folder /Takes cannot be written."
    assert sentence(refused(errno.EROFS), nothing) == (
        "The folder /Takes cannot be written: Read-only file system."
    )
    assert sentence(OSError("odd"), nothing) == "The folder /Takes cannot be written: odd."


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, ErrorKind.DISK_FULL),
        (errno.EROFS, ErrorKind.STORE_UNAVAILABLE),
        (errno.EACCES, ErrorKind.STORE_UNAVAILABLE),
        (errno.ESTALE, ErrorKind.STORE_UNAVAILABLE),
    ],
)
def test_a_step_fails_by_what_the_disk_refused(number: int, kind: ErrorKind) -> None:
    with pytest.raises(StepFailed, match="he store is closed") as failure, step_errors("the store is closed"):
        raise refused(number)

    assert failure.value.error_kind is kind
    assert failure.value.hint


def test_what_is_not_about_the_disk_stays_what_it_was() -> None:
    with (
        pytest.raises(OSError, match="Invalid argument") as failure,
        step_errors("the store cannot be written"),
    ):
        raise refused(errno.EINVAL)

    assert failure.value.errno == errno.EINVAL


def test_files_and_folders_are_brought_to_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "take.mkv").write_bytes(b"take")
    real, on_disk = os.fsync, []

    def noted(descriptor: int) -> None:
        on_disk.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    for path in (tmp_path / "take.mkv", tmp_path):
        sync(path)

    assert on_disk == [str(tmp_path / "take.mkv"), str(tmp_path)]


def test_a_file_is_known_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "take.mkv").write_bytes(b"take")

    assert sha256_of(tmp_path / "take.mkv") == hashlib.sha256(b"take").hexdigest()
