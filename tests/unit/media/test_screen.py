"""A clip is read as a player shows it: its matrix, the shape of its pixels, its colours, on every frame."""

from __future__ import annotations

import io
import struct
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest
from av.stream import Disposition
from av.video.reformatter import ColorPrimaries, Colorspace, ColorTrc
from PIL import Image

from models.errors import BadInput
from tests.support.colour_profiles import DISPLAY_P3, rgb_profile, stored_under
from tests.support.footage import (
    FINE,
    add_track,
    clean_aperture,
    drawing,
    fill,
    filmed,
    pixel_shape,
    with_box_inside,
)
from tests.support.media import probe
from workers.media.display import Turn, turn_of
from workers.media.reading import read_frames

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

DRAWINGS = [drawing(index) for index in range(4)]
FULL_COLOUR = {"pix_fmt": "yuv444p", "options": {"crf": "1", "preset": "veryfast"}}


def first(path: Path) -> NDArray[np.uint8]:
    return next(iter(read_frames(path)))


def error(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Mean difference of a channel in levels of 255."""
    assert one.shape == other.shape
    return float(np.abs(one.astype(int) - other).mean())


def as_tape(path: Path, before: list[Path]) -> Path:
    """The clips joined without coding them anew, as editors and recorders join what they were given."""
    with av.open(str(path), "w") as joined:
        stream: Any = None
        begin = 0
        for part in before:
            with av.open(str(part)) as container:
                source = container.streams.video[0]
                stream = stream or joined.add_stream_from_template(source)
                packets = [packet for packet in container.demux(source) if packet.dts is not None]
                step = packets[1].pts - packets[0].pts
                for index, packet in enumerate(packets):
                    packet.pts = packet.dts = begin + index * step
                    packet.stream = stream
                    joined.mux(packet)
                begin += len(packets) * step
    return path


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.mov"])
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_clip_lies_as_its_display_matrix_says(
    tmp_path: Path, name: str, degrees: int, mirrored: bool
) -> None:
    path = filmed(
        tmp_path / name,
        DRAWINGS[:1],
        prepare=lambda stream: stream.set_display_rotation(degrees, hflip=mirrored),
        **FULL_COLOUR,
    )

    upright = np.rot90(DRAWINGS[0], degrees // 90)

    assert error(first(path), upright[:, ::-1] if mirrored else upright) < 2


@pytest.mark.parametrize("entries", [(0.9, 0.4, -0.4, 0.9), (1, 0.3, 0, 1), (1, 0, 0, 0)])
def test_a_slanted_clip_is_refused_by_name(tmp_path: Path, entries: tuple[float, ...]) -> None:
    a, b, c, d = (round(65536 * entry) for entry in entries)
    matrix = struct.pack("=9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)

    with pytest.raises(BadInput, match="slanted"):
        turn_of(tmp_path / "a.mp4", matrix)


def test_the_scale_and_the_place_of_a_matrix_turn_nothing(tmp_path: Path) -> None:
    matrices = [(2, 0, 0, 2, 0, 0), (1, 0, 0, 1, 500, 20), (0, 0, 0, 0, 0, 0)]
    for a, b, c, d, x, y in matrices:
        matrix = struct.pack("=9i", a << 16, b, 0, c, d << 16, 0, x, y, 1 << 30)

        assert turn_of(tmp_path / "a.mp4", matrix) == Turn()


def test_a_clip_turned_by_thirty_degrees_is_refused(tmp_path: Path) -> None:
    path = filmed(tmp_path / "a.mp4", DRAWINGS, prepare=lambda stream: stream.set_display_rotation(30))

    with pytest.raises(BadInput, match="slanted"):
        probe(path)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
@pytest.mark.parametrize(("width", "aspect"), [(72, Fraction(4, 3)), (120, Fraction(4, 5)), (48, Fraction(2))])
def test_oblong_pixels_are_shown_square(tmp_path: Path, name: str, width: int, aspect: Fraction) -> None:
    stored = [drawing(index, width=width) for index in range(4)]
    path = filmed(tmp_path / name, stored, context={"sample_aspect_ratio": aspect}, **FULL_COLOUR)

    shown = first(path)

    assert shown.shape == (64, 96, 3)
    assert (shown[4, 80] == first(path)[4, 80]).all()
    assert np.abs(shown[4, 80].astype(int) - DRAWINGS[0][4, 80]).max() < 4
    assert probe(path).width == 96


def test_the_containers_shape_of_a_pixel_wins_over_the_codecs(tmp_path: Path) -> None:
    path = filmed(tmp_path / "a.mp4", DRAWINGS, container={"movflags": "faststart"}, codec="mpeg4", options={})
    assert b"pasp" not in path.read_bytes()
    plain = filmed(tmp_path / "b.mp4", DRAWINGS, codec="mpeg4", options={})

    with_box_inside(plain, b"mp4v", pixel_shape(3, 2))

    assert (probe(path).width, probe(plain).width) == (96, 144)


def test_oblong_pixels_are_widened_before_they_are_turned(tmp_path: Path) -> None:
    path = filmed(
        tmp_path / "a.mp4",
        DRAWINGS,
        context={"sample_aspect_ratio": Fraction(2)},
        prepare=lambda stream: stream.set_display_rotation(90),
    )

    info = probe(path)

    assert (info.width, info.height) == (64, 192)


def test_pixels_eighty_times_as_wide_as_high_are_refused(tmp_path: Path) -> None:
    path = filmed(tmp_path / "a.mp4", DRAWINGS, codec="mpeg4", options={})

    with_box_inside(path, b"mp4v", pixel_shape(80, 1))

    with pytest.raises(BadInput, match="64 times the other"):
        probe(path)


def test_a_clip_of_which_a_part_is_shown_is_refused_by_name(tmp_path: Path) -> None:
    path = filmed(tmp_path / "a.mp4", DRAWINGS)
    whole = filmed(tmp_path / "b.mp4", DRAWINGS)

    with_box_inside(path, b"avc1", clean_aperture(80, 64))
    with_box_inside(whole, b"avc1", clean_aperture(96, 64))

    assert probe(whole).frames == 4
    with pytest.raises(BadInput, match="only a part of its picture"):
        probe(path)


@pytest.mark.parametrize(
    ("size", "players_take"),
    [((640, 480), Colorspace.ITU601), ((720, 576), Colorspace.ITU601), ((1280, 720), Colorspace.ITU709)],
)
def test_an_unsaid_colour_matrix_is_the_one_that_players_take(
    tmp_path: Path, size: tuple[int, int], players_take: Colorspace
) -> None:
    picture = drawing(0, *size)
    path = filmed(tmp_path / "a.mp4", [picture], reformat={"dst_colorspace": players_take}, options=FINE)

    with av.open(str(path)) as container:
        assert next(container.decode(video=0)).colorspace not in set(Colorspace)
    assert error(first(path), picture) < 2


@pytest.mark.parametrize("matrix", [Colorspace.ITU709, Colorspace.ITU601])
@pytest.mark.parametrize("colour_range", [1, 2])
def test_a_colour_matrix_and_a_range_that_are_said_are_believed(
    tmp_path: Path, matrix: Colorspace, colour_range: int
) -> None:
    path = filmed(
        tmp_path / "a.mp4",
        DRAWINGS[:1],
        reformat={"dst_colorspace": matrix, "dst_color_range": colour_range},
        context={"colorspace": int(matrix), "color_range": colour_range},
        **FULL_COLOUR,
    )

    assert error(first(path), DRAWINGS[0]) < 2


@pytest.mark.parametrize(
    ("tags", "named"),
    [
        ({"color_primaries": ColorPrimaries.BT2020}, r"BT\.2020 colours"),
        ({"color_primaries": ColorPrimaries.SMPTE432}, "Display P3 colours"),
        ({"color_trc": ColorTrc.ARIB_STD_B67}, "is HDR"),
        ({"color_trc": ColorTrc.LINEAR}, "linear or logarithmic light"),
        ({"colorspace": 8}, "colour matrix unknown here"),
    ],
)
def test_colours_that_cannot_be_shown_here_are_refused_by_name(
    tmp_path: Path, tags: dict[str, int], named: str
) -> None:
    path = filmed(tmp_path / "a.mkv", DRAWINGS, context={name: int(tag) for name, tag in tags.items()})

    with pytest.raises(BadInput, match=named):
        probe(path)


@pytest.mark.parametrize(
    ("later", "named"),
    [
        ({"options": {"flags": "+ildct+ilme"}}, "interlaced from frame 4 on"),
        ({"context": {"color_primaries": 9, "color_trc": 16}}, r"is HDR from frame [34] on"),
        ({"context": {"sample_aspect_ratio": Fraction(4, 3)}}, r"pixels of another shape from frame [34] on"),
    ],
)
def test_what_begins_with_a_later_shot_is_refused_there(
    tmp_path: Path, later: dict[str, Any], named: str
) -> None:
    parts = [
        filmed(tmp_path / f"{number}.mkv", DRAWINGS, codec="mpeg2video", **({"options": {"bf": "0"}} | how))
        for number, how in enumerate([{}, later])
    ]

    path = as_tape(tmp_path / "joined.mkv", parts)

    with pytest.raises(BadInput, match=named):
        probe(path)


def test_a_shot_of_another_size_is_read_in_its_own(tmp_path: Path) -> None:
    parts = [
        filmed(tmp_path / "0.mkv", DRAWINGS, codec="mpeg2video", options={"bf": "0"}),
        filmed(tmp_path / "1.mkv", [drawing(0, 64, 48)] * 2, codec="mpeg2video", options={"bf": "0"}),
    ]

    shapes = [frame.shape for frame in read_frames(as_tape(tmp_path / "joined.ts", parts))]

    assert (64, 96, 3) in shapes
    assert (48, 64, 3) in shapes


def film_of_one(path: Path, kind: str, **saved: Any) -> Path:
    """A MOV of one JPEG or PNG with the profile of Display P3, or with what is `saved` in it."""
    stored = Image.fromarray(stored_under(DRAWINGS[0], DISPLAY_P3, 2.2))
    picture = io.BytesIO()
    saved = saved or {"icc_profile": rgb_profile(DISPLAY_P3, 2.2)}
    stored.save(picture, kind, quality=98, subsampling=0, **saved)
    with av.open(str(path), "w") as container:
        codec, pix_fmt = {"JPEG": ("mjpeg", "yuvj444p"), "PNG": ("png", "rgb24")}[kind]
        stream = add_track(container, codec=codec, pix_fmt=pix_fmt, options={})
        # The encoder is opened for what the container says of it; its own picture is dropped.
        stream.encode(av.VideoFrame.from_ndarray(DRAWINGS[0]).reformat(format=pix_fmt))
        packet = av.Packet(picture.getvalue())
        packet.pts = packet.dts = 0
        packet.stream, packet.time_base = stream, Fraction(1, 24)
        container.mux(packet)
    return path


def test_a_clip_of_jpegs_with_a_colour_profile_is_shown_in_srgb(tmp_path: Path) -> None:
    assert error(first(film_of_one(tmp_path / "a.mov", "JPEG")), DRAWINGS[0]) < 2


@pytest.mark.parametrize(("orientation", "is_read"), [(1, True), (2, False), (6, False)])
def test_notes_of_a_camera_inside_a_clip_crash_nobody(tmp_path: Path, orientation: int, is_read: bool) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = film_of_one(tmp_path / "a.mov", "JPEG", exif=exif)

    if is_read:
        assert probe(path).frames == 1
    else:
        with pytest.raises(BadInput, match="turned or mirrored"):
            probe(path)


def test_a_clip_of_pngs_with_a_colour_profile_is_refused_and_kills_nobody(tmp_path: Path) -> None:
    path = film_of_one(tmp_path / "a.mov", "PNG")

    for _ in range(20):
        with pytest.raises(BadInput, match="a colour profile inside its PNG pictures"):
            probe(path)


def test_a_clip_of_pngs_that_is_turned_is_refused_by_name(tmp_path: Path) -> None:
    turned = filmed(
        tmp_path / "a.mov",
        DRAWINGS,
        codec="png",
        pix_fmt="rgb24",
        options={},
        prepare=lambda stream: stream.set_display_rotation(90),
    )

    with pytest.raises(BadInput, match="turned or mirrored"):
        probe(turned)


def two_tracks(path: Path, default: int) -> Path:
    """A grey track and the drawing; the number says which one is marked as the one to be shown."""
    grey = [np.full((64, 96, 3), 128, np.uint8)] * 4
    how: dict[str, Any] = {"codec": "mpeg4", "options": {"b": "2M"}}
    with av.open(str(path), "w") as container:
        tracks = [add_track(container, **how) for _ in range(2)]
        for number, track in enumerate(tracks):
            track.disposition = Disposition.default if number == default else Disposition(0)
        for track, frames in zip(tracks, [grey, DRAWINGS], strict=True):
            fill(container, track, frames, **how)
    return path


@pytest.mark.parametrize("default", [0, 1])
def test_the_track_that_is_marked_as_the_default_is_shown(tmp_path: Path, default: int) -> None:
    path = two_tracks(tmp_path / "a.mkv", default)

    shown = first(path)

    expected = np.full_like(shown, 128) if default == 0 else DRAWINGS[0]
    assert error(shown, expected) < 6
