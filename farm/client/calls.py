"""Calls to a farm's HTTP API: one session, a key, and problems that become the errors they were."""

from __future__ import annotations

import time
import uuid
from email.message import Message
from http import HTTPStatus
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests

from farm.client.files import not_written, target_of
from farm.client.wire import error_named
from farm.explaining.answers import without_seed_texts
from models.errors import BadInput, Fault, OrderRefused, Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from models.errors import FarmError

#: seconds until a connection, and until the next byte of an answer
_TIMEOUT_S = (5.0, 120.0)
#: pauses in seconds before a call is tried again, after an address that did not answer
_PAUSES_S = (0.2, 1.0, 3.0)
_CHUNK = 2**20


class Calls:
    """One farm's address and a key for it; safe to call again whatever was interrupted."""

    def __init__(self, url: str, key: str | None = None) -> None:
        """`url` as `http://farm.studio:8329`; raises `BadInput` for what is no address."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise BadInput(
                f"'{url}' is no address of a farm.", hint="Write http://HOST:8329; the key goes into FARM_KEY."
            )
        self.url = url.rstrip("/")
        self._session = requests.Session()
        if key:
            self._session.headers["Authorization"] = f"Bearer {key}"

    def close(self) -> None:
        self._session.close()

    def ask(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """The JSON of a GET; raises the error that the farm answered, or `Unavailable`."""
        return self._json(self._send("GET", path, params=query))

    def change(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        etag: str | None = None,
    ) -> Any:
        """The JSON of a call that changes something; it is done once, however often it has to be sent.

        `etag` is that of what was read, `*` for whatever is there, None where nothing is edited.
        """
        headers = {"Idempotency-Key": str(uuid.uuid4())} | _if_match(etag)
        return self._json(self._send(method, path, params=query, json=body, headers=headers))

    def fetch(self, path: str, to: Path) -> Path:
        """Write the file that a GET answers to `to`, a folder or a new name; whole, or not at all.

        Raises:
            BadInput: it cannot be written there.
        """
        with self._send("GET", path, stream=True) as answer:
            target = target_of(to, _name(answer))
            partial = target.with_name(f".{target.name}.partial")
            try:
                # Taken first, so that nothing is written over.
                with target.open("xb"), partial.open("wb") as file:
                    for chunk in answer.iter_content(_CHUNK):
                        file.write(chunk)
                partial.replace(target)
            except requests.RequestException as error:
                target.unlink(missing_ok=True)
                raise self._silent(error) from error
            except OSError as error:
                raise not_written(target, error) from error
            finally:
                partial.unlink(missing_ok=True)
        return target

    def _send(self, method: str, path: str, **call: Any) -> requests.Response:
        for pause_s in (*_PAUSES_S, None):
            try:
                answer = self._session.request(
                    method, self.url + path, timeout=_TIMEOUT_S, allow_redirects=False, **call
                )
            except requests.RequestException as error:
                if pause_s is None:
                    raise self._silent(error) from error
                time.sleep(pause_s)
                continue
            if answer.ok and not answer.is_redirect:
                return answer
            raise self._error(answer)
        raise AssertionError("the last try returns or raises")

    def _json(self, answer: requests.Response) -> Any:
        if answer.status_code == HTTPStatus.NO_CONTENT:
            return None
        try:
            return without_seed_texts(answer.json())
        except requests.JSONDecodeError as error:
            raise self._stranger(answer) from error

    def _error(self, answer: requests.Response) -> FarmError:
        """What a problem says, as the error that was raised over there."""
        try:
            problem = answer.json()
            error = error_named(str(problem["kind"]), str(problem["detail"]), str(problem.get("hint", "")))
            faults = [Fault(tuple(each["where"]), each["sentence"], each["hint"]) for each in problem["faults"]]
        except (requests.JSONDecodeError, KeyError, TypeError):
            return self._stranger(answer)
        if isinstance(error, OrderRefused):
            error.faults = tuple(faults)
        return error

    def _silent(self, error: Exception) -> Unavailable:
        return Unavailable(
            f"The farm at {self.url} does not answer: {type(error).__name__}.",
            hint="See whether it is up, and whether FARM_URL names it.",
        )

    def _stranger(self, answer: requests.Response) -> Unavailable:
        return Unavailable(
            f"What answers at {self.url} is no farm: {answer.status_code} {answer.reason}.",
            hint="See whether FARM_URL names the farm itself, and what stands between.",
        )


def _if_match(etag: str | None) -> dict[str, str]:
    if etag is None:
        return {}
    return {"If-Match": "*" if etag == "*" else f'"{etag}"'}


def _name(answer: requests.Response) -> str:
    """What the farm calls the file."""
    header = Message()
    header["Content-Disposition"] = answer.headers.get("Content-Disposition", "")
    return PurePath(header.get_filename("take")).name
