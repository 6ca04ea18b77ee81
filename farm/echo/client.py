"""Echo's worker protocol over HTTP: register, heartbeat, unregister; one short-lived call each."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import requests

from models.errors import Unavailable

if TYPE_CHECKING:
    from datetime import timedelta


class EchoAnswer(StrEnum):
    """What Echo says to a call it understood."""

    OK = "ok"
    UNKNOWN = "unknown"  #: 404: to a registration "unsupported", to a heartbeat "register again"


class EchoClient:
    """Speaks to one Echo; keeps no state, so that a restarted Echo needs no care here."""

    def __init__(self, url: str, timeout: timedelta) -> None:
        self._url = url.rstrip("/")
        self._timeout_s = timeout.total_seconds()

    def register(self, body: dict[str, Any]) -> EchoAnswer:
        """Introduce a worker; UNKNOWN: this Echo has no worker protocol.

        Raises:
            Unavailable: Echo does not answer, or answers with an error.
        """
        return self._post("/api/workers/register", body)

    def heartbeat(self, worker_id: str, body: dict[str, Any]) -> EchoAnswer:
        """Say that a worker lives; UNKNOWN: it must register again.

        Raises:
            Unavailable: Echo does not answer, or answers with an error.
        """
        return self._post(f"/api/workers/{quote(worker_id, safe='')}/heartbeat", body)

    def unregister(self, worker_id: str) -> EchoAnswer:
        """Say that a worker leaves; UNKNOWN: Echo did not know it any more.

        Raises:
            Unavailable: Echo does not answer, or answers with an error.
        """
        return self._post(f"/api/workers/{quote(worker_id, safe='')}/unregister", {"worker_id": worker_id})

    def _post(self, path: str, body: dict[str, Any]) -> EchoAnswer:
        try:
            # A redirect to another host would carry our addresses there; Echo has no reason to send one.
            answer = requests.post(self._url + path, json=body, timeout=self._timeout_s, allow_redirects=False)
        except requests.RequestException as error:
            raise Unavailable(
                f"Echo does not answer at {self._url}: {type(error).__name__}.",
                hint="The farm works on without it.",
            ) from error
        if answer.status_code == requests.codes.not_found:
            return EchoAnswer.UNKNOWN
        if not answer.ok or answer.is_redirect:
            raise Unavailable(
                f"Echo answered {answer.status_code} to {path}.", hint="The farm works on without it."
            )
        return EchoAnswer.OK
