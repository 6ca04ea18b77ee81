"""Keeps paths that a person names inside the folders this machine allows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import OrderRefused, UnknownName

if TYPE_CHECKING:
    from collections.abc import Sequence


def confined(raw: str, roots: Sequence[Path], what: str) -> Path:
    """The existing file that `raw` names, absolute or relative to one of `roots`, symbolic links followed.

    Raises:
        OrderRefused: it lies outside every root, whether or not it exists.
        UnknownName: there is no such file.
    """
    if "\0" in raw or not raw.strip():
        raise OrderRefused(f"The path of the {what} is empty or holds a zero byte.", hint="Name a file.")
    allowed = [root.resolve() for root in roots]
    named = Path(raw).expanduser()
    candidates = [named.resolve()] if named.is_absolute() else [(root / named).resolve() for root in allowed]
    inside = [path for path in candidates if any(path.is_relative_to(root) for root in allowed)]
    if not inside:
        raise OrderRefused(
            f"The {what} '{raw}' lies outside the allowed folders.",
            hint=f"Allowed: {', '.join(map(str, roots))}; FARM_ROOTS sets them.",
        )
    found = next((path for path in inside if path.is_file()), None)
    if found is None:
        raise UnknownName(f"There is no {what} '{raw}'.", hint=f"Looked for {inside[0]}.")
    return found
