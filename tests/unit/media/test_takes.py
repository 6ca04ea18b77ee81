"""A take is read back from the disk and shows exactly the frames that were rendered."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.errors import StepFailed
from models.recipe import Recipe
from models.vocabulary import ErrorKind, JobType
from tests.support.full_disk import files_of_at_most
from tests.support.media import pixel_sha256, probe
from workers.media import takes
from workers.media.masters import MasterWriter, write_still
from workers.media.pixels import PixelHash
from workers.media.provenance import Provenance
from workers.media.reading import read_frames
from workers.media.takes import TakeWriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from workers.media.rendered import Rendered


def noise(count: int, *, width: int = 64, height: int = 48, seed: int = 0) -> list[NDArray[np.uint8]]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 256, (height, width, 3), dtype=np.uint8) for _ in range(count)]


def recipe(job_type: JobType = JobType.ANIMATION_LOOP, fps: int = 24) -> Recipe:
    return Recipe(renderer="null", job_type=job_type, seed=1, width=64, height=48, fps=fps)


MADE = Provenance(recipe=recipe())


def written(into: Path, frames: Iterable[NDArray[np.uint8]], ordered: Recipe) -> Rendered:
    with TakeWriter(into, ordered) as take:
        for frame in frames:
            take.add(frame)
        return take.finish(environment={"renderer": "test"}, resolved={"palette": "night"})


def test_a_clip_reads_back_with_error_zero(tmp_path: Path) -> None:
    frames = noise(7)

    take = written(tmp_path, frames, recipe())

    assert all(np.array_equal(a, b) for a, b in zip(read_frames(take.master), frames, strict=True))
    assert take.pixel_sha256 == pixel_sha256(frames)
    assert (take.frames, take.width, take.height, take.fps) == (7, 64, 48, 24)
    assert take.size_bytes == take.master.stat().st_size
    assert take.environment["renderer"] == "test"
    assert take.environment["pyav"]
    assert take.resolved == {"palette": "night"}


def test_a_still_reads_back_with_error_zero_and_has_a_webp_proxy(tmp_path: Path) -> None:
    frames = noise(1)

    take = written(tmp_path, frames, recipe(JobType.STILL_IMAGE))

    assert take.master.name == "master.png"
    assert next(read_frames(take.master)).tolist() == frames[0].tolist()
    assert take.proxy is not None
    assert probe(take.proxy).kind == "still"


@pytest.mark.parametrize(("width", "height"), [(5, 5), (63, 47), (64, 47), (18, 7)])
def test_odd_sizes_are_kept_by_the_master_and_padded_by_the_proxy(
    tmp_path: Path, width: int, height: int
) -> None:
    frames = noise(3, width=width, height=height)

    take = written(tmp_path, frames, recipe())

    assert (take.width, take.height) == (width, height)
    assert take.proxy is not None
    played = probe(take.proxy)
    assert (played.width, played.height) == (width + width % 2, height + height % 2)


def test_the_proxy_plays_every_frame_at_the_ordered_rate(tmp_path: Path) -> None:
    take = written(tmp_path, noise(30, width=65, height=49), recipe(fps=12))

    assert take.proxy is not None
    played = probe(take.proxy)
    master = probe(take.master)

    assert played.frames == master.frames == 30
    assert played.fps == master.fps == Fraction(12)
    assert played.duration_s == pytest.approx(2.5)


def test_proxy_colours_are_those_of_the_master(tmp_path: Path) -> None:
    colours = [(200, 30, 40), (20, 180, 60), (30, 60, 220), (240, 200, 160)]
    frames = [np.full((48, 64, 3), colour, np.uint8) for colour in colours]

    take = written(tmp_path, frames, recipe())

    assert take.proxy is not None
    for seen, colour in zip(read_frames(take.proxy), colours, strict=True):
        assert np.abs(seen.astype(int) - colour).max() <= 4


def test_the_same_frames_give_the_same_files(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()

    one, two = (written(folder, noise(5), recipe()) for folder in folders)

    assert one.file_sha256 == two.file_sha256
    assert one.proxy is not None
    assert two.proxy is not None
    assert one.proxy.read_bytes() == two.proxy.read_bytes()


def test_a_render_that_raises_leaves_no_file(tmp_path: Path) -> None:
    def crashing() -> Iterator[NDArray[np.uint8]]:
        yield from noise(3)
        raise RuntimeError("the renderer crashed")

    with pytest.raises(RuntimeError):
        written(tmp_path, crashing(), recipe())

    assert list(tmp_path.iterdir()) == []


def test_a_render_without_frames_is_bad_output(tmp_path: Path) -> None:
    for job_type in (JobType.STILL_IMAGE, JobType.FULL_VIDEO):
        with pytest.raises(StepFailed) as caught, TakeWriter(tmp_path, recipe(job_type)) as take:
            take.finish()
        assert caught.value.error_kind is ErrorKind.BAD_OUTPUT


def test_a_second_picture_for_a_still_is_bad_output(tmp_path: Path) -> None:
    with pytest.raises(StepFailed, match="one picture"):
        written(tmp_path, noise(2), recipe(JobType.STILL_IMAGE))


def test_a_clip_whose_size_changes_is_bad_output(tmp_path: Path) -> None:
    with pytest.raises(StepFailed, match="Frame 1 is 32x48"):
        written(tmp_path, noise(1) + noise(1, width=32), recipe())

    assert list(tmp_path.iterdir()) == []


def test_a_master_that_reads_back_differently_is_removed(tmp_path: Path) -> None:
    master = write_still(tmp_path / "master.png", noise(1)[0])

    with pytest.raises(StepFailed, match="other pixels"):
        takes.finish(master, fps=24, expected_pixel_sha256=pixel_sha256(noise(1, seed=5)), origin=MADE)

    assert list(tmp_path.iterdir()) == []


def test_a_foreign_master_is_described_without_an_expected_hash(tmp_path: Path) -> None:
    frames = noise(4)
    with MasterWriter(tmp_path / "fetched", 16) as writer:
        for frame in frames:
            writer.add(frame)

    take = takes.finish(writer.path, fps=16, origin=MADE)

    assert take.pixel_sha256 == pixel_sha256(frames)


@pytest.mark.parametrize("job_type", [JobType.STILL_IMAGE, JobType.FULL_VIDEO])
def test_a_full_disk_is_said_in_one_sentence_and_leaves_nothing(tmp_path: Path, job_type: JobType) -> None:
    with pytest.raises(StepFailed, match="The disk is full") as caught, files_of_at_most(64 * 1024):
        written(tmp_path, noise(1, width=320, height=240), recipe(job_type))

    assert caught.value.error_kind is ErrorKind.DISK_FULL
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_said_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StepFailed, match="could not be written") as caught:
        written(tmp_path / "nowhere", noise(2), recipe())

    assert caught.value.error_kind is ErrorKind.STORE_UNAVAILABLE


def test_the_pixel_hash_knows_shape_order_and_count() -> None:
    one, two = noise(2)
    hashes = {
        pixel_sha256([one, two]),
        pixel_sha256([two, one]),
        pixel_sha256([one]),
        pixel_sha256([one.reshape(64, 48, 3), two]),
        pixel_sha256([one, two, two]),
    }

    assert len(hashes) == 5


def test_the_pixel_hash_refuses_what_is_no_rgb_frame() -> None:
    with pytest.raises(ValueError, match="uint8 RGB"):
        PixelHash().add(np.zeros((4, 4, 4), np.uint8))
