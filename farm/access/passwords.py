"""People's passwords, kept as argon2id with the library's own figures (RFC 9106, low-memory profile)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from models.errors import BadInput

if TYPE_CHECKING:
    from argon2 import PasswordHasher

_SHORTEST, _LONGEST = 12, 1024


def hashed(password: str) -> str:
    """What is kept of a password; takes 64 MiB and a few hundredths of a second. Raises `BadInput`."""
    if not _SHORTEST <= len(password) <= _LONGEST:
        raise BadInput(
            f"A password has {_SHORTEST} to {_LONGEST} characters.",
            hint="Several words are easy to keep in mind.",
        )
    return _hasher().hash(password.encode(errors="replace"))


def is_right(password: str, kept: str | None) -> bool:
    """Whether it is the password of which this is kept; None: of nobody, which takes as long to see."""
    from argon2.exceptions import VerificationError

    try:
        _hasher().verify(kept or _of_nobody(), password[:_LONGEST].encode(errors="replace"))
    except VerificationError:
        return False
    return kept is not None


@cache
def _hasher() -> PasswordHasher:
    # Loaded where somebody logs in: a script never does.
    from argon2 import PasswordHasher

    return PasswordHasher()


@cache
def _of_nobody() -> str:
    return _hasher().hash("nobody's")
