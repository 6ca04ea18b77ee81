"""Verbs for whoever answers requests: an idempotency key is answered once, and the answer said again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from farm.client.connection import Connection
from models.errors import BadInput, Busy, Conflict

if TYPE_CHECKING:
    from models.access import KeptAnswer

_LONGEST_KEY = 255
_SOON = timedelta(seconds=1)


class Answering(Connection):
    """Answers kept with what they tell of; both verbs belong into one `as_one`."""

    def begin_answer(self, key: str, request_sha256: str) -> KeptAnswer | None:
        """What the caller's request with this idempotency key was answered before; None: answer it now.

        Nobody else answers it until the end of `as_one`. A request that fails leaves nothing.

        Raises:
            BadInput: the key cannot be kept.
            Conflict: the key was used for another request.
            Busy: the same request is still being answered; `retry_after` says when to ask again.
        """
        from db import catalogue

        if self._waiting is None:
            raise RuntimeError("An answer is kept with what it tells of: within `as_one`.")
        if not 0 < len(key) <= _LONGEST_KEY or not key.isprintable():
            raise BadInput(
                "This idempotency key cannot be kept.", hint=f"Use 1 to {_LONGEST_KEY} printable letters."
            )
        whose = self.caller.identity
        with self.database.transaction() as session:
            known = catalogue.find_answer(session, whose, key)
            if known is None and not catalogue.may_answer(session, whose, key):
                raise Busy(
                    f"The request with the idempotency key '{key}' is still being answered.",
                    hint="Ask again in a second.",
                    retry_after=_SOON,
                )
            # Again: whoever held it may have answered in between.
            known = known or catalogue.find_answer(session, whose, key)
        if known is None:
            return None
        before, answer = known
        if before != request_sha256:
            raise Conflict(
                f"The idempotency key '{key}' was used for another request.",
                hint="Use a new key for a new request.",
            )
        return answer

    def keep_answer(self, key: str, request_sha256: str, answer: KeptAnswer) -> None:
        """Keep what the request is answered, together with all that it changes, for two days."""
        from db import catalogue

        with self.database.transaction() as session:
            catalogue.keep_answer(session, self.caller.identity, key, request_sha256, answer)
