"""Bring one file over HTTP into a part file that outlives a broken connection, a Ctrl-C and a restart."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from models.errors import BadInput, NotHere, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import requests

#: as much as a broken connection may lose of what it brought
_CHUNK = 1 << 16
#: kept free on the disk by a large file, so that its last megabyte does not stop a database beside it
_RESERVE = 256 << 20
_CONNECT_SECONDS = 10
_TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often, and after which pauses, a failing server is tried again."""

    tries: int = 4  #: in a row that bring nothing new
    most_tries: int = 20  #: in all, however little each brings
    base_seconds: float = 1.0  #: before the second try; doubles with each that brings nothing
    cap_seconds: float = 30.0  #: also of what a server asks for with `Retry-After`
    read_seconds: float = 60.0  #: without one byte before a connection counts as broken
    sleep: Callable[[float], None] = time.sleep

    def wait(self, tries: int, asked_seconds: float) -> None:
        """Back off after so many tries that brought nothing; the jitter keeps many farms apart."""
        seconds = self.base_seconds * 2 ** max(tries - 1, 0) * random.uniform(0.75, 1.25)  # noqa: S311
        self.sleep(min(max(seconds, asked_seconds), self.cap_seconds))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a part file is a part of."""

    name: str  #: for sentences
    sha256: str | None  #: of the whole; None when it is unknown
    size: int | None  #: bytes of the whole; None when it is unknown


class _Broken(Exception):
    """A try that ended early and may be repeated; `wait` is what the server asked for, in seconds."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


class _OtherPart(_Broken):
    """What lies here is no part of what the server has; the next try begins at the first byte."""


def fetch(
    url: str,
    part: Path,
    wanted: Wanted,
    progress: Callable[[int, int | None], None] = lambda done, total: None,
    retries: RetryPolicy | None = None,
) -> bool:
    """Bring `url` into `part`, going on where an earlier try stopped; true when older bytes are in it.

    Beside the part lies `<part>.json`, which says what it belongs to. A part is continued when the server says
    that the file is still the same (`If-Range`), or when the whole's hash is known: a wrong join is then found
    out. A server without ranges starts again. The hash is not checked here.

    Raises:
        Unavailable: the server said no, or did not answer in time however often it was asked; the part stays.
        BadInput: the server has another file: it is of another size.
        NotHere: the disk has no room for it.
    """
    retries = retries or RetryPolicy()
    if wanted.size is not None:
        refuse_too_small_disk(part.parent, wanted.size - min(_bytes_in(part), wanted.size), wanted.name)
    resumed, fruitless = False, 0
    for _ in range(retries.most_tries):
        before = _bytes_in(part)
        try:
            return _try(url, part, wanted, progress, retries) or resumed
        except _Broken as broken:
            if isinstance(broken, _OtherPart):
                forget(part)
            gained = _bytes_in(part) > before
            resumed = resumed or gained
            fruitless = 0 if gained else fruitless + 1
            reason = str(broken)
            if fruitless >= retries.tries:
                break
            retries.wait(fruitless, broken.wait)
    raise Unavailable(f"{url} did not answer ({reason}).", hint="Run it again later: what arrived is kept.")


def forget(part: Path) -> None:
    """Remove a part and what was written down about it."""
    part.unlink(missing_ok=True)
    _note_file(part).unlink(missing_ok=True)


def refuse_too_small_disk(folder: Path, needed: int, name: str) -> None:
    """Say before a long download that its disk cannot hold it; raises `NotHere`."""
    free = shutil.disk_usage(folder).free
    if needed + min(needed, _RESERVE) > free:
        raise NotHere(
            f"{name} needs {_mib(needed)}, but the disk of {folder} has only {_mib(free)} left.",
            hint="Free some space, or set FARM_NETWORKS_DIR to a folder on another disk.",
        )


def _try(
    url: str, part: Path, wanted: Wanted, progress: Callable[[int, int | None], None], retries: RetryPolicy
) -> bool:
    """One request; true when it went on from older bytes."""
    import requests

    have, headers = _where_to_go_on(url, part, wanted)
    try:
        with requests.get(
            url, headers=headers, stream=True, timeout=(_CONNECT_SECONDS, retries.read_seconds)
        ) as answer:
            start = _start_of(answer, url, have, wanted)
            if start is None:
                progress(have, have)
                return True
            total = _total(answer, start, wanted)
            _refuse_other_size(url, total, wanted)
            refuse_too_small_disk(part.parent, (total or 0) - start, wanted.name)
            _write_note(part, url, wanted, answer)
            _copy(answer, part, start, total, progress)
            return start > 0
    except requests.RequestException as error:
        if _is_final(error):
            raise Unavailable(f"{url} did not answer ({type(error).__name__}).") from error
        raise _Broken(type(error).__name__) from error


