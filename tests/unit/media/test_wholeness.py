"""A clip is whole when everything that it shows is there, and cut short when something is missing."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest

from models.errors import BadInput
from tests.support.footage import FINE, drawing, filmed, media_ticks, with_edits
from tests.support.media import probe
from workers.media.reading import FrameReader, read_frames

if TYPE_CHECKING:
    from pathlib import Path

DRAWINGS = [drawing(index) for index in range(24)]
#: key frames every eight frames; with `bf` the order in the file is not that on the screen
ORDERS: dict[str, dict[str, str]] = {"in order": {"bf": "0", "g": "8"}, "reordered": {"bf": "2", "g": "8"}}
#: twelve frames, two seconds of the last of them, twelve frames
HELD = [*range(12), *range(60, 72)]


def edited(path: Path, edits: list[tuple[int, float]], **options: str) -> Path:
    """24 frames in a second and an edit list: (milliseconds on screen, second of the media, -1 for nothing)."""
    filmed(path, DRAWINGS, options=FINE | options)
    ticks = media_ticks(path)
    # With frames out of order the first picture stands two frames behind the beginning of the media.
    late = 2 / 24 if options.get("bf") == "2" else 0
    return with_edits(path, [(ms, round((at + late) * ticks) if at >= 0 else -1) for ms, at in edits])


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    ("edits", "shown"),
    [
        ([(1000, 0)], range(24)),
        ([(700, -1), (1000, 0)], range(24)),
        ([(500, 0)], range(12)),
        ([(500, 0.5)], range(12, 24)),
        ([(250, 7 / 24)], range(7, 13)),
        ([(250, 0), (250, 0.5)], [*range(6), *range(12, 18)]),
        ([(500, 0), (500, 0)], [*range(12), *range(12)]),
    ],
    ids=["all", "begins late", "end cut", "begin cut", "middle", "two parts", "one part twice"],
)
def test_an_edited_clip_shows_what_its_edit_list_leaves_of_it(
    tmp_path: Path, edits: list[tuple[int, float]], shown: Any, order: str
) -> None:
    path = edited(tmp_path / "a.mp4", edits, **ORDERS[order])

    frames = list(read_frames(path))

    assert len(frames) == len(shown)
    for frame, index in zip(frames, shown, strict=True):
        nearest = min(range(24), key=lambda other: int(np.abs(frame.astype(int) - DRAWINGS[other]).sum()))
        assert nearest == index


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4", "a.mov", "a.avi", "a.ts", "a.webm"])
def test_a_clip_that_holds_a_picture_for_long_is_whole(tmp_path: Path, name: str) -> None:
    codec = {"avi": "mpeg4", "webm": "libvpx-vp9"}.get(name[2:], "libx264")
    filmed(tmp_path / name, DRAWINGS, codec=codec, options={"b": "1M"}, times=HELD)

    reader = FrameReader(tmp_path / name)
    frames = list(reader)

    assert len(frames) == reader.info.frames == 24
    assert not reader.pace.keeps(reader.fps)


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4"])
def test_a_last_picture_that_is_held_is_no_end_that_is_missing(tmp_path: Path, name: str) -> None:
    # The last frame comes after five seconds of the one before it.
    filmed(tmp_path / name, DRAWINGS[:8], times=[*range(7), 127])

    assert probe(tmp_path / name).frames == 8


def test_a_matroska_file_that_says_no_duration_is_whole(tmp_path: Path) -> None:
    path = filmed(tmp_path / "a.mkv", DRAWINGS, container={"live": "1"})

    assert b"DURATION" not in path.read_bytes()
    assert probe(path).frames == 24


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4", "fast.mp4", "fragments.mp4", "a.avi", "a.flv"])
@pytest.mark.parametrize("kept", [0.4, 0.95])
def test_a_clip_that_lost_its_end_is_refused(tmp_path: Path, name: str, kept: float) -> None:
    codec = {"a.avi": "mpeg4", "a.flv": "flv"}.get(name, "libx264")
    flags = {"fast.mp4": "faststart", "fragments.mp4": "frag_keyframe+empty_moov"}.get(name, "")
    container = {"movflags": flags} if flags else {}
    noise = np.random.default_rng(0).integers(0, 256, (24, 64, 96, 3), np.uint8)
    path = filmed(tmp_path / name, list(noise), codec=codec, options={"b": "4M", "g": "6"}, container=container)

    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])

    with pytest.raises(BadInput, match=r"cut short|damaged|neither"):
        probe(path)


def test_what_is_missing_of_a_clip_is_said(tmp_path: Path) -> None:
    path = filmed(tmp_path / "a.mkv", DRAWINGS, codec="ffv1", pix_fmt="bgr0", options={"g": "1"})
    whole = path.read_bytes()

    path.write_bytes(whole[:-40])

    with pytest.raises(BadInput, match=f"says that it has {len(whole)} bytes and has {len(whole) - 40}"):
        probe(path)


@pytest.mark.parametrize("name", ["a.mkv", "a.mov", "a.avi", "a.flv"])
@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(30000, 1001), Fraction(24), Fraction(12)])
def test_a_rate_of_television_is_a_fraction_in_every_container(
    tmp_path: Path, name: str, rate: Fraction
) -> None:
    codec = {"avi": "mpeg4", "flv": "flv"}.get(name[2:], "libx264")
    filmed(tmp_path / name, DRAWINGS, codec=codec, options={"b": "1M"}, rate=rate)

    info = probe(tmp_path / name)

    assert info.fps == rate
    assert info.duration_s == pytest.approx(float(24 / rate))


def test_a_rate_that_a_file_rounds_to_thousandths_is_the_fraction_it_means(tmp_path: Path) -> None:
    path = filmed(tmp_path / "a.avi", DRAWINGS, codec="mpeg4", rate=Fraction(23976, 1000), options={})

    assert probe(path).fps == Fraction(24000, 1001)
    with av.open(str(path)) as container:
        assert container.streams.video[0].average_rate == Fraction(23976, 1000)
