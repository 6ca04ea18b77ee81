"""One call to Echo over HTTP: bounded in time and size, without redirects; what goes wrong is one error."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from models.errors import Unavailable
from workers.renderers.comfyui.deadline import Deadline, session

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

HINT = "The farm works on without it."
_MOST_BYTES = 4 * 1024**2
_CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class EchoReply:
    """What Echo answered: any 2xx, or 404."""

    is_known: bool  #: False: 404
    text: bytes = b""

    def json(self) -> Any:
        """The body; raises `Unavailable` where it is no JSON."""
        try:
            return json.loads(self.text)
        except ValueError:
            raise Unavailable("Echo answered with something that is no JSON.", hint=HINT) from None


@dataclass(frozen=True, slots=True)
class EchoLine:
    """Where Echo answers, and how long a whole call may take."""

    url: str
    timeout: timedelta

    def post(self, path: str, body: Any) -> EchoReply:
        """Send a body as JSON; raises `Unavailable` where Echo does not answer, or answers with an error."""
        return self._call("POST", path, json=body)

    def get(self, path: str, query: Mapping[str, str] | None = None) -> EchoReply:
        """Ask; raises as `post`."""
        return self._call("GET", path, params=dict(query or {}))

    def _call(self, method: str, path: str, **more: Any) -> EchoReply:
        seconds, url = self.timeout.total_seconds(), self.url.rstrip("/")
        try:
            with Deadline(seconds) as deadline, session() as http:
                # A redirect to another host would carry our addresses there; Echo has no reason to send one.
                answer = http.request(
                    method, url + path, timeout=seconds, allow_redirects=False, stream=True, **more
                )
                text = _read(answer)
        except (requests.RequestException, OSError) as error:
            raise Unavailable(f"Echo does not answer at {url}: {type(error).__name__}.", hint=HINT) from error
        if deadline.is_over:
            # Shut in mid-answer, it may still look like one.
            raise Unavailable(f"Echo did not answer within {seconds:g} s.", hint=HINT)
        if answer.status_code == requests.codes.not_found:
            return EchoReply(is_known=False)
        if not 200 <= answer.status_code < 300:
            raise Unavailable(f"Echo answered {answer.status_code} to {path}.", hint=HINT)
        return EchoReply(is_known=True, text=text)


def _read(answer: requests.Response) -> bytes:
    text = b""
    for chunk in answer.iter_content(_CHUNK_BYTES):
        text += chunk
        if len(text) > _MOST_BYTES:
            raise Unavailable("Echo's answer is too long to be one.", hint=HINT)
    return text


def mapping_of(reply: EchoReply) -> dict[str, Any]:
    """The body as the mapping that it has to be; raises `Unavailable`."""
    body = reply.json()
    if not isinstance(body, dict):
        raise Unavailable("Echo answered with something that is no mapping.", hint=HINT)
    return body
