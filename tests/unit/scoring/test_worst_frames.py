"""Pictures of worst frames: which frames they show, how large they are, and what a broken file costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from models.metrics import Measurement, Metric
from workers.scoring.worst_frames import MOST_PICTURES, with_pictures


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Ten frames, 960 x 540, frame n of grey 20 n."""
    frames = [Image.fromarray(np.full((540, 960, 3), 20 * n, np.uint8)) for n in range(10)]
    path = tmp_path / "master.png"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=40)
    return path


def _measured(metric: Metric, **detail: Any) -> Measurement:
    return Measurement(metric=metric, value=0.4, detail=detail)


def test_a_jump_is_shown_as_the_two_frames_between_which_it_lies(clip: Path, tmp_path: Path) -> None:
    jump = _measured(Metric.TEMPORAL_LPIPS, worst_frame=8)
    folder = tmp_path / "worst"

    (told,) = with_pictures(clip, [jump], {Metric.TEMPORAL_LPIPS}, folder, "takes/1/worst")

    assert told.detail["worst_picture"] == "takes/1/worst/temporal_lpips.jpg"
    assert told.detail["worst_picture_frames"] == [7, 8]
    with Image.open(folder / "temporal_lpips.jpg") as picture:
        pixels = np.asarray(picture)
    assert pixels.shape == (270, 966, 3)
    assert abs(float(pixels[:, :400].mean()) - 140) < 3
    assert abs(float(pixels[:, -400:].mean()) - 160) < 3


def test_the_faces_of_the_worst_frame_are_boxed(clip: Path, tmp_path: Path) -> None:
    box = {"x": 100, "y": 100, "w": 200, "h": 200}
    other = _measured(Metric.IDENTITY, worst_frame=2, characters={"aiko": {"worst_box": box}})

    with_pictures(clip, [other], {Metric.IDENTITY}, tmp_path / "worst", "worst")

    with Image.open(tmp_path / "worst" / "identity.jpg") as picture:
        red, green, _ = np.asarray(picture)[100, 51].tolist()
    assert red - green > 80


def test_only_what_fails_gets_a_picture_and_never_more_than_a_few(clip: Path, tmp_path: Path) -> None:
    told = [_measured(metric, worst_frame=1) for metric in Metric]
    folder = tmp_path / "worst"

    with_pictures(clip, told, set(Metric), folder, "worst")

    assert len(list(folder.iterdir())) == MOST_PICTURES
    assert sum(file.stat().st_size for file in folder.iterdir()) < 400_000


def test_a_take_that_passes_leaves_no_folder_behind(clip: Path, tmp_path: Path) -> None:
    told = [_measured(Metric.IDENTITY, worst_frame=1)]

    assert with_pictures(clip, told, set(), tmp_path / "worst", "worst") == told
    assert not (tmp_path / "worst").exists()


def test_frames_behind_the_break_of_a_broken_file_are_left_out(tmp_path: Path) -> None:
    broken = tmp_path / "master.mkv"
    broken.write_bytes(b"no clip at all")
    told = [_measured(Metric.IDENTITY, worst_frame=1)]

    assert with_pictures(broken, told, {Metric.IDENTITY}, tmp_path / "worst", "worst") == told


def test_a_loop_that_does_not_close_and_a_picture_that_stands_still_show_both_their_ends(
    clip: Path, tmp_path: Path
) -> None:
    seam = _measured(Metric.LOOP_SEAM)
    frozen = _measured(Metric.FROZEN, longest_run=5, longest_run_from=3)

    told = with_pictures(
        clip, [seam, frozen], {Metric.LOOP_SEAM, Metric.FROZEN}, tmp_path / "worst", "w", count=10
    )

    assert [each.detail["worst_picture_frames"] for each in told] == [[9, 0], [3, 7]]
