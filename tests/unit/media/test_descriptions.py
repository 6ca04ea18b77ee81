"""What a picture's file says beside its pixels is applied, or the picture is refused by name."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from models.errors import BadInput
from tests.support.bad_files import chunk, scanned
from tests.support.colour_profiles import ADOBE_RGB, DISPLAY_P3, SRGB, grey_profile, rgb_profile, stored_under
from tests.support.footage import drawing, filmed
from tests.support.media import probe
from workers.media.reading import read_frames

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

#: colours that lie inside every gamut here; the figures are those of sRGB
DRAWING = drawing()
WIDE = {"Adobe RGB": (ADOBE_RGB, 2.19921875), "Display P3": (DISPLAY_P3, 2.2), "gamma 1.8": (SRGB, 1.8)}
SAVED: dict[str, dict[str, Any]] = {
    "a.png": {},
    "a.jpg": {"quality": 98, "subsampling": 0},
    "a.webp": {"lossless": True},
    "a.avif": {"quality": 98, "subsampling": "4:4:4"},
}


def only(path: Path) -> NDArray[np.uint8]:
    [frame] = read_frames(path)
    return frame


def error(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Mean difference of a channel in levels of 255."""
    return float(np.abs(one.astype(int) - other).mean())


def described(path: Path, name: bytes, body: bytes) -> Path:
    """The drawing as a PNG with one more chunk in front of its pixels."""
    Image.fromarray(DRAWING).save(path)
    data = path.read_bytes()
    path.write_bytes(data[:33] + chunk(name, body) + data[33:])
    return path


@pytest.mark.parametrize("gamut", WIDE)
@pytest.mark.parametrize("name", SAVED)
def test_a_colour_profile_is_applied(tmp_path: Path, name: str, gamut: str) -> None:
    stored = stored_under(DRAWING, *WIDE[gamut])
    assert error(stored, DRAWING) > 3

    Image.fromarray(stored).save(tmp_path / name, icc_profile=rgb_profile(*WIDE[gamut]), **SAVED[name])

    assert error(only(tmp_path / name), DRAWING) < 1.5


def test_a_profile_of_srgb_itself_changes_no_pixel(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)

    Image.fromarray(noise).save(tmp_path / "a.png", icc_profile=profile)

    assert np.array_equal(only(tmp_path / "a.png"), noise)


def test_a_profile_leaves_transparency_as_it_is(tmp_path: Path) -> None:
    rgba = np.dstack([stored_under(DRAWING, *WIDE["Display P3"]), np.full((64, 96), 255, np.uint8)])
    rgba[:, :20, 3] = 0

    Image.fromarray(rgba, "RGBA").save(tmp_path / "a.png", icc_profile=rgb_profile(*WIDE["Display P3"]))

    assert (only(tmp_path / "a.png")[:, :20] == 255).all()
    assert error(only(tmp_path / "a.png")[:, 20:], DRAWING[:, 20:]) < 1.5


@pytest.mark.parametrize("mode", ["P", "L", "1"])
def test_a_profile_of_rgb_describes_a_palette_and_greys_too(tmp_path: Path, mode: str) -> None:
    picture = Image.fromarray(DRAWING).convert(mode)
    plain = np.asarray(picture.convert("RGB"))

    picture.save(tmp_path / "a.png", icc_profile=rgb_profile(SRGB, 1.0))

    # Half of the light is shown as 188, not as 128.
    brighter = only(tmp_path / "a.png").astype(int) - plain
    assert brighter.min() >= -1
    assert brighter.max() > 40 or mode == "1"


@pytest.mark.parametrize("deep", [False, True])
def test_a_profile_of_greys_is_applied_to_them(tmp_path: Path, deep: bool) -> None:
    levels = np.arange(256, dtype=np.uint16)[None].repeat(8, axis=0)
    picture = Image.fromarray(levels * 257) if deep else Image.fromarray(levels.astype(np.uint8))

    picture.save(tmp_path / "a.png", icc_profile=grey_profile(1.0))

    shown = only(tmp_path / "a.png")[0, :, 0]
    assert abs(int(shown[128]) - 188) <= 2
    assert (shown[0], shown[255]) == (0, 255)


def test_every_picture_of_an_animation_has_its_profile(tmp_path: Path) -> None:
    stored = [Image.fromarray(stored_under(drawing(index), *WIDE["Adobe RGB"])) for index in range(3)]

    stored[0].save(
        tmp_path / "a.webp",
        save_all=True,
        append_images=stored[1:],
        duration=40,
        lossless=True,
        icc_profile=rgb_profile(*WIDE["Adobe RGB"]),
    )

    for index, frame in enumerate(read_frames(tmp_path / "a.webp")):
        assert error(frame, drawing(index)) < 1.5


