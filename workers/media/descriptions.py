"""What a file says of its pixels beside them and no decoder here applies: refused where it matters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from models.errors import BadInput
from workers.media import alpha
from workers.media.colours import require_shown_as_coded
from workers.media.pixels import is_transparent
from workers.media.whole import is_iso, iso_boxes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.video.stream import VideoStream
    from PIL import Image

#: the gamma and the primaries (x and y of white, red, green, blue) of sRGB, as a PNG writes them
_SRGB_GAMMA = 0.45455
_SRGB_CHROMATICITY = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
#: what rounding and old tools make of them
_GAMMA_SLACK, _CHROMATICITY_SLACK = 0.02, 0.01
#: resolutions are rounded to whole numbers: 72 by 71 dots an inch are square pixels
_SQUARE_SLACK = 0.03
#: an hour of frames is listed in less
_MOST_HEAD_BYTES = 16 * 1024 * 1024
#: a box of 40 bytes that says which part of the stored picture is meant
_APERTURE = b"\x00\x00\x00\x28clap"
#: a track that is no film by itself, but belongs to one
_AUXILIARY = re.compile(rb"hdlr.{8}auxv", re.DOTALL)


def require_plain_picture(path: Path, image: Image.Image) -> None:
    """Refuse a picture whose file says that it looks other than its pixels alone.

    Raises:
        BadInput: oblong pixels, a cut-out, or colours that no ICC profile explains.
    """
    if image.format == "AVIF":
        _require_plain_avif(path, image.size)
        return
    _require_square(path, _density(image))
    if image.format == "PNG":
        _require_plain_png(path, image)


def _density(image: Image.Image) -> tuple[float, float]:
    """Pixels to a length across and down, in whatever unit; equal where the file does not say."""
    # Of a JPEG, Pillow's "dpi" may be that of its EXIF part, which is for printers.
    key = {"PNG": "aspect", "JPEG": "jfif_density", "MPO": "jfif_density"}.get(image.format or "", "")
    across, down = image.info.get(key) or (image.info.get("dpi") if image.format == "PNG" else None) or (1, 1)
    return float(across), float(down)


def _require_square(path: Path, density: tuple[float, float]) -> None:
    across, down = density
    if across > 0 and down > 0 and abs(down / across - 1) > _SQUARE_SLACK:
        raise BadInput(
            f"{path.name} has pixels {down / across:.3g} times as wide as high, which viewers show or ignore.",
            hint="Save it with square pixels: the same resolution across and down.",
        )


def _require_plain_png(path: Path, image: Image.Image) -> None:
    # Of what describes the colours, the newest that is there counts alone.
    if coding := _png_chunk(path, b"cICP"):
        require_shown_as_coded(path, coding[1], coding[0], 0)
        return
    if "icc_profile" in image.info or "srgb" in image.info:
        return
    gamma = float(image.info.get("gamma", _SRGB_GAMMA))
    if abs(gamma - _SRGB_GAMMA) > _GAMMA_SLACK:
        raise BadInput(
            f"{path.name} is coded with a gamma of {gamma:g}, not that of sRGB ({_SRGB_GAMMA}).",
            hint="Export it in sRGB.",
        )
    stated = image.info.get("chromaticity", _SRGB_CHROMATICITY)
    if any(abs(a - b) > _CHROMATICITY_SLACK for a, b in zip(stated, _SRGB_CHROMATICITY, strict=True)):
        raise BadInput(
            f"{path.name} holds colours of other primaries than sRGB's, and no profile of them.",
            hint="Export it in sRGB.",
        )


def _png_chunk(path: Path, name: bytes) -> bytes:
    """The body of a chunk in front of the pixels; empty where there is none."""
    with path.open("rb") as file:
        begin = len(b"\x89PNG\r\n\x1a\n")
        while begin < _MOST_HEAD_BYTES:
            file.seek(begin)
            head = file.read(8)
            length = int.from_bytes(head[:4], "big")
            if head[4:] in (b"IDAT", b""):
                break
            if head[4:] == name:
                body = file.read(min(length, 64))
                return body if len(body) >= 4 else b""
            begin += 12 + length
    return b""


def _require_plain_avif(path: Path, stored: tuple[int, int]) -> None:
    head = _described_head(path)
    for coding in _bodies(head, b"colrnclx", 6):
        primaries, trc = (int.from_bytes(coding[at : at + 2], "big") for at in (0, 2))
        require_shown_as_coded(path, trc, primaries, 0)
    for spacing in _bodies(head, b"pasp", 8):
        across, down = (int.from_bytes(spacing[at : at + 4], "big") for at in (0, 4))
        _require_square(path, (float(down), float(across)))
    _require_uncut(path, head, stored)


def require_plain_clip(path: Path, stream: VideoStream) -> None:
    """Refuse a clip of which a part is shown, or a part of which lies where no decoder here looks.

    Raises:
        BadInput: a cut-out, or transparency in a way that is not read here.
    """
    context = stream.codec_context
    head = _described_head(path)
    _require_uncut(path, head, (context.width, context.height))
    alpha_elsewhere = stream.metadata.get("alpha_mode") == "1" and context.name not in alpha.CODECS
    if _AUXILIARY.search(head) or (alpha_elsewhere and not is_transparent(context.format)):
        raise BadInput(
            f"{path.name} keeps transparency or depth in a track beside its picture, which is not read here.",
            hint="Export it as ProRes 4444, as VP9 with alpha, or over white.",
        )


def require_no_profile(path: Path, picture: bytes) -> None:
    """Refuse a PNG in a clip that carries a colour profile: it is not handed to us with the pixels.

    Raises:
        BadInput: it carries one.
    """
    if b"iCCP" in picture[: max(0, picture.find(b"IDAT"))]:
        raise BadInput(
            f"{path.name} carries a colour profile inside its PNG pictures, which is not read there.",
            hint="Export it in sRGB, without a profile.",
        )


def _require_uncut(path: Path, head: bytes, stored: tuple[int, int]) -> None:
    """Refuse a clean aperture that is smaller than what is stored, in pixels."""
    for aperture in _bodies(head, _APERTURE, 32):
        width, over, height, under = (int.from_bytes(aperture[at : at + 4], "big") for at in (0, 4, 8, 12))
        if (width, height) != (stored[0] * over, stored[1] * under):
            raise BadInput(
                f"{path.name} shows only a part of its picture, cut out by its container.",
                hint="Export the part itself.",
            )


def _described_head(path: Path) -> bytes:
    """Everything of an MP4, MOV or AVIF that describes its pictures and is none; empty for other files."""
    parts = []
    with path.open("rb") as file:
        if not is_iso(file.read(8)):
            return b""
        for name, begin, end in iso_boxes(file):
            if name in (b"meta", b"moov"):
                file.seek(begin)
                parts.append(file.read(min(end - begin, _MOST_HEAD_BYTES)))
    return b"".join(parts)


def _bodies(head: bytes, name: bytes, length: int) -> Iterator[bytes]:
    """What stands behind each place where the name of a box is."""
    at = head.find(name)
    while at >= 0:
        body = head[at + len(name) : at + len(name) + length]
        if len(body) == length:
            yield body
        at = head.find(name, at + len(name))
