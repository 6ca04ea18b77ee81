"""The nearest name there is to one that somebody wrote."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from models.errors import UnknownName

if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], what: str) -> UnknownName:
    """The refusal for a `what` of that name, with the nearest known name as its hint."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if close:
        hint = f"Did you mean '{close[0]}'?"
    elif names:
        hint = f"Known: {', '.join(names[:10])}{', ...' if len(names) > 10 else ''}."
    else:
        hint = "There is none yet."
    return UnknownName(f"There is no {what} '{name}'.", hint=hint)
