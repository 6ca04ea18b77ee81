"""Echo as it is released: it can be asked, gives advice about a picture, and passes notices on.

It calls errors a success: an answer of 200 whose `query_type` is `error` is none. Its `/delegate/to-tower` runs
shell commands that a language model wrote, and is never called.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from farm.echo.calls import HINT, EchoLine, mapping_of
from models.errors import Unavailable

if TYPE_CHECKING:
    from datetime import timedelta

_ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What Echo thinks of a picture: advice, which no gate counts. None is what it did not say as a number."""

    semantic_score: float | None
    variety_score: float | None
    text_alignment: float | None
    suggestion: str
    #: as Echo names them
    too_similar_to: tuple[str, ...] = ()


class ReleasedEcho:
    """One released Echo; keeps no state."""

    def __init__(self, url: str, timeout: timedelta) -> None:
        self._line = EchoLine(url, timeout)

    def ask(self, question: str, *, session_id: str = "anime-render-farm") -> str:
        """Its answer to a question; it may act upon none.

        Raises:
            Unavailable: it does not answer, answers with an error, or calls an error a success.
        """
        body = {"question": question, "allow_actions": False, "session_id": session_id}
        reply = self._mapping("/api/echo/ask", body)
        answer = reply.get("answer")
        if reply.get("query_type") == _ERROR or not isinstance(answer, str):
            raise Unavailable(f"Echo could not answer: {str(answer)[:200]}", hint=HINT)
        return answer

    def advise(self, image_path: str, prompt: str, *, shot_id: str, **more: Any) -> Advice:
        """What it thinks of a picture at a path that both machines know; raises as `ask`."""
        body = {"image_path": image_path, "prompt_text": prompt, "shot_id": shot_id, **more}
        reply = self._mapping("/api/echo/generation-eval/evaluate", body)
        similar = reply.get("too_similar_to")
        return Advice(
            semantic_score=_number(reply.get("semantic_score")),
            variety_score=_number(reply.get("variety_score")),
            text_alignment=_number(reply.get("text_alignment")),
            suggestion=str(reply.get("suggestion") or ""),
            too_similar_to=tuple(map(str, similar)) if isinstance(similar, list) else (),
        )

    def notify(self, message: str, *, title: str, priority: str = "normal") -> None:
        """Let it tell people something, by its own MCP, which answers bare; raises as `ask`."""
        arguments = {"message": message, "title": title, "priority": priority}
        body = {"method": "tools/call", "params": {"name": "send_notification", "arguments": arguments}}
        reply = self._mapping("/mcp", body)
        if reply.get("error") or reply.get("isError"):
            raise Unavailable(f"Echo passed no notice on: {str(reply.get('error'))[:200]}", hint=HINT)

    def _mapping(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        reply = self._line.post(path, body)
        if not reply.is_known:
            raise Unavailable(f"This Echo does not know {path} (404).", hint=HINT)
        return mapping_of(reply)


def _number(value: Any) -> float | None:
    """A finite number as it is; anything else was not said."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None
