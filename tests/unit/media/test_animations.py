"""An animated picture is as many frames as it shows: a poster is none, and a held drawing is several."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from models.errors import BadInput
from models.metrics import Metric
from tests.support.footage import drawing
from tests.support.gifs import PALETTE, gif
from workers.media.holds import frames_held
from workers.media.reading import FrameReader, read_frames
from workers.media.structure import StructureCheck

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ["a.gif", "a.webp", "a.png", "a.avif"]
RED, GREEN, BLUE = PALETTE[:3]
WHITE = (255, 255, 255)
#: a sample of each drawing's pixels
DRAWINGS = np.stack([drawing(index)[::4, ::2] for index in range(24)]).astype(np.int16)
THREES = [index // 3 * 3 for index in range(24)]
END_HELD = [min(index, 12) for index in range(24)]


def animated(path: Path, drawings: list[int], duration: Any, **options: Any) -> Path:
    """The drawings of these numbers; savers join those that are equal, and AVIF's is told to."""
    if path.suffix == ".avif":
        kept = [index for at, index in enumerate(drawings) if at == 0 or index != drawings[at - 1]]
        duration = [duration * drawings.count(index) for index in kept]
        drawings, options = kept, options | {"quality": 90, "speed": 10}
    first, *rest = [Image.fromarray(drawing(index)) for index in drawings]
    options |= {"lossless": True} if path.suffix == ".webp" else {}
    first.save(path, save_all=True, append_images=rest, duration=duration, **options)
    return path


def shown(path: Path, rate: Fraction | int = 0) -> tuple[list[int], FrameReader]:
    """The numbers of the drawings on each frame, and the reader that read them."""
    reader = FrameReader(path, rate)
    numbers = []
    for frame in reader:
        errors = np.abs(DRAWINGS - frame[::4, ::2].astype(np.int16)).sum(axis=(1, 2, 3))
        numbers.append(int(np.argmin(errors)))
    return numbers, reader


@pytest.mark.parametrize("name", NAMES)
def test_a_drawing_that_is_held_at_the_end_counts_as_long_as_it_is_held(tmp_path: Path, name: str) -> None:
    path = animated(tmp_path / name, END_HELD, 40)

    numbers, reader = shown(path)

    assert numbers == END_HELD
    assert (reader.info.frames, reader.info.fps, reader.drawings) == (24, Fraction(25), 13)
    assert reader.info.duration_s == pytest.approx(0.96)
    assert reader.pace.keeps(reader.fps)


@pytest.mark.parametrize("name", NAMES)
def test_animation_on_threes_is_counted_in_the_ordered_rate(tmp_path: Path, name: str) -> None:
    path = animated(tmp_path / name, THREES, 40)

    numbers, reader = shown(path, 25)

    assert numbers == THREES
    assert (reader.info.fps, reader.drawings) == (Fraction(25), 8)


@pytest.mark.parametrize("name", NAMES)
def test_without_an_order_animation_on_threes_has_the_rate_of_its_drawings(tmp_path: Path, name: str) -> None:
    _, reader = shown(animated(tmp_path / name, THREES, 40))

    assert (reader.info.frames, reader.info.fps) == (8, Fraction(25, 3))
    assert reader.info.duration_s == pytest.approx(0.96)


def test_drawings_at_another_rate_than_the_ordered_stay_as_they_are(tmp_path: Path) -> None:
    _, reader = shown(animated(tmp_path / "a.webp", list(range(12)), 80), 24)

    assert (reader.info.frames, reader.info.fps) == (12, Fraction(25, 2))


def test_the_sentence_tells_drawings_from_frames() -> None:
    structure = StructureCheck(frames=24, width=96, height=64, fps=25, motion=True)
    for index in range(0, 24, 3):
        structure.add(drawing(index))

    measured = {each.metric: each for each in structure.measurements(Fraction(25, 3), drawings=8)}

    assert measured[Metric.FRAME_COUNT].detail["text"] == "8 frames (8 drawings for 0.96 s), 24 ordered"


