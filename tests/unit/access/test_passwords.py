"""Passwords: long enough, kept as argon2id, and refused in one sentence whoever they are of."""

from __future__ import annotations

import pytest

from farm.access.passwords import hashed, refuse_wrong
from models.errors import BadInput, Unauthenticated

PASSWORD = "paper lanterns at dusk"


def test_the_right_password_alone_opens() -> None:
    kept = hashed(PASSWORD)

    refuse_wrong(PASSWORD, kept)
    with pytest.raises(Unauthenticated) as wrong:
        refuse_wrong("paper lanterns at dawn", kept)
    with pytest.raises(Unauthenticated) as nobodys:
        refuse_wrong(PASSWORD, None)

    assert kept.startswith("$argon2id$")
    assert str(wrong.value) == str(nobodys.value)


@pytest.mark.parametrize("password", ["", "eleven char", "x" * 1025])
def test_a_password_too_short_or_too_long_is_refused(password: str) -> None:
    with pytest.raises(BadInput, match="12 to 1024"):
        hashed(password)
