"""Which files count as pictures, by what they begin with."""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from farm.orders import pictures
from models.errors import OrderRefused
from tests.support.factories import settings_for

if TYPE_CHECKING:
    from pathlib import Path


def encoded(form: str, **more: Any) -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((40, 30), 60).convert("RGB").save(buffer, form, **more)
    return buffer.getvalue()


def animated(form: str) -> bytes:
    return encoded(form, save_all=True, append_images=[Image.new("RGB", (40, 30), "red")])


def vast(side_px: int) -> bytes:
    """A PNG whose header says so many pixels, with few behind it."""
    whole = encoded("PNG")
    header = b"IHDR" + side_px.to_bytes(4, "big") * 2 + whole[24:29]
    return whole[:12] + header + zlib.crc32(header).to_bytes(4, "big") + whole[33:]


def is_picture(folder: Path, content: bytes) -> bool:
    """Whether a file of this content is taken; its ending alone says nothing."""
    (folder / "pose.png").write_bytes(content)
    try:
        return bool(pictures.named("pose.png", settings_for(folder), "pose").sha256)
    except OrderRefused:
        return False


@pytest.mark.parametrize(
    ("form", "more"),
    [
        ("PNG", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("JPEG", {"icc_profile": bytes(60_000)}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"icc_profile": bytes(500)}),
    ],
)
def test_what_pillow_writes_is_a_picture(tmp_path: Path, form: str, more: dict[str, Any]) -> None:
    assert is_picture(tmp_path, encoded(form, **more))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_file_cut_in_its_header_is_none(tmp_path: Path, form: str) -> None:
    whole = encoded(form)

    assert not any(is_picture(tmp_path, whole[:length]) for length in range(20))


@pytest.mark.parametrize(
    "data",
    [b"", b"text", b"\xff\xd8\xff" + b"\xff" * 400, b"RIFF0000WAVE" + bytes(40), b"RIFF0000WEBP" + bytes(40)],
)
def test_other_files_are_none(tmp_path: Path, data: bytes) -> None:
    assert not is_picture(tmp_path, data)


def test_a_long_profile_before_the_size_does_not_hide_a_picture(tmp_path: Path) -> None:
    (tmp_path / "wide.jpg").write_bytes(encoded("JPEG", icc_profile=bytes(200_000)))

    assert pictures.named("wide.jpg", settings_for(tmp_path), "start picture").sha256


def test_a_picture_that_changed_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "pose.png"
    path.write_bytes(encoded("PNG"))
    first = pictures.named("pose.png", settings_for(tmp_path), "pose")

    path.write_bytes(encoded("PNG", compress_level=0))

    assert pictures.named("pose.png", settings_for(tmp_path), "pose").sha256 != first.sha256


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("moves.png", animated("PNG"), "is an animation"),
        ("moves.webp", animated("WEBP"), "is an animation"),
        ("header.png", encoded("PNG")[:40], "holds no pixels"),
        ("vast.png", vast(60_000), "60000x60000"),
        ("pose.exe", encoded("JPEG"), "extension '.exe'"),
        ("pose", encoded("JPEG"), "has no extension"),
        ("moves.gif", animated("GIF"), "extension '.gif'"),
        ("text.png", b"text", "is no picture"),
    ],
)
def test_what_the_header_forbids_is_refused_in_one_sentence(
    tmp_path: Path, name: str, data: bytes, sentence: str
) -> None:
    (tmp_path / name).write_bytes(data)

    with pytest.raises(OrderRefused, match=sentence):
        pictures.named(name, settings_for(tmp_path), "start picture")


@pytest.mark.parametrize(
    ("name", "form", "more"),
    [
        ("a.PNG", "PNG", {}),
        ("a.png", "PNG", {"icc_profile": bytes(200_000)}),
        ("a.jpeg", "JPEG", {}),
        ("a.webp", "WEBP", {"icc_profile": bytes(500)}),
    ],
)
def test_a_still_of_each_format_is_taken(tmp_path: Path, name: str, form: str, more: dict[str, Any]) -> None:
    (tmp_path / name).write_bytes(encoded(form, **more))

    assert pictures.named(name, settings_for(tmp_path), "start picture").sha256


def test_a_file_larger_than_allowed_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pose.png").write_bytes(encoded("PNG"))

    with pytest.raises(OrderRefused, match="larger than"):
        pictures.named("pose.png", settings_for(tmp_path, max_input_bytes=100), "pose")
