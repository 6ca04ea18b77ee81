"""One ComfyUI's HTTP interface, call by call: what is asked, what is answered, and no decisions."""

from __future__ import annotations

import io
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import requests

from models.errors import StepFailed, Unavailable
from models.vocabulary import ErrorKind
from workers.renderers.comfyui import deadline
from workers.renderers.comfyui.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    Graph = Mapping[str, Mapping[str, Any]]

#: seconds to connect, and between two bytes of an answer
TIMEOUT_S = (5.0, 30.0)
#: a whole answer may take so many times as long; so may each chunk of a file
_TOTAL = 2
#: of an answer; the node types of a studio's server are a tenth of it
MOST_BYTES = 64 << 20
#: of a file that a prompt made
MOST_FILE_BYTES = 64 << 30
_CHUNK = 1 << 18
#: a graph that cannot run, or is larger than the server takes
_GRAPH_REFUSED = frozenset({400, 413})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """What a ComfyUI says of itself and its card; bytes are 0 where there is no card."""

    version: str
    pytorch: str
    python: str
    device: str
    vram_total: int  #: bytes
    vram_free: int  #: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFile:
    """A file a prompt made, as `/view` hands it out."""

    filename: str
    subfolder: str
    type: str  #: `output` or `temp`


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedPrompt:
    """A prompt that waits or runs."""

    prompt_id: str
    client_id: str
    running: bool


