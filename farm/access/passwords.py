"""People's passwords, kept as argon2id with the library's own figures (RFC 9106, low-memory profile)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from models.errors import BadInput, Unauthenticated

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


def refuse_wrong(password: str, kept: str | None) -> None:
    """Raises `Unauthenticated` unless it is the password; `kept` None: of nobody, and it takes as long."""
    from argon2.exceptions import VerificationError

    try:
        _hasher().verify(kept or _of_nobody(), password[:_LONGEST].encode(errors="replace"))
        is_right = kept is not None
    except VerificationError:
        is_right = False
    if not is_right:
        raise Unauthenticated(
            "This name and password do not go together.",
            hint="An administrator adds people: `farm people add`.",
        )


@cache
def _hasher() -> PasswordHasher:
    # Loaded where somebody logs in: a script never does.
    from argon2 import PasswordHasher

    return PasswordHasher()


@cache
def _of_nobody() -> str:
    return _hasher().hash("nobody's")
