"""The artifact store keeps whole takes inside one folder and forgets what no row names."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from db.files import artifacts
from db.files.artifacts import ArtifactStore
from models.errors import BadInput, StepFailed
from models.vocabulary import ErrorKind

JOB = UUID("018f0000-0000-7000-8000-000000000001")


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "artifacts", min_free_bytes=0)


def publish(store: ArtifactStore, job_id: UUID = JOB, epoch: int = 1, text: str = "pixels") -> str:
    with store.scratch(job_id, epoch) as folder:
        (folder / "master.png").write_text(text)
        (folder / "proxy.webp").write_text("small")
        return store.publish(job_id, epoch, folder / "master.png", folder / "proxy.webp").master


def files(store: ArtifactStore) -> list[str]:
    return sorted(path.relative_to(store.root).as_posix() for path in store.root.rglob("*") if path.is_file())


def test_a_published_take_lies_under_its_job_and_epoch(store: ArtifactStore) -> None:
    with store.scratch(JOB, 3) as folder:
        (folder / "master.mkv").write_text("frames")
        (folder / "notes.txt").write_text("left over")
        stored = store.publish(JOB, 3, folder / "master.mkv")

    assert stored.master == f"takes/{JOB}/3/master.mkv"
    assert stored.proxy is None
    assert store.path(stored.master).read_text() == "frames"
    assert files(store) == [stored.master]


def test_a_published_file_is_for_reading_only(store: ArtifactStore) -> None:
    master = store.path(publish(store))

    assert [path.stat().st_mode & 0o222 for path in master.parent.iterdir()] == [0, 0]


def test_the_folder_of_all_takes_is_brought_to_the_disk_with_the_first_take(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(artifacts.disk, "sync", synced.append)

    publish(store, JOB, 1)
    first = synced.copy()
    publish(store, JOB, 2)

    assert first[-3:] == [store.root / "takes" / str(JOB), store.root / "takes", store.root]
    assert synced.count(store.root) == 1


def test_an_attempt_that_fails_leaves_nothing(store: ArtifactStore) -> None:
    with pytest.raises(RuntimeError), store.scratch(JOB, 1) as folder:
        raise RuntimeError(f"the renderer crashed in {folder.name}")

    assert files(store) == []
    assert list((store.root / "scratch").iterdir()) == []


def test_an_attempt_never_finds_the_files_of_one_that_was_killed(store: ArtifactStore) -> None:
    killed = store.root / "scratch" / f"{JOB}-2"
    killed.mkdir(parents=True)
    (killed / "half.mkv").write_text("half")

    with store.scratch(JOB, 2) as folder:
        assert list(folder.iterdir()) == []


def test_discard_removes_one_attempt_and_no_other(store: ArtifactStore) -> None:
    publish(store, JOB, 1)
    kept = publish(store, JOB, 2)

    store.discard(JOB, 1)
    store.discard(JOB, 1)
    store.discard(uuid4(), 1)

    assert [folder.name for folder in (store.root / f"takes/{JOB}").iterdir()] == ["2"]
    assert store.path(kept).is_file()
    store.discard(JOB, 2)
    assert list((store.root / "takes").iterdir()) == []


@pytest.mark.parametrize("links", [True, False])
def test_a_borrowed_file_is_the_same_bytes_and_lives_and_dies_alone(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    first, other = publish(store, JOB, 1), uuid4()
    if not links:

        def refused(*_: object) -> None:
            raise OSError(errno.EMLINK, os.strerror(errno.EMLINK))

        monkeypatch.setattr("os.link", refused)

    with store.scratch(other, 1) as folder:
        master = store.borrow(first, folder)
        stored = store.publish(other, 1, master)

    assert store.path(stored.master).samefile(store.path(first)) is links
    store.discard(JOB, 1)
    assert store.path(stored.master).read_text() == "pixels"
    assert store.path(stored.master).stat().st_mode & 0o777 == 0o444


def test_a_file_that_is_gone_cannot_be_borrowed(store: ArtifactStore) -> None:
    first = publish(store, JOB, 1)
    store.discard(JOB, 1)

    with store.scratch(uuid4(), 1) as folder:
        with pytest.raises(FileNotFoundError):
            store.borrow(first, folder)
        assert list(folder.iterdir()) == []


def test_publishing_one_attempt_twice_keeps_the_second(store: ArtifactStore) -> None:
    publish(store, JOB, 1, "first")

    relative = publish(store, JOB, 1, "second")

    assert store.path(relative).read_text() == "second"


@pytest.mark.parametrize(
    "relative", ["", "/etc/passwd", "../outside", "takes/../../outside", "takes/link/secret", "a\0b"]
)
def test_no_path_leads_out_of_the_store(store: ArtifactStore, relative: str, tmp_path: Path) -> None:
    (store.root / "takes").mkdir(parents=True)
    (tmp_path / "secret").write_text("hush")
    (store.root / "takes/link").symlink_to(tmp_path)

    with pytest.raises(BadInput, match="inside the artifact store"):
        store.path(relative)


def test_too_little_room_is_said_before_a_render_begins(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path, min_free_bytes=10**18)

    with pytest.raises(StepFailed, match="MiB are free") as caught, store.scratch(JOB, 1):
        pass

    assert caught.value.error_kind is ErrorKind.DISK_FULL
    assert files(store) == []


def test_a_disk_that_fills_up_is_said_in_one_sentence(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)

    with pytest.raises(StepFailed, match="is full") as caught:
        publish(store)

    assert caught.value.error_kind is ErrorKind.DISK_FULL


def test_a_store_that_cannot_be_written_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(StepFailed, match="cannot be written") as caught:
        publish(ArtifactStore(tmp_path / "file" / "artifacts"))

    assert caught.value.error_kind is ErrorKind.STORE_UNAVAILABLE
