"""Callback addresses: which the farm may call, and which machine a name really is; decided before each call.

FARM_CALLBACK_HOSTS lists what may be called, separated by commas; nothing is allowed that is not listed:

    hooks.example.com           that name at the usual ports, 80 for http and 443 for https
    hooks.example.com:8443      at that port alone
    *.example.com               every name below that domain
    127.0.0.1:9000              that very address, whether it is on the public network or not
    internal:echo.lan:8309      a name whose machine may be on a private network or this one

A name without `internal:` must lead to public addresses only: whoever controls its DNS reaches nothing behind
the firewall. Link-local, multicast and unspecified addresses are never called. A name is resolved once for each
call and the connection goes to the address that was looked at, so a second answer of the DNS changes nothing.
"""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from models.errors import BadInput, Forbidden, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

IPAddress = IPv4Address | IPv6Address

LONGEST = 2000
"""Letters of an address."""

_USUAL_PORTS = {"http": 80, "https": 443}
_LABEL = "[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?"
#: whatever ends in a number is an address to some, and to others a name
_NAME = re.compile(rf"(?!(.*\.)?(\d+|0x[0-9a-f]*)$){_LABEL}(\.{_LABEL})*")
_UNPRINTABLE = re.compile(r"[^\x21-\x7e]|\\")
#: IPv6 addresses that end in an IPv4 address, which a gateway calls instead
_NAT64 = IPv6Network("64:ff9b::/96")
_HINT = "Write it as https://hooks.example.com/farm."


