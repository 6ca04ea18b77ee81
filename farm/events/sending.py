"""One call to a callback address: to the machine that was looked at, without redirects, never for long."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
)

from farm.events.addresses import allowed
from farm.events.policy import Answer
from models.errors import FarmError
from workers.renderers.comfyui.deadline import Deadline, watched

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from farm.events.addresses import Target

# Of a receiver with broken headers it logs the whole address, whose query may be a key.
logging.getLogger("urllib3.connection").setLevel(logging.ERROR)

_TO_CONNECT = timedelta(seconds=5)


def send(
    url: str, body: str, headers: Mapping[str, str], *, hosts: Sequence[str], timeout: timedelta
) -> Answer:
    """Post the body, and what became of that; never raises for what the other side does.

    `hosts` say what may be called. Of the answer only the status is read, within `timeout`.
    """
    try:
        wanted = allowed(url, hosts)
        addresses = wanted.addresses()
    except FarmError as error:
        return Answer(None, error.message)
    answer = Answer(None, f"The name {wanted.target.host} has no address.")
    for address in addresses:
        answer, connected = _post(wanted.target, address, body, headers, timeout.total_seconds())
        if connected:
            break
    return answer


def _post(
    target: Target, address: str, body: str, headers: Mapping[str, str], seconds: float
) -> tuple[Answer, bool]:
    """The answer of one machine, and whether there was one to speak to."""
    deadline = Deadline(seconds)
    try:
        with deadline, watched(_pool(target, address, seconds)) as pool:
            response = pool.urlopen(
                "POST",
                target.path,
                body=body.encode(),
                headers={**headers, "host": target.authority},
                redirect=False,
                preload_content=False,
                # The address differs from the name, and that is meant.
                assert_same_host=False,
            )
            # What it says beyond its status is nobody's: it is not read, however long it is.
            response.close()
            # Shut in mid-answer, it may still look like one.
            return (_late(target, seconds) if deadline.is_over else Answer(response.status)), True
    except (NewConnectionError, ConnectTimeoutError):
        return Answer(None, f"{target.authority} does not answer."), False
    except HTTPError as error:
        if deadline.is_over or isinstance(error, ReadTimeoutError):
            return _late(target, seconds), True
        return Answer(None, _sentence(target, error)), True


def _pool(target: Target, address: str, seconds: float) -> urllib3.HTTPConnectionPool:
    """The way to that address; a certificate must be the name's."""
    timeout = urllib3.Timeout(connect=min(_TO_CONNECT.total_seconds(), seconds), read=seconds)
    if target.scheme == "http":
        return urllib3.HTTPConnectionPool(address, target.port, timeout=timeout, retries=False)
    return urllib3.HTTPSConnectionPool(
        address,
        target.port,
        timeout=timeout,
        retries=False,
        server_hostname=target.host,
        assert_hostname=target.host,
    )


def _late(target: Target, seconds: float) -> Answer:
    return Answer(None, f"{target.authority} did not answer within {seconds:g} s.")


def _sentence(target: Target, error: HTTPError) -> str:
    if isinstance(error, SSLError):
        return f"{target.authority} has no certificate that can be trusted."
    return f"{target.authority} broke the call off."