def _where_to_go_on(url: str, part: Path, wanted: Wanted) -> tuple[int, dict[str, str]]:
    """How many bytes of the part may be kept, and the headers that ask for the rest."""
    # Compressed on the way, the bytes that arrive would not be the bytes that a range counts.
    headers = {"Accept-Encoding": "identity"}
    have, note = _bytes_in(part), _note(part)
    same_file = wanted.sha256 is not None and note.get("sha256") == wanted.sha256
    validator = note.get("validator", "") if note.get("url") == url else ""
    if not have or not (same_file or validator):
        return 0, headers
    headers["Range"] = f"bytes={have}-"
    if validator:
        headers["If-Range"] = validator
    return have, headers


def _start_of(answer: requests.Response, url: str, have: int, wanted: Wanted) -> int | None:
    """The byte at which the body begins; None when the part was already whole.

    Raises:
        Unavailable: the server said no.
        _Broken: it stumbled.
    """
    status = answer.status_code
    if status in _TRY_AGAIN:
        raise _Broken(f"status {status}", _retry_after(answer.headers.get("Retry-After", "")))
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and have:
        if have == (_range_total(answer) or wanted.size):
            return None
        raise _OtherPart("its file is shorter than what is here")
    if status == HTTPStatus.PARTIAL_CONTENT:
        start = _range_start(answer)
        if start != have:
            raise _OtherPart("it sent another range than it was asked for")
        return start
    if status != HTTPStatus.OK:
        raise Unavailable(f"{url} answered {status} {answer.reason}.")
    return 0


def _copy(
    answer: requests.Response,
    part: Path,
    start: int,
    total: int | None,
    progress: Callable[[int, int | None], None],
) -> None:
    """The body to its place in the part, piece by piece."""
    done = start
    with part.open("r+b" if part.exists() else "wb") as file:
        file.truncate(start)
        file.seek(start)
        progress(done, total)
        for chunk in answer.iter_content(_CHUNK):
            done += len(chunk)
            if total is not None and done > total:
                forget(part)
                raise BadInput(
                    f"{answer.url} has another file: it goes on after {total} bytes.",
                    hint="Nothing was kept. Use another mirror.",
                )
            file.write(chunk)
            progress(done, total)
        file.flush()
        os.fsync(file.fileno())
    if total is not None and done != total:
        raise _Broken(f"the connection ended after {done} of {total} bytes")


def _total(answer: requests.Response, start: int, wanted: Wanted) -> int | None:
    """Bytes of the whole file, as the server says or as `networks.toml` does."""
    if start:
        return _range_total(answer) or wanted.size
    length = answer.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else wanted.size


def _refuse_other_size(url: str, total: int | None, wanted: Wanted) -> None:
    if total is not None and wanted.size is not None and total != wanted.size:
        raise BadInput(
            f"{url} has another file than {wanted.name}: {total} bytes, not {wanted.size}.",
            hint="It was not fetched. Use another mirror.",
        )


def _is_final(error: requests.RequestException) -> bool:
    """Whether another try cannot help: no server there, a wrong certificate, or no address at all."""
    from requests import exceptions
    from urllib3.exceptions import NewConnectionError

    cause = error.args[0] if error.args else None
    return isinstance(error, (exceptions.SSLError, exceptions.TooManyRedirects, ValueError)) or isinstance(
        getattr(cause, "reason", None), NewConnectionError
    )


def _range_start(answer: requests.Response) -> int | None:
    """`bytes 100-199/200` -> 100."""
    first = answer.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
    return int(first) if first.isdecimal() else None


def _range_total(answer: requests.Response) -> int | None:
    """`bytes 100-199/200` and `bytes */200` -> 200."""
    last = answer.headers.get("Content-Range", "").rpartition("/")[2]
    return int(last) if last.isdecimal() else None


def _retry_after(value: str) -> float:
    """Seconds that a server asks to be left alone; it says seconds or a date."""
    if value.isdecimal():
        return float(value)
    try:
        return max(parsedate_to_datetime(value).timestamp() - time.time(), 0.0)
    except ValueError:
        return 0.0


def _bytes_in(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0


def _note_file(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _note(part: Path) -> dict[str, Any]:
    """What was written down about a part; empty when nothing, or nothing readable, was."""
    with contextlib.suppress(OSError, ValueError):
        note = json.loads(_note_file(part).read_text())
        if isinstance(note, dict):
            return note
    return {}


def _write_note(part: Path, url: str, wanted: Wanted, answer: requests.Response) -> None:
    tag = answer.headers.get("ETag", "")
    # A weak tag promises the same meaning, not the same bytes.
    validator = answer.headers.get("Last-Modified", "") if not tag or tag.startswith("W/") else tag
    note = {"url": url, "sha256": wanted.sha256, "validator": validator}
    _note_file(part).write_text(json.dumps(note))


def _mib(size: int) -> str:
    return f"{size / 2**20:,.0f} MiB"
