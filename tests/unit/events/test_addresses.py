"""What may be called: only what is listed, only where it leads to what may be called, and only there."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from farm.events.addresses import AllowedHost, allowed, without_query
from models.errors import BadInput, Forbidden, Unavailable

PUBLIC = "93.184.216.34"


def dns(*addresses: str) -> Any:
    """A resolver that knows every name under these addresses."""

    def resolve(host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    return resolve


@pytest.mark.parametrize(
    ("url", "entry"),
    [
        ("https://hooks.example.com/farm?x=1", "hooks.example.com"),
        ("http://HOOKS.example.com", "hooks.example.com"),
        ("https://hooks.example.com:8443/", "hooks.example.com:8443"),
        ("https://a.b.example.com/", "*.example.com"),
        ("http://127.0.0.1:9000/echo", "127.0.0.1:9000"),
        ("http://[::1]:9000/echo", "[::1]:9000"),
        ("http://[0:0:0:0:0:0:0:1]:9000/echo", "[::1]:9000"),
        ("http://echo.lan:8309/", "internal:echo.lan:8309"),
    ],
)
def test_what_is_listed_is_allowed(url: str, entry: str) -> None:
    assert allowed(url, ["other.example.com", entry]).target.port > 0


@pytest.mark.parametrize(
    ("url", "entry"),
    [
        ("https://evil.example.com/", "hooks.example.com"),
        ("https://hooks.example.com.evil.com/", "hooks.example.com"),
        ("https://example.com/", "*.example.com"),
        ("https://evilexample.com/", "*.example.com"),
        ("https://hooks.example.com:22/", "hooks.example.com"),
        ("https://hooks.example.com/", "hooks.example.com:8443"),
        ("http://hooks.example.com:443/", "hooks.example.com"),
        ("http://127.0.0.1:9001/", "127.0.0.1:9000"),
        ("http://[::ffff:127.0.0.1]:9000/", "127.0.0.1:9000"),
        ("http://localhost:9000/", "127.0.0.1:9000"),
    ],
)
def test_what_is_not_listed_word_for_word_is_refused(url: str, entry: str) -> None:
    with pytest.raises(Forbidden, match="not allowed") as refused:
        allowed(url, [entry])
    assert "FARM_CALLBACK_HOSTS" in refused.value.hint


def test_without_a_list_nothing_is_allowed() -> None:
    with pytest.raises(Forbidden):
        allowed("https://hooks.example.com/", [])


@pytest.mark.parametrize(
    "url",
    [
        "ftp://hooks.example.com/",
        "file:///etc/passwd",
        "//hooks.example.com/",
        "hooks.example.com",
        "https://",
        "https://user@hooks.example.com/",
        "https://user:password@hooks.example.com/",
        "https://hooks.example.com@169.254.169.254/",
        "https://hooks.example.com\\@evil.com/",
        "https://hooks.example.com/#fragment",
        "https://hooks.example.com:0/",
        "https://hooks.example.com:99999/",
        "https://hooks.example.com:x/",
        "https://hooks.example.com/\r\nX-Key: 1",
        "https://hooks.example.com/ a",
        "https://hööks.example.com/",
        "https://hooks..example.com/",
        "https://hooks.example.com./",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://[::1/",
        "http://[fe80::1%25eth0]/",
        "https://" + "a" * 2000,
    ],
)
def test_what_is_no_plain_address_is_refused_before_anything_is_asked(url: str) -> None:
    with pytest.raises(BadInput):
        allowed(url, ["hooks.example.com", "*.com", "127.0.0.1", "169.254.169.254"])


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.7",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "::1",
        "fc00::1",
        "fec0::1",
        "::ffff:10.0.0.7",
        "64:ff9b::10.0.0.7",
        "2002:a00:7::",
    ],
)
def test_a_name_leads_behind_the_firewall_only_where_the_list_says_so(address: str) -> None:
    with pytest.raises(Forbidden, match="not on the public network") as refused:
        allowed("http://hooks.example.com/", ["hooks.example.com"]).addresses(dns(address))
    assert "internal:hooks.example.com" in refused.value.hint

    internal = allowed("http://hooks.example.com/", ["internal:hooks.example.com"])
    assert internal.addresses(dns(address)) == (address,)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "fe80::1",
        "224.0.0.1",
        "ff02::1",
        "0.0.0.0",  # noqa: S104 - to be called, not to be bound
        "0.0.0.1",
        "::",
        "255.255.255.255",
        "240.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::169.254.169.254",
        "2002:a9fe:a9fe::",
    ],
)
@pytest.mark.parametrize("entry", ["hooks.example.com", "internal:hooks.example.com"])
def test_some_addresses_are_never_called_whatever_the_list_says(address: str, entry: str) -> None:
    with pytest.raises(Forbidden, match="never called"):
        allowed("http://hooks.example.com/", [entry]).addresses(dns(address))


def test_even_the_metadata_address_by_its_number_is_never_called() -> None:
    with pytest.raises(Forbidden, match="never called"):
        allowed("http://169.254.169.254/", ["169.254.169.254"]).addresses()


def test_one_bad_address_among_good_ones_refuses_the_name() -> None:
    with pytest.raises(Forbidden):
        allowed("https://hooks.example.com/", ["hooks.example.com"]).addresses(dns(PUBLIC, "127.0.0.1"))


def test_a_name_that_is_resolved_once_leads_where_it_led_then() -> None:
    """Rebinding: the second answer of the DNS is asked for by nobody."""
    answers = iter([PUBLIC, "127.0.0.1"])

    def rebinding(host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
        return list(dns(next(answers))(host, port))

    hooks = allowed("https://hooks.example.com/", ["hooks.example.com"])
    assert hooks.addresses(rebinding) == (PUBLIC,)
    with pytest.raises(Forbidden):
        hooks.addresses(rebinding)


def test_a_name_nobody_knows_may_be_known_later() -> None:
    def silent(*_: object, **__: object) -> list[Any]:
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(Unavailable, match="not known"):
        allowed("https://hooks.example.com/", ["hooks.example.com"]).addresses(silent)


@pytest.mark.parametrize(
    "entry",
    ["", "*", "*.", "*.10.0.0.1", "https://a.com", "a.com/path", "a@b.com", "a b", "a.com:x", "internal:"],
)
def test_an_entry_that_is_no_host_is_named(entry: str) -> None:
    with pytest.raises(BadInput, match="FARM_CALLBACK_HOSTS"):
        AllowedHost.read(entry)


def test_the_host_header_is_the_name_and_the_port_where_it_is_unusual() -> None:
    def authority(url: str) -> str:
        return allowed(url, ["a.com", "a.com:81", "[::1]:9000"]).target.authority

    assert authority("https://a.com/") == "a.com"
    assert authority("http://a.com:81/") == "a.com:81"
    assert authority("http://[::1]:9000/") == "[::1]:9000"


def test_a_key_in_the_query_is_for_nobody_to_read() -> None:
    assert without_query("https://a.com/b?key=1") == "https://a.com/b"
