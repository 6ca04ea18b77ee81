"""What an answer is, and the pictures it is about: nothing but what they were when somebody asked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.disk import sha256_of
from models.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from db.engine import Session
    from models.recipe import InputPicture


def _nothing(session: Session) -> None:
    """What most answers change."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came out, as plain JSON, and what has to be stored in the transaction that ends the step."""

    plain: dict[str, Any]
    keep: Callable[[Session], None] = _nothing


def unchanged(picture: InputPicture) -> Path:
    """The picture, if it is what it was when somebody asked about it; raises `BadInput`."""
    path = Path(picture.path)
    try:
        sha256 = sha256_of(path)
    except OSError as error:
        raise BadInput(
            f"The picture {path} cannot be read where it is measured: {error.strerror or error}.",
            hint="Score workers need the same folders as whoever asks.",
        ) from error
    if sha256 != picture.sha256:
        raise BadInput(f"The picture {path} was changed since it was asked about.", hint="Ask again.")
    return path
