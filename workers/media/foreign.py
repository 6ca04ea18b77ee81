"""Pictures of kinds that are not read here, known by their first bytes and refused by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

_BY_START = {
    b"\xff\x0a": "a JPEG XL picture",
    b"\x00\x00\x00\x0cJXL ": "a JPEG XL picture",
    b"\x00\x00\x00\x0cjP  ": "a JPEG 2000 picture",
    b"II*\x00": "a TIFF or raw picture",
    b"MM\x00*": "a TIFF or raw picture",
    b"v/1\x01": "an OpenEXR picture",
    b"8BPS": "a Photoshop file",
    b"DDS ": "a texture (DDS)",
    b"qoif": "a QOI picture",
}
#: pictures in HEVC or H.264; `mif1` and `msf1` say only that there are pictures, AVIF's among them
_HEIF = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"avci", b"avcs", b"mif1", b"msf1"})
_AVIF = frozenset({b"avif", b"avis"})
_MOST_BRANDS = 32


def require_kind_that_is_read(path: Path) -> None:
    """Refuse by name a picture that a parser here might take for a clip and show one tile of it.

    Raises:
        BadInput: it is of a kind that is known and not read.
    """
    with path.open("rb") as file:
        start = file.read(16 + 4 * _MOST_BRANDS)
    kind = next((kind for magic, kind in _BY_START.items() if start.startswith(magic)), "")
    if start[4:8] == b"ftyp":
        length = min(int.from_bytes(start[:4], "big"), len(start))
        brands = {start[at : at + 4] for at in range(16, length - 3, 4)} | {start[8:12]}
        if start[8:12] in _HEIF and not brands & _AVIF:
            kind = "a HEIC or HEIF picture"
    if kind:
        raise BadInput(f"{path.name} is {kind}, which is not read here.", hint="Export it as PNG.")
