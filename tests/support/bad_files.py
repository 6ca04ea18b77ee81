"""Files that are wrong, odd or meant to do harm, each made by one function that gives its path."""

from __future__ import annotations

import os
import struct
import zlib
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_PNG = b"\x89PNG\r\n\x1a\n"


def drawing(index: int = 0, width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    """A gradient, moved to the right by `index` steps."""
    rows, columns = np.mgrid[0:height, 0:width]
    picture = np.stack([columns * 255 // width, rows * 255 // height, (rows + columns) % 256], axis=-1)
    return np.roll(picture.astype(np.uint8), index * 3, axis=1)


def filmed(path: Path, *, codec: str = "libx264", pix_fmt: str = "yuv420p", **more: Any) -> Path:
    """16 frames of 64x48; `times` are their places in 1/24 s, `options` the codec's, `tags` the context's."""
    times: Sequence[int] = more.get("times", range(16))
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=24, options=more.get("options", {}))
        stream.width, stream.height = more.get("size", (64, 48))
        stream.pix_fmt = pix_fmt
        for name, value in more.get("tags", {}).items():
            setattr(stream.codec_context, name, value)
        for index, at in enumerate(times):
            frame = av.VideoFrame.from_ndarray(drawing(index, stream.width, stream.height))
            frame = frame.reformat(format=pix_fmt)
            frame.pts, frame.time_base = at, Fraction(1, 24)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def chunk(name: bytes, body: bytes) -> bytes:
    """A PNG chunk with its checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def claiming(path: Path, width: int, height: int) -> Path:
    """A PNG of a few bytes that says it is that large."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(
        _PNG + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")
    )
    return path


def zip_bomb(path: Path, name: bytes) -> Path:
    """A small PNG with a chunk (IDAT, zTXt, iCCP) that inflates to a quarter of a gigabyte."""
    squeezer = zlib.compressobj(1)
    bomb = b"".join(squeezer.compress(b"\0" * 2**20) for _ in range(256)) + squeezer.flush()
    head = struct.pack(">IIBBBBB", 64, 48, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + drawing()[row].tobytes() for row in range(48)))
    parts = [chunk(b"IHDR", head)]
    parts += [chunk(name, b"a\0\0" + bomb), chunk(b"IDAT", rows)] if name != b"IDAT" else [chunk(b"IDAT", bomb)]
    path.write_bytes(_PNG + b"".join(parts) + chunk(b"IEND", b""))
    return path


def interlaced(path: Path) -> Path:
    """A clip whose frames say that their two fields are two moments."""
    return filmed(path, codec="mpeg2video", options={"flags": "+ildct+ilme"})


def patched(path: Path, box: bytes, offset: int, value: int) -> Path:
    """An MP4 in which the 32-bit number `offset` bytes behind a box's name says something else."""
    data = bytearray(path.read_bytes())
    at = data.index(box) + 4 + offset
    data[at : at + 4] = struct.pack(">I", value)
    path.write_bytes(data)
    return path


def sound(path: Path) -> Path:
    """A tenth of a second of silence."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
    return path


def scanned(path: Path) -> Path:
    """A progressive JPEG whose last scan is there five hundred times."""
    Image.new("L", (640, 480), 128).save(path, "JPEG", progressive=True)
    data = path.read_bytes()
    last = data[data.rindex(b"\xff\xda") : -2]
    path.write_bytes(data[:-2] + last * 500 + b"\xff\xd9")
    return path


def animated(path: Path, **options: Any) -> Path:
    """Five pictures that move, in a format that knows animation."""
    first, *rest = [Image.fromarray(drawing(index)) for index in range(5)]
    first.save(path, save_all=True, append_images=rest, **{"duration": 50} | options)
    return path


def saved(path: Path, picture: Any, **options: Any) -> Path:
    """Any picture in any format."""
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(path, **options)
    return path


def cut_short(path: Path) -> Path:
    """The first two thirds of a file."""
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    return path


def pipe(path: Path) -> Path:
    """A pipe to which nobody writes: reading it would wait for ever."""
    os.mkfifo(path)
    return path
