"""Keys: their shape, what is kept of them, and when they are no good any more."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from farm.access import keys
from models.access import Caps, KeyView, Scope
from models.actors import Actor
from models.errors import BadInput, Unauthenticated

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
ECHO_ALONE = frozenset({Scope.ECHO})


def a_key(**changes: Any) -> KeyView:
    fields: dict[str, Any] = {
        "name": "nightly",
        "prefix": "farm_abcdefgh",
        "actor": Actor.read("agent:nightly"),
        "scopes": frozenset({Scope.READ}),
        "caps": Caps(),
        "bound_address": None,
        "created_at": NOW - timedelta(days=2),
        "created_by": Actor.read("Ada"),
        "expires_at": None,
        "revoked_at": None,
        "last_used_at": None,
    }
    return KeyView(**fields | changes)


def test_a_key_is_256_random_bits_behind_a_prefix_and_does_not_show() -> None:
    minted, other = keys.mint(), keys.mint()

    secret = minted.text.removeprefix(f"{minted.prefix}_")
    assert len(base64.urlsafe_b64decode(f"{secret}=")) == 32
    assert minted.text != other.text
    assert secret not in repr(minted)
    assert minted.sha256 == keys.digest(minted.text)


@pytest.mark.parametrize(
    "text", ["", "farm_", "farm_abcdefgh", "Bearer x", "farm_ABCDEFGH_" + "a" * 43, "farm_abcdefgh_" + "é" * 43]
)
def test_what_has_no_keys_shape_has_no_prefix(text: str) -> None:
    assert keys.prefix_of(text) is None


def test_a_key_with_another_secret_is_another_key() -> None:
    minted = keys.mint()

    assert keys.is_of(minted.text, minted.sha256)
    assert not keys.is_of(minted.text[:-1] + "!", minted.sha256)


def test_a_key_is_good_until_it_expires_or_is_revoked() -> None:
    keys.refuse_spent(a_key(expires_at=NOW + timedelta(seconds=1)), NOW)

    with pytest.raises(Unauthenticated, match="expired on 2026-11-30"):
        keys.refuse_spent(a_key(expires_at=NOW), NOW)
    with pytest.raises(Unauthenticated, match="revoked on 2026-11-29"):
        keys.refuse_spent(a_key(revoked_at=NOW - timedelta(days=1)), NOW)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": " "}, "cannot be kept"),
        ({"name": "a\nb"}, "cannot be kept"),
        ({"name": "a" * 101}, "cannot be kept"),
        ({"scopes": frozenset()}, "opens nothing"),
        ({"caps": Caps(jobs_per_day=-1)}, "limit of -1"),
        ({"caps": Caps(gpu_seconds_per_day=2**31)}, "limit of 2147483648"),
        ({"expires_in": timedelta()}, "cannot be good for 0:00:00"),
        ({"expires_in": timedelta.max}, "cannot be good for"),
        ({"scopes": frozenset(Scope), "bound_address": "192.0.2.7"}, "'echo' alone"),
    ],
)
def test_a_key_that_cannot_be_kept_or_opens_too_much_is_refused(changes: dict[str, Any], sentence: str) -> None:
    wish: dict[str, Any] = {"name": "echo", "scopes": ECHO_ALONE, "caps": Caps(), "bound_address": "192.0.2.7"}
    keys.refuse_unfit(**wish)

    with pytest.raises(BadInput, match=sentence):
        keys.refuse_unfit(**wish | changes)


def test_an_address_is_one_address_however_it_is_written() -> None:
    assert keys.address_of(" ::FFFF:192.0.2.7") == "192.0.2.7"
    assert keys.address_of("2001:DB8::0:1") == "2001:db8::1"
    assert keys.known_address("a socket") is None
    for text in ("echo.example", "192.0.2.0/24", "3221225991x", ""):
        with pytest.raises(BadInput, match="is no network address"):
            keys.address_of(text)
