"""Passwords: long enough, and kept as argon2id."""

from __future__ import annotations

import pytest

from farm.access.passwords import hashed, is_right
from models.errors import BadInput

PASSWORD = "paper lanterns at dusk"


def test_the_right_password_alone_opens_and_nobodys_never_does() -> None:
    kept = hashed(PASSWORD)

    assert kept.startswith("$argon2id$")
    assert is_right(PASSWORD, kept)
    assert not is_right("paper lanterns at dawn", kept)
    assert not is_right("nobody's", None)


@pytest.mark.parametrize("password", ["", "eleven char", "x" * 1025])
def test_a_password_too_short_or_too_long_is_refused(password: str) -> None:
    with pytest.raises(BadInput, match="12 to 1024"):
        hashed(password)
