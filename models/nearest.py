"""The nearest name there is to one that somebody wrote, and the refusal that names it."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from models.errors import UnknownName

if TYPE_CHECKING:
    from collections.abc import Iterable

#: how similar a name must be, 0 to 1; for files, which have folders and endings, less is enough
_NAMES, _FILES = 0.5, 0.3


def unknown_name(
    name: str, known: Iterable[str], what: str = "name", *, sentence: str = "", otherwise: str = ""
) -> UnknownName:
    """The refusal of an unknown `what`, or with a `sentence` of its own; the hint is `did_you_mean`."""
    return UnknownName(sentence or f"There is no {what} '{name}'.", hint=did_you_mean(name, known, otherwise))


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """The nearest known name as a question; where none is near, `otherwise` or the names there are."""
    names = sorted(known)
    near = nearest_name(name, names)
    if near is not None:
        return f"Did you mean '{near}'?"
    return otherwise or (f"Known: {listed(names, 10)}." if names else "There is none yet.")


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """The known name that somebody who wrote `name` may have meant; None where none is near."""
    return next(iter(difflib.get_close_matches(name, list(known), n=1, cutoff=_NAMES)), None)


def the_nearest_is(name: str, known: Iterable[str], otherwise: str) -> str:
    """The nearest of the files or words that a program lists, as a sentence; `otherwise` where none is near."""
    near = nearest_file(name, known)
    return otherwise if near is None else f"The nearest is '{near}'."


def nearest_file(name: str, known: Iterable[str]) -> str | None:
    """The known file whose name is most like `name`; None where none is near."""
    return next(iter(difflib.get_close_matches(name, list(known), n=1, cutoff=_FILES)), None)


def closest(name: str, known: Iterable[str]) -> str:
    """The known name most similar to `name`, however little; `known` must not be empty."""
    return difflib.get_close_matches(name, list(known), n=1, cutoff=0.0)[0]


def listed(names: Iterable[str], most: int = 8) -> str:
    """The first names, and dots where there are more.

    >>> listed(["a", "b", "c"], 2)
    'a, b, ...'
    """
    every = list(names)
    return ", ".join([*every[:most], *(["..."] if len(every) > most else [])])
