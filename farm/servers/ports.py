"""Loopback ports: a free one, the remembered one, or a clear sentence."""

from __future__ import annotations

import socket

from models.errors import Unavailable

LOOPBACK = "127.0.0.1"


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
    """The port a person asked for; else the one of last time; else any free one.

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
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as candidate:
        candidate.bind((LOOPBACK, 0))
        return int(candidate.getsockname()[1])
