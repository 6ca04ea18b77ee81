"""Paths that a person names: as they were typed, and kept inside the folders this machine allows."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import BadInput, Forbidden, Refused, UnknownName

if TYPE_CHECKING:
    from collections.abc import Sequence


def typed(text: str) -> Path:
    """The path that somebody typed, `~` being their home.

    Raises:
        BadInput: it is empty, as an unset variable of a script is, or `~name` is nobody here.
    """
    if not text.strip():
        raise BadInput("An empty path names no file and no folder.", hint="Name one.")
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise BadInput(f"There is no home folder for {text}.", hint="Write the path in full.") from error


def confined(raw: str, roots: Sequence[Path], what: str) -> Path:
    """The existing file that `raw` names, absolute or relative to one of `roots`, symbolic links followed.

    Raises:
        Forbidden: it lies outside every root, whether or not it exists.
        UnknownName: there is no such file.
        Refused: the path is empty or holds a zero byte.
    """
    inside = _inside(raw, roots, what)
    file = next((path for path in inside if os.path.isfile(path)), None)
    if file is None:
        raise UnknownName(f"There is no {what} '{raw}'.", hint=f"Looked for {inside[0]}.")
    return file


def confined_folder(raw: str, roots: Sequence[Path], what: str) -> Path:
    """The folder that `raw` names, as `confined` finds a file; it need not be there yet.

    Raises:
        Forbidden: it lies outside every root.
        Refused: the path is empty or holds a zero byte, or something else lies there.
    """
    inside = _inside(raw, roots, what)
    folder = next((path for path in inside if os.path.isdir(path)), inside[0])
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise Refused(f"The {what} '{raw}' is no folder.", hint="Name another.")
    return folder


def _inside(raw: str, roots: Sequence[Path], what: str) -> list[Path]:
    """Where `raw` may lie, at least one place, symbolic links followed; refuses what lies elsewhere."""
    if "\0" in raw or not raw.strip():
        raise Refused(f"The path of the {what} is empty or holds a zero byte.", hint="Name another.")
    allowed = [root.resolve() for root in roots]
    # By os.path: pathlib raises for an unknown user, a link in a circle, or a name that is too long.
    named = Path(os.path.expanduser(raw))
    places = [named] if named.is_absolute() else [root / named for root in allowed]
    candidates = [Path(os.path.realpath(place)) for place in places]
    inside = [path for path in candidates if any(path.is_relative_to(root) for root in allowed)]
    if not inside:
        raise Forbidden(
            f"The {what} '{raw}' lies outside the allowed folders.",
            hint=f"Allowed: {', '.join(map(str, roots))}; FARM_ROOTS sets them.",
        )
    return inside
