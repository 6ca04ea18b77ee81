"""The verb that makes a person's own picture or clip a take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from farm.client.ordering import Ordering
from models.actors import Actor
from models.pools import IMPORTED
from models.vocabulary import JobType

if TYPE_CHECKING:
    from pathlib import Path

    from farm.orders.submission import SubmittedJob


class Taking(Ordering):
    """Takes that nobody renders."""

    def add_take(
        self,
        file: Path | str,
        *,
        project: str,
        by: Actor | str,
        cut: str | None = None,
        kind: JobType = JobType.STILL_IMAGE,
        **more: Any,
    ) -> SubmittedJob:
        """Take a file as it is: decoded, mastered, hashed, scored and gated like a render, and never retaken.

        A picture is as large as it is; a clip is held to the size, rate and frames that its cut asks for, or
        `more` says (`width`, `height`, `fps`, `frame_count`, `characters`, `priority`, ...).

        Raises:
            Forbidden: nobody is named, or the file lies outside the allowed folders.
            UnknownName: there is no such file, project or cut.
            OrderRefused: the file is too large, or a field cannot be accepted.
            PhaseLocked: the gate before its phase has not opened.
            StepFailed: the artifact store cannot be written.
        """
        from farm.orders import imported

        who = Actor.named(by, "A take that a person gives names nobody.")
        given = imported.given(str(file), self.settings)
        if self._keeps:
            imported.keep(given, self.settings)
        return self.submit(
            {
                "project": project,
                "cut": cut,
                "job_type": kind,
                "renderer": IMPORTED,
                "start_image": given.path,
                "max_retakes": 0,
                "requested_by": who,
                **more,
            }
        )
