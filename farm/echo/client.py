"""Echo's worker protocol over HTTP: register, heartbeat, unregister; one short-lived call each."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from farm.echo.calls import EchoLine, mapping_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta


class EchoAnswer(StrEnum):
    """What Echo says to a call it understood."""

    OK = "ok"
    UNKNOWN = "unknown"  #: 404: to a registration "unsupported", to a heartbeat "register again"


class EchoClient:
    """Speaks to one Echo; keeps no state, so that a restarted Echo needs no care here."""

    def __init__(self, url: str, timeout: timedelta) -> None:
        self._line = EchoLine(url, timeout)

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

    def send_task(self, body: dict[str, Any]) -> EchoAnswer:
        """Hand Echo a task; UNKNOWN: this Echo takes none.

        Raises:
            Unavailable: Echo does not answer, or answers with an error.
        """
        return self._post("/api/tasks", body)

    def context(self, project: str, characters: Iterable[str] = ()) -> dict[str, Any] | None:
        """What Echo knows of a project's story; None: nothing, or this Echo tells none.

        Raises:
            Unavailable: Echo does not answer, answers with an error, or with no mapping.
        """
        named = ",".join(characters)
        query = {"context_type": "full"} | ({"character_ids": named} if named else {})
        reply = self._line.get(f"/api/projects/{quote(project, safe='')}/context", query)
        if not reply.is_known:
            return None
        return mapping_of(reply)

    def _post(self, path: str, body: dict[str, Any]) -> EchoAnswer:
        return EchoAnswer.OK if self._line.post(path, body).is_known else EchoAnswer.UNKNOWN
