"""Any picture or clip is read as upright 8-bit RGB, or refused with one sentence."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest
from PIL import Image

from models.errors import BadInput
from tests.support.media import probe
from workers.media.masters import MasterWriter, write_still
from workers.media.proxies import open_proxy, poster, thumbnail
from workers.media.reading import FrameReader, read_frames

if TYPE_CHECKING:
    from numpy.typing import NDArray


def gradient(width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    rows, columns = np.mgrid[0:height, 0:width]
    return np.stack([columns * 255 // width, rows * 255 // height, np.full_like(rows, 128)], axis=-1).astype(
        np.uint8
    )


def moving(count: int) -> list[NDArray[np.uint8]]:
    return [np.roll(gradient(), index * 3, axis=1) for index in range(count)]


def clip(path: Path, count: int = 12, fps: int = 24) -> Path:
    if path.suffix == ".mkv":
        with MasterWriter(path.with_suffix(""), fps) as writer:
            for frame in moving(count):
                writer.add(frame)
    else:
        with open_proxy(path, fps) as encoder:
            for frame in moving(count):
                encoder.add(frame)
    return path


def only_frame(path: Path) -> NDArray[np.uint8]:
    [frame] = read_frames(path)
    return frame


@pytest.mark.parametrize("name", ["still.png", "still.bmp", "still.webp", "still.gif", "still.jpg"])
def test_every_kind_of_picture_is_one_rgb_frame(tmp_path: Path, name: str) -> None:
    options: dict[str, Any] = {"lossless": True} if name.endswith("webp") else {"quality": 95}
    Image.fromarray(gradient()).save(tmp_path / name, **options)

    info = probe(tmp_path / name)

    assert (info.kind, info.frames, info.width, info.height) == ("still", 1, 64, 48)
    assert info.fps == 0
    assert info.duration_s == 0.0
    # A GIF has 256 colours, a JPEG is lossy: close is what they can be.
    assert np.abs(only_frame(tmp_path / name).astype(int) - gradient()).mean() < 6


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png"])
def test_an_animated_picture_is_motion_with_its_own_rate(tmp_path: Path, name: str) -> None:
    first, *rest = [Image.fromarray(frame) for frame in moving(5)]
    options: dict[str, Any] = {"lossless": True} if name == "a.webp" else {}
    first.save(tmp_path / name, save_all=True, append_images=rest, duration=50, **options)

    info = probe(tmp_path / name)

    assert (info.kind, info.frames) == ("motion", 5)
    assert info.fps == Fraction(20)
    assert info.duration_s == pytest.approx(0.25)
    if name != "a.gif":
        assert all(np.array_equal(a, b) for a, b in zip(read_frames(tmp_path / name), moving(5), strict=True))


def test_a_header_that_promises_other_frames_is_not_believed(tmp_path: Path) -> None:
    reader = FrameReader(clip(tmp_path / "a.mkv", 7, fps=12))

    with pytest.raises(RuntimeError, match="to the end"):
        _ = reader.info
    frames = list(reader)

    assert len(frames) == reader.info.frames == 7
    assert reader.info.duration_s == pytest.approx(7 / 12)


def test_the_type_is_read_from_the_content_and_not_from_the_name(tmp_path: Path) -> None:
    clip(tmp_path / "a.mkv", 3).rename(tmp_path / "a.png")

    assert probe(tmp_path / "a.png").frames == 3


def test_a_photograph_taken_sideways_stands_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(gradient()).save(tmp_path / "turned.png", exif=exif)

    assert np.array_equal(only_frame(tmp_path / "turned.png"), np.rot90(gradient(), -1))


def test_a_clip_filmed_sideways_stands_upright(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "turned.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=24, options={"crf": "1"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv444p"
        stream.set_display_rotation(90)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(gradient(), format="rgb24")))
        container.mux(stream.encode(None))

    frame = only_frame(tmp_path / "turned.mp4")

    assert frame.shape == (64, 48, 3)
    assert np.abs(frame.astype(int) - np.rot90(gradient())).mean() < 6


def test_what_is_transparent_shows_white(tmp_path: Path) -> None:
    pixels = np.dstack([gradient(), np.zeros((48, 64), np.uint8)])
    pixels[:, 32:, 3] = 255
    Image.fromarray(pixels, "RGBA").save(tmp_path / "cut.png")

    frame = only_frame(tmp_path / "cut.png")

    assert (frame[:, :32] == 255).all()
    assert np.array_equal(frame[:, 32:], gradient()[:, 32:])


def test_a_transparent_clip_shows_white(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "cut.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "bgra"
        pixels = np.dstack([gradient(), np.zeros((48, 64), np.uint8)])
        pixels[:, 32:, 3] = 255
        container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgba").reformat(format="bgra")))
        container.mux(stream.encode(None))

    frame = only_frame(tmp_path / "cut.mkv")

    assert (frame[:, :32] == 255).all()
    assert np.array_equal(frame[:, 32:], gradient()[:, 32:])


def test_sixteen_bits_are_scaled_and_not_clipped(tmp_path: Path) -> None:
    grey = np.linspace(0, 65535, 256, dtype=np.uint16)[None].repeat(4, axis=0)
    Image.fromarray(grey).save(tmp_path / "deep.png")

    frame = only_frame(tmp_path / "deep.png")

    assert frame[0, :, 0].tolist() == list(range(256))
    assert (frame[..., 0] == frame[..., 2]).all()


@pytest.mark.parametrize(("mode", "name"), [("L", "g.png"), ("CMYK", "c.jpg"), ("P", "p.png"), ("1", "b.png")])
def test_other_colour_models_become_rgb(tmp_path: Path, mode: str, name: str) -> None:
    picture = Image.fromarray(gradient()).convert(mode)
    picture.save(tmp_path / name, quality=95)

    frame = only_frame(tmp_path / name)

    assert frame.shape == (48, 64, 3)
    assert np.abs(frame.astype(int) - np.asarray(picture.convert("RGB"))).mean() < 4


def test_a_poster_is_the_first_frame_made_small(tmp_path: Path) -> None:
    clip(tmp_path / "a.mkv", 3)

    poster(tmp_path / "a.mkv", tmp_path / "poster.png", max_side_px=32)

    assert only_frame(tmp_path / "poster.png").shape == (24, 32, 3)


def test_a_thumbnail_lies_beside_its_master(tmp_path: Path) -> None:
    clip(tmp_path / "a.mkv", 2)

    small = thumbnail(tmp_path / "a.mkv")

    assert small == tmp_path / "thumbnail.webp"
    assert only_frame(small).shape == (48, 64, 3)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="There is no file"):
        read_frames(tmp_path / "nowhere.png")


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()

    with pytest.raises(BadInput, match="is empty"):
        probe(tmp_path / "empty.mp4")


@pytest.mark.parametrize("name", ["text.mp4", "text.png", "playlist.m3u8"])
def test_text_is_no_picture_whatever_its_name_says(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("dear animator,\nplease find attached\n" * 50)

    with pytest.raises(BadInput, match="neither a picture nor a clip"):
        probe(tmp_path / name)


def test_sound_without_a_picture_is_refused(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "voice.wav"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))

    with pytest.raises(BadInput, match="holds no picture"):
        probe(tmp_path / "voice.wav")


@pytest.mark.parametrize("name", ["a.png", "a.mkv", "a.mp4"])
@pytest.mark.parametrize("kept", [0.2, 0.5, 0.8])
def test_a_file_that_was_cut_short_is_refused(tmp_path: Path, name: str, kept: float) -> None:
    rng = np.random.default_rng(0)
    if name == "a.png":
        write_still(tmp_path / name, rng.integers(0, 256, (200, 300, 3), dtype=np.uint8))
    else:
        clip(tmp_path / name, 48)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(len(whole) * kept)])

    with pytest.raises(BadInput, match=r"cut short|damaged|neither"):
        probe(tmp_path / name)


@pytest.mark.parametrize("length", ["00:00:1e0000000099", "00:00:-5.000000000", "00:00:00000000001/3"])
def test_a_length_that_nobody_writes_is_not_worked_out(tmp_path: Path, length: str) -> None:
    data = clip(tmp_path / "a.mkv", 12).read_bytes()
    assert data.count(b"00:00:00.500000000") == 1

    (tmp_path / "a.mkv").write_bytes(data.replace(b"00:00:00.500000000", length.encode()))

    # With 1e9999999999 in place of 99 zeros the sum alone would never end.
    assert probe(tmp_path / "a.mkv").frames == 12


def test_a_damaged_master_is_refused_and_not_painted_over(tmp_path: Path) -> None:
    whole = bytearray(clip(tmp_path / "a.mkv", 24).read_bytes())
    middle = len(whole) // 2
    whole[middle : middle + 8] = bytes(byte ^ 0xFF for byte in whole[middle : middle + 8])
    (tmp_path / "a.mkv").write_bytes(whole)

    with pytest.raises(BadInput, match="damaged"):
        probe(tmp_path / "a.mkv")


@pytest.mark.parametrize("side", [9000, 12000, 30000])
def test_a_picture_that_would_fill_the_memory_is_refused_unseen(tmp_path: Path, side: int) -> None:
    header = Image.new("1", (8, 8))
    header.save(tmp_path / "bomb.png")
    data = bytearray((tmp_path / "bomb.png").read_bytes())
    data[16:24] = side.to_bytes(4, "big") * 2
    data[29:33] = _crc(bytes(data[12:29]))
    (tmp_path / "bomb.png").write_bytes(data)

    with pytest.raises(BadInput, match=r"megapixels|too large"):
        probe(tmp_path / "bomb.png")


def _crc(chunk: bytes) -> bytes:
    import zlib

    return zlib.crc32(chunk).to_bytes(4, "big")


@pytest.mark.parametrize("name", ["ep01:sc010.mp4", "file:a.mp4", "-a.mp4", "a b?c=1.mp4", "a%02d.mp4"])
def test_a_clip_may_have_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    clip(tmp_path / "a.mp4").rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)

    assert probe(Path(name)).frames == 12
