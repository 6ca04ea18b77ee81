"""The verb that hands takes to editorial."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farm.client.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from farm.delivery.words import Delivery, Progress
    from models.vocabulary import Phase


class Delivering(Connection):
    """Deliver."""

    def deliver(
        self,
        project: str,
        *,
        phase: Phase | None = None,
        cuts: Iterable[str] = (),
        to: Path | str | None = None,
        form: str = "frames",
        progress: Progress | None = None,
    ) -> Delivery:
        """Put the best passing take of each cut under editorial's names; see `farm.delivery.cuts`.

        `form` is `frames` or `clip`, for what moves. Raises `UnknownName`, `BadInput`, `NotHere`.
        """
        from farm.delivery.cuts import deliver
        from farm.delivery.words import form_of

        return deliver(
            self.database,
            self.store,
            project,
            phase=phase,
            cuts=cuts,
            to=to,
            form=form_of(form),
            progress=progress,
        )