@pytest.mark.parametrize(
    ("shown_ms", "tick_ms", "rate", "frames"),
    [
        ([42, 41, 42, 42], 1, 0, [1, 1, 1, 1]),  # 24 a second in whole milliseconds
        ([41, 123, 41, 492], 1, 0, [1, 3, 1, 12]),  # a saver that cut 41.7 down before it joined
        ([40, 40, 50, 40], 10, 0, [1, 1, 1, 1]),  # 24 a second in a GIF
        ([40, 120, 130, 40], 10, 0, [1, 3, 3, 1]),
        ([20, 30, 20, 30], 10, 0, [1, 1, 1, 1]),
        ([20, 64, 20, 64, 42], 1, 0, [1, 1, 1, 1, 1]),  # uneven, and not held
        ([120, 120, 120], 1, 25, [3, 3, 3]),
        ([123, 123, 246], 1, 24, [3, 3, 6]),
        ([83, 84, 83, 250], 1, 24, [2, 2, 2, 6]),
        ([80, 80], 1, 24, [1, 1]),
        ([100, 100], 10, 24, [1, 1]),
        ([0, 40], 1, 25, [1, 1]),
        ([], 1, 25, []),
    ],
)
def test_times_on_screen_become_whole_frames_where_they_fit(
    shown_ms: list[int], tick_ms: int, rate: int, frames: list[int]
) -> None:
    held = frames_held([Fraction(each) for each in shown_ms], tick_ms=Fraction(tick_ms), rate=Fraction(rate))

    assert list(held) == frames


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(30000, 1001)])
def test_a_rate_of_television_in_milliseconds_is_a_fraction(tmp_path: Path, rate: Fraction) -> None:
    ends_ms = [round(1000 * (index + 1) / rate) for index in range(24)]
    durations = [end - begin for begin, end in zip([0, *ends_ms], ends_ms, strict=False)]

    _, reader = shown(animated(tmp_path / "a.webp", list(range(24)), durations))

    assert reader.info.fps == rate


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_a_poster_is_no_frame_of_its_animation(tmp_path: Path, mode: str) -> None:
    poster = Image.new("RGB", (96, 64), (250, 10, 200)).convert(mode)
    moving = [Image.fromarray(drawing(index)).convert(mode) for index in range(3)]

    poster.save(tmp_path / "a.png", save_all=True, default_image=True, append_images=moving, duration=[40] * 3)

    reader = FrameReader(tmp_path / "a.png")
    frames = list(reader)
    assert (reader.info.frames, reader.info.fps, reader.drawings) == (3, Fraction(25), 3)
    for frame, picture in zip(frames, moving, strict=True):
        assert np.abs(frame.astype(int) - np.asarray(picture.convert("RGB"))).mean() < 30


def test_a_poster_before_one_picture_is_not_the_picture(tmp_path: Path) -> None:
    poster, picture = (Image.fromarray(drawing(index)) for index in (0, 20))

    poster.save(tmp_path / "a.png", save_all=True, default_image=True, append_images=[picture], duration=[40])

    reader = FrameReader(tmp_path / "a.png")
    assert [np.array_equal(frame, drawing(20)) for frame in reader] == [True]
    assert reader.info.kind == "still"


def test_an_animation_begins_on_an_empty_canvas_and_not_on_its_poster(tmp_path: Path) -> None:
    poster = Image.new("RGBA", (96, 64), (250, 10, 200, 255))
    picture = Image.fromarray(np.dstack([drawing(), np.full((64, 96), 255, np.uint8)]), "RGBA")
    picture.paste((0, 0, 0, 0), (0, 0, 40, 64))

    poster.save(
        tmp_path / "a.png",
        save_all=True,
        default_image=True,
        append_images=[picture] * 2,
        duration=[40, 80],
        blend=1,
    )

    assert (next(iter(read_frames(tmp_path / "a.png")))[:, :40] == 255).all()


def corners(frame: Any) -> list[tuple[int, ...]]:
    """The colours near the four corners of a GIF, row by row."""
    return [tuple(int(part) for part in frame[y, x]) for y in (4, 28) for x in (4, 28)]


@pytest.mark.parametrize(
    ("disposal", "second", "third"),
    [
        (1, (GREEN, RED, RED, RED), (GREEN, RED, RED, BLUE)),
        (2, (GREEN, WHITE, WHITE, WHITE), (WHITE, WHITE, WHITE, BLUE)),
    ],
)
def test_what_a_gif_clears_is_transparent_and_not_its_background(
    tmp_path: Path, disposal: int, second: Any, third: Any
) -> None:
    parts = [(0, 0, 32, 32, 0, disposal), (0, 0, 16, 16, 1, disposal), (16, 16, 16, 16, 2, 1)]

    frames = list(read_frames(gif(tmp_path / "a.gif", parts)))

    assert [tuple(corners(frame)) for frame in frames] == [(RED,) * 4, second, third]


def test_a_gif_puts_back_what_was_there_before_a_picture(tmp_path: Path) -> None:
    parts = [(0, 0, 32, 32, 0, 1), (0, 0, 16, 16, 1, 3), (16, 16, 16, 16, 2, 1)]

    frames = list(read_frames(gif(tmp_path / "a.gif", parts)))

    assert corners(frames[2]) == [RED, RED, RED, BLUE]


def test_a_gif_that_covers_a_part_of_its_canvas_is_white_around_it(tmp_path: Path) -> None:
    [frame] = read_frames(gif(tmp_path / "a.gif", [(0, 0, 16, 16, 1, 1)]))

    assert corners(frame) == [GREEN, WHITE, WHITE, WHITE]


def test_a_camera_jpeg_of_several_views_is_one_still(tmp_path: Path) -> None:
    one, other = (Image.fromarray(drawing(index)) for index in (0, 20))
    one.save(tmp_path / "a.mpo", save_all=True, append_images=[other])

    reader = FrameReader(tmp_path / "a.mpo")

    assert len(list(reader)) == 1
    assert (reader.info.kind, reader.drawings) == ("still", 0)


def test_an_avif_cut_short_is_refused_after_its_whole_frames(tmp_path: Path) -> None:
    path = animated(tmp_path / "a.avif", list(range(8)), 40)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])

    with pytest.raises(BadInput, match=r"cut short|damaged|neither"):
        list(read_frames(path))
