"""Paths that a person names stay inside the allowed folders; where they do not, a sentence says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from farm.paths import confined, typed
from models.errors import BadInput, Forbidden, UnknownName

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_below_a_root_is_found_by_its_relative_and_its_absolute_path(tmp_path: Path) -> None:
    (tmp_path / "refs").mkdir()
    (tmp_path / "refs" / "mio.png").touch()

    assert confined("refs/mio.png", [tmp_path], "picture") == tmp_path / "refs" / "mio.png"
    assert confined(str(tmp_path / "refs" / "mio.png"), [tmp_path], "picture").name == "mio.png"


@pytest.mark.parametrize("raw", ["../mio.png", "/etc/passwd", "link/passwd"])
def test_what_leaves_every_root_is_refused(tmp_path: Path, raw: str) -> None:
    (tmp_path / "link").symlink_to("/etc")

    with pytest.raises(Forbidden, match="lies outside the allowed folders"):
        confined(raw, [tmp_path], "picture")


@pytest.mark.parametrize("raw", ["mio.png", "m" * 300, "~nobody-of-that-name/mio.png", "circle/mio.png", "."])
def test_what_is_no_file_is_refused_by_its_name(tmp_path: Path, raw: str) -> None:
    (tmp_path / "circle").symlink_to(tmp_path / "circle")

    with pytest.raises(UnknownName, match="There is no picture '"):
        confined(raw, [tmp_path], "picture")


@pytest.mark.parametrize(
    ("text", "says"), [("", "empty path"), (" ", "empty path"), ("~nobody-here/a", "home")]
)
def test_a_path_that_names_nothing_is_one_sentence(text: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        typed(text)


def test_a_tilde_is_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    assert typed("~/a b.png") == tmp_path / "a b.png"
