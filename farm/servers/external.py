"""Servers that were given by their address: asked whether they answer, never started or stopped."""

from __future__ import annotations

import os
from contextlib import closing
from urllib.parse import urlsplit

import psycopg2
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from models.errors import Unavailable

#: server -> the variable that may give its address
VARIABLES = {"postgres": "FARM_DATABASE_URL", "valkey": "FARM_REDIS_URL"}


def given_here() -> dict[str, str | None]:
    """The addresses that this process's environment gives, by server; None: none."""
    return {name: os.environ.get(variable) or None for name, variable in VARIABLES.items()}


def require_answer(name: str, url: str) -> None:
    """Ask a given server once.

    Raises:
        Unavailable: it does not answer; the sentence names host and port, never the password.
    """
    why = _silence(name, url)
    if why:
        parts = urlsplit(url)
        raise Unavailable(
            f"The server named by {VARIABLES[name]} at {parts.hostname}:{parts.port} does not answer: {why}.",
            hint="Start it, correct the address, or unset the variable to use the embedded server.",
        )


def answers(name: str, url: str) -> bool:
    """Whether a given server answers now."""
    return not _silence(name, url)


def _silence(name: str, url: str) -> str:
    """Why it does not answer; empty when it does."""
    try:
        if name == "postgres":
            _ask_postgres(url)
        else:
            _ask_redis(url)
    except (psycopg2.Error, redis.RedisError, OSError, ValueError) as error:
        return (str(error).strip().splitlines() or [type(error).__name__])[-1].strip().rstrip(".")
    return ""


def _ask_redis(url: str) -> None:
    once = Retry(NoBackoff(), 0)
    with closing(redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5, retry=once)) as client:
        client.ping()


def _ask_postgres(url: str) -> None:
    scheme, _, rest = url.partition("://")
    # SQLAlchemy's `postgresql+psycopg2` names a driver that libpq has never heard of.
    with (
        closing(psycopg2.connect(f"{scheme.split('+')[0]}://{rest}", connect_timeout=5)) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT 1")
