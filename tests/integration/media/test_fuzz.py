"""Files damaged at random, in every kind the farm reads, never kill, hang or swell their reader."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest
from PIL import Image

from tests.support.mutations import mutated
from tests.support.reader_child import ReaderChild

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: one small file takes milliseconds; a damaged header may claim a picture of 64 megapixels, which takes seconds
_LIMIT_S = 120.0
#: what a picture of 64 megapixels takes with its copies (0.9 GiB), the largest that is read, beside the process
_MOST_MIB = 2048


def pictures(count: int) -> list[Image.Image]:
    rows, columns = np.mgrid[0:48, 0:64]
    first = np.stack([columns * 4, rows * 5, (rows + columns) * 2], axis=-1).astype(np.uint8)
    return [Image.fromarray(np.roll(first, index * 5, axis=1)) for index in range(count)]


def saved(pictures: list[Image.Image], **options: Any) -> bytes:
    file = io.BytesIO()
    first, *rest = pictures
    more = {"save_all": True, "append_images": rest, "duration": 40} if rest else {}
    first.save(file, **more, **options)
    return file.getvalue()


def filmed(tmp_path: Path, name: str, codec: str, pix_fmt: str, **options: str) -> bytes:
    with av.open(str(tmp_path / name), "w") as container:
        stream = container.add_stream(codec, rate=24, options=options)
        stream.width, stream.height, stream.pix_fmt = 64, 48, pix_fmt
        for index, picture in enumerate(pictures(16)):
            frame = av.VideoFrame.from_image(picture).reformat(format=pix_fmt)
            frame.pts, frame.time_base = index, Fraction(1, 24)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return (tmp_path / name).read_bytes()


def pngs(_: Path) -> list[bytes]:
    one = pictures(1)[0]
    deep = Image.fromarray(np.linspace(0, 65535, 64 * 48).reshape(48, 64).astype(np.uint16))
    kinds = [one, one.convert("P"), one.convert("RGBA"), one.convert("LA"), one.convert("1"), deep]
    return [saved([kind], format="PNG") for kind in kinds]


def jpegs(_: Path) -> list[bytes]:
    one = pictures(1)[0]
    exif = Image.Exif()
    exif[0x0112] = 6
    return [
        saved([one], format="JPEG", exif=exif),
        saved([one], format="JPEG", progressive=True),
        saved([one.convert("CMYK")], format="JPEG"),
        saved([one.convert("L")], format="JPEG", optimize=True),
    ]


def webps(_: Path) -> list[bytes]:
    one = pictures(1)[0]
    return [
        saved([one], format="WEBP"),
        saved([one.convert("RGBA")], format="WEBP", lossless=True),
        saved(pictures(4), format="WEBP"),
        saved(pictures(4), format="WEBP", lossless=True),
    ]


def gifs(_: Path) -> list[bytes]:
    return [saved(pictures(4), format="GIF"), saved(pictures(1), format="GIF")]


def apngs(_: Path) -> list[bytes]:
    see_through = [picture.convert("RGBA") for picture in pictures(4)]
    return [saved(pictures(4), format="PNG"), saved(see_through, format="PNG", blend=1)]


def mp4s(tmp_path: Path) -> list[bytes]:
    return [
        filmed(tmp_path, "a.mp4", "libx264", "yuv420p", bf="2", g="6"),
        filmed(tmp_path, "b.mp4", "libx264", "yuv420p10le"),
        filmed(tmp_path, "c.mp4", "libx264", "yuv420p", movflags="frag_keyframe+empty_moov", g="4"),
    ]


def mkvs(tmp_path: Path) -> list[bytes]:
    checked = {"level": "3", "slices": "4", "slicecrc": "1", "g": "1"}
    return [
        filmed(tmp_path, "a.mkv", "ffv1", "bgr0", **checked),
        filmed(tmp_path, "b.mkv", "ffv1", "yuv420p", level="1"),
    ]


def avifs(_: Path) -> list[bytes]:
    see_through = [picture.convert("RGBA") for picture in pictures(4)]
    return [
        saved(pictures(1), format="AVIF", speed=10),
        saved(see_through, format="AVIF", speed=10),
    ]


def webms(tmp_path: Path) -> list[bytes]:
    return [filmed(tmp_path, "a.webm", "libvpx", "yuva420p", **{"auto-alt-ref": "0", "b": "1M"})]


KINDS: dict[str, Callable[[Path], list[bytes]]] = {
    "png": pngs,
    "jpeg": jpegs,
    "webp": webps,
    "gif": gifs,
    "apng": apngs,
    "mp4": mp4s,
    "mkv": mkvs,
    "avif": avifs,
    "webm": webms,
}


def findings(kind: str, seeds: range, tmp_path: Path) -> list[str]:
    """What went wrong, one sentence for each file that did more than be refused or be read."""
    wholes = KINDS[kind](tmp_path)
    wrong = []
    with ReaderChild(limit_s=_LIMIT_S) as child:
        for seed in seeds:
            path = tmp_path / f"damaged.{kind}"
            path.write_bytes(mutated(wholes[seed % len(wholes)], kind, seed))
            answer = child.measure(path)
            refused = answer.decodable == 0.0 and answer.text
            if answer.died or answer.unexpected or not (refused or answer.decodable == 1.0):
                wrong.append(f"seed {seed}: {answer.text}{answer.unexpected}")
            elif answer.rss_mib > _MOST_MIB:
                wrong.append(f"seed {seed}: {answer.rss_mib} MiB")
                child.close()
    return wrong


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_are_refused_or_read_and_the_worker_lives(kind: str, tmp_path: Path) -> None:
    assert findings(kind, range(25), tmp_path) == []


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", KINDS)
def test_five_hundred_damaged_files_of_each_kind_never_kill_a_worker(kind: str, tmp_path: Path) -> None:
    assert findings(kind, range(500), tmp_path) == []