class ComfyUIClient:
    """A thin client; a call that gets no answer raises `Unavailable`, an answer of no use `StepFailed`."""

    def __init__(self, url: str, timeout: tuple[float, float] = TIMEOUT_S) -> None:
        """`url` as in `http://127.0.0.1:8188`; `timeout` in seconds: to connect, and between two bytes.

        A whole answer may take twice their sum, however lively its bytes drip in.
        """
        self.url = url.rstrip("/")
        self._timeout = timeout
        self._total_s = _TOTAL * sum(timeout)
        self._session = deadline.session()

    def stats(self) -> Stats:
        """Version and card."""
        stats = self._get("/system_stats")
        with self._in_its_words("/system_stats"):
            system, card = stats["system"], (stats.get("devices") or [{}])[0]
            return Stats(
                version=str(system.get("comfyui_version", "")),
                pytorch=str(system.get("pytorch_version", "")),
                python=str(system.get("python_version", "")).split(" ")[0],
                device=str(card.get("name", "")),
                vram_total=int(card.get("vram_total") or 0) if card.get("type") != "cpu" else 0,
                vram_free=int(card.get("vram_free") or 0) if card.get("type") != "cpu" else 0,
            )

    def object_info(self) -> dict[str, dict[str, Any]]:
        """Every node type with its inputs, by class name; several MB on a studio's server."""
        return dict(self._get("/object_info"))

    def models(self, folder: str) -> list[str]:
        """File names in a model folder (`checkpoints`, `loras`, ...); empty where it has no such folder."""
        answer = self._send("GET", f"/models/{quote(folder)}")
        if answer.status_code != 200:
            return []
        names = _json(answer)
        if not isinstance(names, list):
            raise _foreign(answer.url)
        return [str(name) for name in names]

    def post_prompt(
        self, graph: Graph, *, prompt_id: str, client_id: str, extra_data: Mapping[str, Any]
    ) -> requests.Response:
        """Hand a graph in; the caller reads the answer, which may be 200 and a refusal all the same."""
        body = {"prompt": graph, "prompt_id": prompt_id, "client_id": client_id, "extra_data": dict(extra_data)}
        answer = self._send("POST", "/prompt", json=body)
        return answer if answer.status_code in _GRAPH_REFUSED else _good(answer, "/prompt")

    def queue(self) -> list[QueuedPrompt]:
        """What runs and what waits."""
        listed = self._get("/queue")
        with self._in_its_words("/queue"):
            return [
                QueuedPrompt(
                    prompt_id=str(item[1]), client_id=str((item[3] or {}).get("client_id", "")), running=running
                )
                for name, running in (("queue_running", True), ("queue_pending", False))
                for item in listed.get(name, [])
            ]

    def history(self, prompt_id: str) -> dict[str, Any] | None:
        """What became of a prompt; None while it is unknown, waits or runs."""
        entry = self._get(f"/history/{quote(prompt_id)}").get(prompt_id)
        if entry is not None and not isinstance(entry, dict):
            raise _foreign(f"{self.url}/history")
        return entry

    def delete(self, prompt_id: str) -> None:
        """Take a waiting prompt out of the queue; one that runs or is gone is left alone."""
        self._post("/queue", {"delete": [prompt_id]})

    def interrupt(self, prompt_id: str) -> None:
        """Stop a prompt if it runs just now; lost when it has only just been handed in."""
        self._post("/interrupt", {"prompt_id": prompt_id})

    def free(self) -> None:
        """Forget cached results and unload all models, before a reproduction or after memory ran out."""
        self._post("/free", {"unload_models": True, "free_memory": True})

    def upload(self, picture: Path) -> str:
        """Hand a picture in; the name under which the server keeps it, which may be another one."""
        with picture.open("rb") as file:
            answer = self._send(
                "POST", "/upload/image", files={"image": (picture.name, file)}, data={"subfolder": "farm"}
            )
        kept = _json(_good(answer, "/upload/image"))
        with self._in_its_words("/upload/image"):
            return "/".join(part for part in (kept.get("subfolder", ""), kept["name"]) if part)

    def download(self, file: OutputFile, into: Path) -> Path:
        """Fetch a file a prompt made, whole, under its own last name in the folder `into`; or leave nothing."""
        target = into / file.filename.rpartition("/")[2]
        try:
            promised = self._fetch(file, target)
            if promised is not None and target.stat().st_size != promised:
                raise Unavailable(f"ComfyUI at {self.url} sent only a part of {file.filename}.")
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        return target

    def _fetch(self, file: OutputFile, target: Path) -> int | None:
        """Write what `/view` sends; how many bytes it promised."""
        query = {"filename": file.filename, "subfolder": file.subfolder, "type": file.type}
        with self._asked("/view") as asked, self._open("GET", "/view", params=query) as answer:
            if answer.status_code != 200:
                _good(self._whole(answer, "/view"), f"/view of {file.filename}")
            written = 0
            with target.open("wb") as out:
                for chunk in answer.iter_content(_CHUNK):
                    asked.extend()
                    written += out.write(chunk)
                    if written > MOST_FILE_BYTES:
                        raise StepFailed(
                            f"ComfyUI at {self.url} sent {file.filename}: over {MOST_FILE_BYTES >> 20} MiB.",
                            error_kind=ErrorKind.BAD_OUTPUT,
                        )
            promised = answer.headers.get("Content-Length")
        return int(promised) if promised is not None and promised.isdigit() else None

    def _get(self, path: str) -> dict[str, Any]:
        answer = _good(self._send("GET", path), path)
        body = _json(answer)
        if not isinstance(body, dict):
            raise _foreign(answer.url)
        return body

    def _post(self, path: str, body: Mapping[str, Any]) -> None:
        _good(self._send("POST", path, json=dict(body)), path)

    def _send(self, method: str, path: str, **request: Any) -> requests.Response:
        with self._asked(path), self._open(method, path, **request) as answer:
            return self._whole(answer, path)

    def _open(self, method: str, path: str, **request: Any) -> requests.Response:
        # A redirect is no answer of ComfyUI's; and following it would read its page without any limit.
        return self._session.request(
            method, f"{self.url}{path}", timeout=self._timeout, stream=True, allow_redirects=False, **request
        )

    def _whole(self, answer: requests.Response, path: str) -> requests.Response:
        """The same answer, all of it in memory; raises `Unavailable` when that is too much."""
        body = io.BytesIO()
        for chunk in answer.iter_content(_CHUNK):
            if body.tell() + len(chunk) > MOST_BYTES:
                raise Unavailable(
                    f"ComfyUI at {self.url} answered {path} with more than {MOST_BYTES >> 20} MiB.",
                    hint="Is this address really a ComfyUI?",
                )
            body.write(chunk)
        body.seek(0)
        whole = requests.Response()
        whole.status_code, whole.url, whole.encoding = answer.status_code, answer.url, answer.encoding
        whole.raw = body
        return whole

    @contextmanager
    def _in_its_words(self, path: str) -> Iterator[None]:
        """What cannot be read as ComfyUI says it comes from somebody else, and is no fault of the reader."""
        try:
            yield
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise _foreign(f"{self.url}{path}") from error

    @contextmanager
    def _asked(self, path: str) -> Iterator[Deadline]:
        """A call that gets no answer in time is an `Unavailable`, whatever the network library calls it."""
        what = f"ComfyUI at {self.url} did not answer {path}"
        hint = "Look whether it runs: `farm doctor`."
        with Deadline(self._total_s) as asked:
            try:
                yield asked
            except requests.RequestException as error:
                if asked.is_over:
                    raise Unavailable(f"{what} whole within {asked.seconds:g} s.", hint=hint) from error
                raise Unavailable(f"{what} ({type(error).__name__}).", hint=hint) from error
            # An answer that tells no length looks whole when its connection is shut.
            if asked.is_over:
                raise Unavailable(f"{what} whole within {asked.seconds:g} s.", hint=hint)


def _good(answer: requests.Response, what: str) -> requests.Response:
    """The same answer; a refusal is about the file that was asked for or handed in, or else about the asker."""
    if answer.status_code < 300:
        return answer
    if 400 <= answer.status_code < 500 and what.startswith(("/view", "/upload")):
        raise StepFailed(
            f"ComfyUI refused {what} with {answer.status_code}: {' '.join(answer.text[:200].split())}",
            error_kind=ErrorKind.BAD_OUTPUT if what.startswith("/view") else ErrorKind.BAD_RECIPE,
        )
    raise Unavailable(f"ComfyUI answered {what} with {answer.status_code}.")


def _json(answer: requests.Response) -> Any:
    try:
        return answer.json()
    except (ValueError, RecursionError) as error:
        raise Unavailable(
            f"{answer.url} answered something that is no JSON.", hint="Is this address really a ComfyUI?"
        ) from error


def _foreign(url: str) -> Unavailable:
    """Somebody answers there, in words that are not ComfyUI's."""
    return Unavailable(
        f"{url} answered something that no ComfyUI says.", hint="Is this address really a ComfyUI?"
    )
