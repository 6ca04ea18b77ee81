"""Loopback ports: a free one, the remembered one, or a clear sentence."""

from __future__ import annotations

import random
import socket
from contextlib import suppress
from pathlib import Path

from models.errors import Unavailable

LOOPBACK = "127.0.0.1"
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
#: what Linux does unless it was told otherwise
_USUAL_EPHEMERAL = range(32768, 61000)
#: no root needed, and above what well-known servers listen on
_ANY = range(15000, 65536)
_TRIES = 200


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as candidate:
        # As the servers do: a port whose last connections are still fading away is free.
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def choose(*, asked: int | None, remembered: int, server: str) -> int:
    """The port a person asked for; else the one of last time; else any free one that no caller is given.

    Raises:
        Unavailable: the port that was asked for is taken.
    """
    if asked:
        if not is_free(asked):
            raise Unavailable(
                f"Port {asked} for the embedded {server} is taken by another program.",
                hint="Name another port, or leave it unset and the farm finds a free one.",
            )
        return asked
    if remembered and is_free(remembered):
        return remembered
    # An outgoing connection takes a port of the ephemeral range, and of a server that is down for a moment too.
    ephemeral = ephemeral_ports()
    outside = [port for port in _ANY if port not in ephemeral]
    for port in random.sample(outside, min(_TRIES, len(outside))):
        if is_free(port):
            return port
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as candidate:
        candidate.bind((LOOPBACK, 0))
        return int(candidate.getsockname()[1])


def ephemeral_ports() -> range:
    """The ports that this machine gives to outgoing connections."""
    with suppress(OSError, ValueError):
        first, last = map(int, _EPHEMERAL.read_text().split())
        return range(first, last + 1)
    return _USUAL_EPHEMERAL