@dataclass(frozen=True, slots=True)
class AllowedHost:
    """One entry of the list; `read` makes it from its text."""

    #: a name, the text of an address, or the domain behind `*.`
    host: str
    #: None: the usual port of the scheme
    port: int | None
    is_wildcard: bool
    #: whether it may lead to a private network, or to this machine
    is_internal: bool

    @classmethod
    def read(cls, entry: str) -> AllowedHost:
        """The entry of a text as above; raises `BadInput`.

        >>> AllowedHost.read("internal:*.studio.lan:8309")
        AllowedHost(host='studio.lan', port=8309, is_wildcard=True, is_internal=True)
        """
        text = entry.strip().lower()
        internal = text.startswith("internal:")
        text = text.removeprefix("internal:")
        wildcard = text.startswith("*.")
        try:
            parts = urlsplit(f"//{text.removeprefix('*.')}")
            host, port = _host(parts.hostname or ""), parts.port
        except ValueError:
            host, port = "", None
        if not host or parts.path or "@" in text or (wildcard and _literal(host)):
            raise BadInput(
                f"FARM_CALLBACK_HOSTS holds '{entry.strip()[:80]}', which is no host.",
                hint="Write hooks.example.com, *.example.com, 10.0.0.7:9000 or internal:echo.lan:8309.",
            )
        return cls(host, port, wildcard, internal or _literal(host) is not None)

    def covers(self, target: Target) -> bool:
        """Whether the target is what this entry allows, as it is written: nothing is resolved."""
        if target.port != (self.port or _USUAL_PORTS[target.scheme]):
            return False
        return target.host.endswith(f".{self.host}") if self.is_wildcard else target.host == self.host


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A callback address, taken apart."""

    scheme: str
    #: a name in lower case, or the shortest text of an address
    host: str
    port: int
    #: with the query
    path: str

    @property
    def authority(self) -> str:
        """What stands in the `Host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _USUAL_PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedTarget:
    """A callback address that the list allows."""

    target: Target
    is_internal: bool

    def addresses(self, resolve: Callable[..., Iterable[Any]] | None = None) -> tuple[str, ...]:
        """The addresses to connect to, each of them allowed; `resolve` as `socket.getaddrinfo`.

        Raises:
            Unavailable: the name is not known.
            Forbidden: one of its addresses must not be called; then none is.
        """
        target = self.target
        try:
            answers = list((resolve or socket.getaddrinfo)(target.host, target.port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            raise Unavailable(
                f"The name {target.host} is not known.", hint="See whether it is right."
            ) from error
        found_at = tuple(dict.fromkeys(str(answer[4][0]) for answer in answers))
        for each in found_at:
            if why := _why_not(ip_address(each), is_internal=self.is_internal):
                raise Forbidden(
                    f"{target.host} is {each}, {why}.",
                    hint=f"If it may be called, list it as internal:{target.authority} in FARM_CALLBACK_HOSTS.",
                )
        return found_at


def allowed(url: str, hosts: Sequence[str]) -> AllowedTarget:
    """The address taken apart, if an entry of `hosts` allows it; asks no DNS.

    Raises:
        BadInput: it cannot be read, or an entry cannot.
        Forbidden: nothing allows it.
    """
    target = _target(url)
    entry = next((each for each in map(AllowedHost.read, hosts) if each.covers(target)), None)
    if entry is None:
        raise Forbidden(
            f"Callbacks to {target.authority} are not allowed.",
            hint=f"Add {target.authority} to FARM_CALLBACK_HOSTS on the machines that deliver and that serve.",
        )
    return AllowedTarget(target=target, is_internal=entry.is_internal)


def without_query(url: str) -> str:
    """The address as logs and the audit may keep it: a query often holds a key."""
    return url.partition("?")[0]


def _target(url: str) -> Target:
    if len(url) > LONGEST or _UNPRINTABLE.search(url):
        raise BadInput("The callback address holds what no address holds, or is too long.", hint=_HINT)
    try:
        parts = urlsplit(url)
        host, port = _host(parts.hostname or ""), parts.port
    except ValueError as error:
        raise BadInput("The callback address cannot be read.", hint=_HINT) from error
    if parts.scheme not in _USUAL_PORTS:
        raise BadInput("A callback address begins with http:// or https://.", hint=_HINT)
    if "@" in parts.netloc:
        raise BadInput(
            "A callback address holds no name and no password.", hint="What is sent is signed instead."
        )
    if not host or port == 0 or parts.fragment:
        raise BadInput(f"'{without_query(url)}' is no address to call.", hint=_HINT)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(scheme=parts.scheme, host=host, port=port or _USUAL_PORTS[parts.scheme], path=path)


def _host(text: str) -> str:
    """A name, or an address in its one spelling; empty for what is neither, as `2130706433` or `0177.0.0.1`."""
    literal = _literal(text)
    if literal is not None:
        return str(literal)
    return text if len(text) < 254 and _NAME.fullmatch(text) else ""


def _literal(text: str) -> IPAddress | None:
    try:
        # A zone is a network card of this machine.
        return None if "%" in text else ip_address(text)
    except ValueError:
        return None


def _why_not(address: IPAddress, *, is_internal: bool) -> str:
    """Why an address must not be called; empty when it may."""
    every = (address, *_within(address))
    if any(
        each.is_link_local or each.is_multicast or each.is_unspecified or _is_nobody(each) for each in every
    ):
        return "which is never called"
    if not is_internal and not all(each.is_global and not _is_site_local(each) for each in every):
        return "which is not on the public network"
    return ""


def _is_site_local(address: IPAddress) -> bool:
    return isinstance(address, IPv6Address) and address.is_site_local


def _within(address: IPAddress) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses that an IPv6 address leads to."""
    if isinstance(address, IPv4Address):
        return ()
    translated = IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
    embedded = (address.ipv4_mapped, address.sixtofour, *(address.teredo or ()), translated)
    return tuple(each for each in embedded if each is not None)


def _is_nobody(address: IPAddress) -> bool:
    """0.0.0.0/8 is this machine under many names, 240.0.0.0/4 and the broadcast address are nobody's."""
    return isinstance(address, IPv4Address) and (address.is_reserved or int(address) >> 24 == 0)
