"""Keys: made, recognised by their prefix, kept as a hash, and good for as long as they are."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from models.access import Scope
from models.errors import BadInput, Unauthenticated

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from models.access import Caps, KeyView

#: no letters that are taken for one another, so that a prefix can be read out
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
#: prefix, then 256 random bits as base64url
_KEY = re.compile(r"(farm_[a-z2-9]{8})_[\w-]{43}", re.ASCII)
_LONGEST_NAME = 100
_LONGEST_LIFE = timedelta(days=36_525)
#: what a column of the database holds
_LARGEST = 2**31 - 1
_NEW_ONE = "An administrator makes one with `farm keys create`."


@dataclass(frozen=True, slots=True)
class Minted:
    """A new key: its text is shown once, the rest is kept."""

    text: str = field(repr=False)
    prefix: str
    sha256: str


def mint() -> Minted:
    """A key that nobody has had: `farm_`, eight letters, and 256 random bits.

    >>> minted = mint()
    >>> prefix_of(minted.text) == minted.prefix, is_of(minted.text, minted.sha256)
    (True, True)
    """
    prefix = "farm_" + "".join(secrets.choice(_LETTERS) for _ in range(8))
    text = f"{prefix}_{random_text()}"
    return Minted(text, prefix, digest(text))


def random_text() -> str:
    """256 random bits as base64url: what only its holder knows."""
    return secrets.token_urlsafe(32)


def digest(text: str) -> str:
    """The SHA-256 under which a key or token is kept; 256 random bits need no slow hash."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def is_of(text: str, sha256: str) -> bool:
    """Whether this is the text behind the hash; takes as long wherever they differ."""
    return hmac.compare_digest(digest(text), sha256)


def prefix_of(text: str) -> str | None:
    """By which prefix a key is looked up; None: it has no key's shape."""
    shape = _KEY.fullmatch(text)
    return shape[1] if shape else None


def unknown_key() -> Unauthenticated:
    """The refusal of whatever is no key of this farm; never with the text in it, which may be somebody's."""
    return Unauthenticated("This is no key of this farm.", hint=f"Look for a slip in it. {_NEW_ONE}")


def refuse_spent(key: KeyView, now: datetime) -> None:
    """Raises `Unauthenticated` for a key that was revoked or has expired."""
    if key.revoked_at is not None:
        raise Unauthenticated(f"The key {key.prefix} was revoked on {key.revoked_at:%Y-%m-%d}.", hint=_NEW_ONE)
    if key.expires_at is not None and key.expires_at <= now:
        raise Unauthenticated(f"The key {key.prefix} expired on {key.expires_at:%Y-%m-%d}.", hint=_NEW_ONE)


def no_key() -> Unauthenticated:
    """The refusal of whoever shows nothing."""
    return Unauthenticated(
        "This needs a key.", hint=f"Send it as `Authorization: Bearer farm_...`, or set FARM_KEY. {_NEW_ONE}"
    )


def refuse_unfit(
    name: str,
    scopes: Collection[Scope],
    caps: Caps,
    expires_in: timedelta | None = None,
    bound_address: str | None = None,
) -> None:
    """Raises `BadInput` for a key that cannot be kept, opens nothing, or would open too much to an address."""
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise BadInput(
            f"The key's name {name[:40]!r} cannot be kept.",
            hint=f"Use up to {_LONGEST_NAME} printable letters.",
        )
    if not scopes:
        raise BadInput("A key without a scope opens nothing.", hint=f"Choose from: {', '.join(Scope)}.")
    if bound_address is not None and set(scopes) != {Scope.ECHO}:
        raise BadInput(
            "Only a key with the scope 'echo' alone can be bound to an address.",
            hint="Whoever reaches the farm from there needs no key: make another one for the other scopes.",
        )
    if expires_in is not None and not timedelta() < expires_in <= _LONGEST_LIFE:
        raise BadInput(
            f"A key cannot be good for {expires_in}.", hint="Use more than no time, at most 100 years."
        )
    for limit in (caps.jobs_per_day, caps.gpu_seconds_per_day):
        if limit is not None and not 0 <= limit <= _LARGEST:
            raise BadInput(f"A day's limit of {limit} cannot be kept.", hint=f"Use 0 to {_LARGEST}.")


def address_of(text: str) -> str:
    """One network address as it is compared; raises `BadInput` for a name or a whole network.

    >>> address_of("::ffff:192.0.2.7")
    '192.0.2.7'
    """
    address = known_address(text)
    if address is None:
        raise BadInput(f"{text!r} is no network address.", hint="Write one, such as 192.0.2.7.")
    return address


def known_address(text: str) -> str | None:
    """The same, and None for what is none."""
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)
