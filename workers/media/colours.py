"""Colours as they are shown: profiles are applied, and coding that nothing here can show is refused by name."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from av.video.reformatter import ColorPrimaries, Colorspace, ColorTrc
from PIL import Image, ImageCms

from models.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

#: PQ and HLG: brightness coded for other screens, which no mark of ours was made for
_HDR = frozenset({ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67})
#: curves that no screen of today shows as they stand
_LINEAR = frozenset({ColorTrc.LINEAR, ColorTrc.LOG, ColorTrc.LOG_SQRT, ColorTrc.SMPTE428})
#: primaries whose colours reach beyond those of sRGB; BT.601's are so near that players take them as they stand
_WIDE = {
    ColorPrimaries.BT470M: "NTSC (1953)",
    ColorPrimaries.FILM: "film",
    ColorPrimaries.BT2020: "BT.2020",
    ColorPrimaries.SMPTE428: "CIE XYZ",
    ColorPrimaries.SMPTE431: "DCI-P3",
    ColorPrimaries.SMPTE432: "Display P3",
}
_UNSAID_MATRICES = frozenset({2, 3})
#: RGB itself, and the matrices between it and YUV that FFmpeg's scaler knows
_KNOWN_MATRICES = frozenset({0, 1, 4, 5, 6, 7, 9}) | _UNSAID_MATRICES
#: from this size on players take an unsaid matrix for that of HD (mpv's rule; others draw the line nearby)
_HD_WIDTH_PX, _HD_HEIGHT_PX = 1280, 577
#: by the colour space of a profile: the mode of a picture that it describes
_MODES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}
#: levels of 255 up to which a profile says sRGB in other words
_ROUNDING = 2
#: what Pillow and Little CMS raise for a profile that is damaged, or describes no picture
_PROFILE_ERRORS = (ImageCms.PyCMSError, OSError, ValueError, TypeError, AttributeError)


def require_shown_as_coded(path: Path, trc: int, primaries: int, matrix: int, since: str = "") -> None:
    """Refuse coded colours (numbers of ITU-T H.273) that would be measured as others than are seen.

    Raises:
        BadInput: HDR, linear or logarithmic light, a wide gamut, an unknown matrix; `since` says from where.
    """
    if trc in _HDR:
        raise BadInput(
            f"{path.name} is HDR{since}; every metric and mark here is for standard dynamic range.",
            hint="Export it as SDR (BT.709).",
        )
    if trc in _LINEAR:
        raise BadInput(
            f"{path.name} holds linear or logarithmic light{since}, not what a screen shows.",
            hint="Export it for viewing, as SDR (BT.709).",
        )
    if primaries in _WIDE:
        raise BadInput(
            f"{path.name} holds {_WIDE[ColorPrimaries(primaries)]} colours{since}, "
            f"which would be taken for those of sRGB.",
            hint="Export it in sRGB (BT.709).",
        )
    if matrix not in _KNOWN_MATRICES:
        raise BadInput(
            f"{path.name} is coded by a colour matrix unknown here{since} (number {matrix} of H.273).",
            hint="Export it in BT.709.",
        )


def guessed_matrix(matrix: int, width: int, height: int) -> Colorspace | None:
    """What players take an unsaid matrix for, by the size in pixels as stored; None where the file says it."""
    if matrix not in _UNSAID_MATRICES:
        return None
    is_hd = width >= _HD_WIDTH_PX or height >= _HD_HEIGHT_PX
    return Colorspace.ITU709 if is_hd else Colorspace.ITU601


def rgb_in_srgb(path: Path, rgb: NDArray[np.uint8], profile: bytes | None) -> NDArray[np.uint8]:
    """Pixels `(H, W, 3)` that an ICC profile describes, as sRGB; the same array where there is none to apply.

    Raises:
        BadInput: the profile is damaged, or describes no RGB.
    """
    return np.array(in_srgb(path, Image.fromarray(rgb), profile)) if profile else rgb


def in_srgb(path: Path, picture: Image.Image, profile: bytes | None) -> Image.Image:
    """A picture that an ICC profile describes, as RGB or RGBA in sRGB; as it is where there is none to apply.

    Raises:
        BadInput: the profile is damaged, or describes other pixels than these.
    """
    if not profile:
        return picture
    try:
        described = _described(profile)
        colours = _colours(picture, described)
        transform = _transform(profile, colours.mode) if colours is not None else None
        if colours is None:
            raise BadInput(
                f"{path.name} carries a colour profile for {described.strip() or 'nothing'}, "
                f"which is not what its pixels are.",
                hint="Export it in sRGB.",
            )
        if transform is None:
            return picture
        shown = ImageCms.applyTransform(colours, transform)
    except _PROFILE_ERRORS as error:
        raise BadInput(
            f"{path.name} carries a colour profile that cannot be applied: {str(error).rstrip('.')}.",
            hint="Export it in sRGB.",
        ) from error
    if shown is None:
        raise TypeError("A transform into another picture gives that picture.")
    if picture.has_transparency_data:
        shown.putalpha(picture.convert("RGBA").getchannel("A"))
    return shown


def _colours(picture: Image.Image, described: str) -> Image.Image | None:
    """The pixels without transparency, in the mode that the profile describes; None where it does not fit."""
    mode = _MODES.get(described)
    is_grey = picture.mode in ("1", "L", "LA")
    if mode is None or (mode == "CMYK") != (picture.mode == "CMYK") or (mode == "L" and not is_grey):
        return None
    return picture if picture.mode == mode else picture.convert("RGBA" if mode == "RGB" else mode).convert(mode)


@lru_cache(maxsize=8)
def _described(profile: bytes) -> str:
    return str(ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile.xcolor_space)


@lru_cache(maxsize=8)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """From `mode` under the profile to sRGB; None where that changes nothing but roundings."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    intent = ImageCms.Intent(ImageCms.getDefaultIntent(source))
    transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB", intent)
    return transform if mode == "CMYK" or _changes(transform, mode) else None


def _changes(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    levels = np.arange(0, 256, 15, dtype=np.uint8)
    axes = np.meshgrid(levels, levels, levels, indexing="ij") if mode == "RGB" else [levels] * 3
    lattice = np.stack(axes, axis=-1).reshape(1, -1, 3)
    asked = Image.fromarray(lattice if mode == "RGB" else lattice[..., 0].copy())
    shown = ImageCms.applyTransform(asked, transform)
    return int(np.abs(np.asarray(shown).astype(int) - lattice).max()) > _ROUNDING
