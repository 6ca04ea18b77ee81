"""What is transparent shows white, wherever a file keeps its transparency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from models.errors import BadInput
from tests.support.footage import drawing, filmed, with_auxiliary_track
from tests.support.media import probe
from workers.media.reading import read_frames

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

HOLE_PX = 32


def filled(index: int = 0) -> NDArray[np.uint8]:
    """The drawing with its bar where the hole is not."""
    return drawing(20 + index)


def cut_out(index: int = 0) -> NDArray[np.uint8]:
    """The drawing as RGBA, its left side transparent and black behind the hole, as keyers leave it."""
    rgba = np.dstack([filled(index), np.full((64, 96), 255, np.uint8)])
    rgba[:, :HOLE_PX] = 0
    return rgba


CUT_OUTS = [cut_out(index) for index in range(6)]
KINDS: dict[str, dict[str, Any]] = {
    "vp9.webm": {"codec": "libvpx-vp9", "pix_fmt": "yuva420p", "options": {"crf": "8", "b": "0"}},
    "vp8.webm": {"codec": "libvpx", "pix_fmt": "yuva420p", "options": {"crf": "4", "b": "4M"}},
    "vp9.mkv": {"codec": "libvpx-vp9", "pix_fmt": "yuva420p", "options": {"crf": "8", "b": "0"}},
    "prores.mov": {"codec": "prores_ks", "pix_fmt": "yuva444p10le", "options": {"profile": "4444"}},
    "animation.mov": {"codec": "qtrle", "pix_fmt": "argb", "options": {}},
    "png.mov": {"codec": "png", "pix_fmt": "rgba", "options": {}},
    "ffv1.mkv": {"codec": "ffv1", "pix_fmt": "yuva444p", "options": {}},
}


@pytest.mark.parametrize("name", KINDS)
def test_a_clip_with_transparency_shows_white(tmp_path: Path, name: str) -> None:
    how = KINDS[name] | {"options": KINDS[name]["options"] | ({"auto-alt-ref": "0"} if "vp" in name else {})}
    path = filmed(tmp_path / name, CUT_OUTS, **how)

    frames = list(read_frames(path))

    assert len(frames) == len(CUT_OUTS)
    for index, frame in enumerate(frames):
        assert frame[:, : HOLE_PX - 8].min() > 240
        assert np.abs(frame[:, HOLE_PX + 8 :].astype(int) - filled(index)[:, HOLE_PX + 8 :]).mean() < 6


@pytest.mark.parametrize(
    "name", ["a.png", "a.webp", "a.avif", "moves.png", "moves.webp", "moves.avif", "moves.gif"]
)
def test_a_picture_with_transparency_shows_white(tmp_path: Path, name: str) -> None:
    first, *rest = [Image.fromarray(rgba, "RGBA") for rgba in CUT_OUTS]
    options: dict[str, Any] = {"quality": 95} if name.endswith("avif") else {}
    if name.startswith("moves"):
        options |= {"save_all": True, "append_images": rest, "duration": 40}
    if name.endswith("webp"):
        options |= {"lossless": True, "exact": True}
    if name.endswith("gif"):
        options |= {"disposal": 2}
    first.save(tmp_path / name, **options)

    frames = list(read_frames(tmp_path / name))

    assert len(frames) == (len(CUT_OUTS) if name.startswith("moves") else 1)
    for index, frame in enumerate(frames):
        assert frame[:, : HOLE_PX - 4].min() > 240
        assert np.abs(frame[:, HOLE_PX + 4 :].astype(int) - filled(index)[:, HOLE_PX + 4 :]).mean() < 6


def test_a_plain_webm_is_read_as_it_is(tmp_path: Path) -> None:
    path = filmed(tmp_path / "a.webm", [drawing()] * 2, codec="libvpx-vp9", options={"crf": "8", "b": "0"})

    assert np.abs(next(iter(read_frames(path))).astype(int) - drawing()).mean() < 6


def test_a_damaged_transparency_is_refused(tmp_path: Path) -> None:
    path = filmed(tmp_path / "a.webm", CUT_OUTS, **KINDS["vp9.webm"] | {"options": {"auto-alt-ref": "0"}})
    data = bytearray(path.read_bytes())
    # The number in front of each transparency, then the first bytes of the picture that it is.
    beside = data.index(b"\xee\x81\x01") + 3
    data[beside + 4 : beside + 10] = b"\xff" * 6

    path.write_bytes(data)

    with pytest.raises(BadInput, match="damaged"):
        probe(path)


def test_transparency_beside_a_picture_of_another_codec_is_refused_by_name(tmp_path: Path) -> None:
    how = KINDS["vp9.webm"] | {"options": {"auto-alt-ref": "0"}}
    path = filmed(tmp_path / "a.webm", CUT_OUTS, **how)
    data = path.read_bytes()

    path.write_bytes(data.replace(b"V_VP9", b"V_AV1"))

    with pytest.raises(BadInput, match=r"transparency or depth|neither"):
        probe(path)


def test_transparency_in_a_track_of_its_own_is_refused_by_name(tmp_path: Path) -> None:
    path = with_auxiliary_track(filmed(tmp_path / "a.mp4", [drawing()]))

    with pytest.raises(BadInput, match="in a track beside its picture"):
        probe(path)