@pytest.mark.parametrize(
    ("profile", "named"),
    [
        (b"no profile at all" * 20, "cannot be applied"),
        (rgb_profile(*WIDE["Display P3"])[:200], "cannot be applied"),
        (grey_profile(2.2), "a colour profile for GRAY"),
    ],
)
def test_a_profile_that_cannot_be_applied_is_named(tmp_path: Path, profile: bytes, named: str) -> None:
    Image.fromarray(DRAWING).save(tmp_path / "a.png", icc_profile=profile)

    with pytest.raises(BadInput, match=named):
        probe(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("name", "body", "named"),
    [
        (b"gAMA", struct.pack(">I", 100_000), "a gamma of 1"),
        (b"cHRM", struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000), "other primaries"),
        (b"cICP", bytes([9, 16, 0, 1]), "is HDR"),
        (b"cICP", bytes([12, 13, 0, 1]), "Display P3 colours"),
        (b"pHYs", struct.pack(">IIB", 1, 2, 0), "pixels 2 times as wide as high"),
        (b"pHYs", struct.pack(">IIB", 4000, 2000, 1), r"pixels 0\.5 times as wide as high"),
    ],
)
def test_a_png_that_looks_other_than_its_pixels_is_refused_by_name(
    tmp_path: Path, name: bytes, body: bytes, named: str
) -> None:
    path = described(tmp_path / "a.png", name, body)

    with pytest.raises(BadInput, match=named):
        probe(path)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        (b"gAMA", struct.pack(">I", 45_455)),
        (b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)),
        (b"cICP", bytes([1, 13, 0, 1])),
        (b"sRGB", b"\0"),
        (b"pHYs", struct.pack(">IIB", 2835, 2834, 1)),
    ],
)
def test_a_png_that_says_what_everybody_assumes_is_read_as_it_is(
    tmp_path: Path, name: bytes, body: bytes
) -> None:
    path = described(tmp_path / "a.png", name, body)

    assert np.array_equal(only(path), DRAWING)


def test_a_jpeg_of_oblong_pixels_is_refused_by_name(tmp_path: Path) -> None:
    Image.fromarray(DRAWING).save(tmp_path / "a.jpg", dpi=(144, 72))

    with pytest.raises(BadInput, match=r"pixels 0\.5 times as wide as high"):
        probe(tmp_path / "a.jpg")


@pytest.mark.parametrize(
    ("coding", "named"), [((9, 16), "is HDR"), ((12, 13), "Display P3 colours"), ((1, 8), "linear")]
)
def test_an_avif_of_colours_that_cannot_be_shown_is_refused_by_name(
    tmp_path: Path, coding: tuple[int, int], named: str
) -> None:
    path = tmp_path / "a.avif"
    Image.fromarray(DRAWING).save(path)
    data = path.read_bytes()
    at = data.index(b"colrnclx") + 8

    path.write_bytes(data[:at] + struct.pack(">HH", *coding) + data[at + 4 :])

    with pytest.raises(BadInput, match=named):
        probe(path)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.avif"])
def test_a_picture_lies_as_its_orientation_says(tmp_path: Path, name: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(DRAWING).save(tmp_path / name, exif=exif, quality=95)
    turned = np.rot90(DRAWING, {1: 0, 2: 0, 3: 2, 4: 2, 5: -1, 6: -1, 7: 1, 8: 1}[orientation])
    upright = turned[:, ::-1] if orientation in (2, 4, 5, 7) else turned

    assert error(only(tmp_path / name), upright) < 4


@pytest.mark.parametrize(
    ("start", "named"),
    [
        (b"\x00\x00\x00\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\x00\x00\x00\x18ftypmif1\0\0\0\0mif1heic", "HEIC"),
        (b"\xff\x0a\xfa\x1f", "JPEG XL"),
        (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"II*\0\x08\0\0\0", "TIFF"),
        (b"8BPS\0\x01", "Photoshop"),
    ],
)
def test_a_picture_of_a_kind_that_is_not_read_is_refused_by_its_name(
    tmp_path: Path, start: bytes, named: str
) -> None:
    (tmp_path / "a.png").write_bytes(start + bytes(200))

    with pytest.raises(BadInput, match=named):
        probe(tmp_path / "a.png")


@pytest.mark.parametrize("name", ["views.mpo", "film.mov"])
def test_too_many_scans_are_refused_in_whatever_holds_the_jpeg(tmp_path: Path, name: str) -> None:
    bomb = scanned(tmp_path / "a.jpg").read_bytes()
    path = tmp_path / name
    if name.endswith("mpo"):
        pictures = [Image.fromarray(DRAWING), Image.fromarray(drawing(4))]
        pictures[0].save(path, "MPO", save_all=True, append_images=pictures[1:])
        head = path.read_bytes()
        # The scans stand where the first of its pictures ends.
        end = head.index(b"\xff\xd9")
        path.write_bytes(head[:end] + bomb[bomb.index(b"\xff\xda") : -2] + head[end:])
    else:
        filmed(path, [DRAWING], codec="mjpeg", pix_fmt="yuvj420p", options={})
        data = path.read_bytes()
        picture = data[data.index(b"\xff\xd8") : data.index(b"\xff\xd9") + 2]
        longer = picture[:-2] + b"\xff\xda" * 200 + b"\xff\xd9"
        path.write_bytes(_with_picture(data, picture, longer))

    with pytest.raises(BadInput, match="decompression bomb"):
        probe(path)


def _with_picture(film: bytes, picture: bytes, longer: bytes) -> bytes:
    """A MOV of one picture in `mdat`, in front of everything else, with a longer one."""
    more = len(longer) - len(picture)
    for size in (len(picture), len(picture) + 8):
        film = film.replace(struct.pack(">I", size), struct.pack(">I", size + more))
    return film.replace(picture, longer)
