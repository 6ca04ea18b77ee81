"""Verbs that ask something of pictures; score workers answer, because nothing is decoded or measured here."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from farm.client.connection import Connection, job_id_of
from models.access import Change

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from uuid import UUID

    from farm.measuring.asking import Asker
    from models.actors import Actor
    from models.measuring import MeasurementView, NewMeasurement
    from models.vocabulary import Phase

#: how long a verb waits for its answer
PATIENCE = timedelta(seconds=20)
#: between two looks
_SHORTEST_S, _LONGEST_S = 0.05, 0.5


class Measuring(Connection):
    """References, likeness, scores, deliveries and recipes, asked of the farm's score workers.

    Each verb asks, waits for a while and gives back how the question stands: with its answer where `is_over`,
    or with its id, for `measurement`, where nobody has answered yet. Within `as_one` nothing is waited for,
    because no worker sees the question before its end. A refusal that is known by then is raised.
    """

    def measurement(
        self, measurement_id: UUID | str, *, wait: timedelta | float = timedelta(0)
    ) -> MeasurementView:
        """How a question stands, after at most `wait` (a timedelta or seconds) if it is not over.

        Raises `UnknownName`; old ones are forgotten. See `MeasurementView.answered` for what became of it.
        """
        from db import catalogue

        wanted = job_id_of(measurement_id)
        seconds = wait.total_seconds() if isinstance(wait, timedelta) else wait
        deadline, pause = time.monotonic() + (seconds if self._waiting is None else 0), _SHORTEST_S
        while True:
            with self.database.transaction() as session:
                view = catalogue.measurement(session, wanted)
            if view.is_over or time.monotonic() + pause > deadline:
                return view
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_S)

    def why_not_answered(self, measurement_id: UUID | str) -> str:
        """One sentence: why a question has no answer yet, or that it has one; raises `UnknownName`."""
        from db import catalogue
        from farm.measuring.waiting import sentence

        with self.database.transaction() as session:
            view = catalogue.measurement(session, job_id_of(measurement_id))
            return sentence(view, catalogue.workers(session), self.settings.lease)

    def withdraw_measurement(self, measurement_id: UUID | str) -> bool:
        """Call a question off; False: it was over. Raises `UnknownName`."""
        from db import catalogue, queue

        with self.database.transaction() as session:
            view = catalogue.measurement(session, job_id_of(measurement_id))
            return bool(queue.cancel(session, [view.id]))

    def embed_character(
        self,
        project: str,
        character: str,
        picture: str,
        *,
        by: Actor | str,
        force: bool = False,
        networks: Sequence[str] = (),
        wait: timedelta | float = PATIENCE,
    ) -> MeasurementView:
        """Hold a character to one approved picture: `embedding_stored`, `embedding_dimensions`, ...

        Without `force`, another picture does not take the place of what the character is held to.

        Raises:
            UnknownName, Forbidden, BadInput, OrderRefused: as `farm.measuring.asking` says.
            NoFace: the picture shows none.
            Conflict: they are held to other pictures.
            NotMeasured: no score worker has a network that is asked for.
        """
        return self._asked(
            lambda asker: asker.reference(
                project, character, [picture], approved_by=by, networks=networks, force=force
            ),
            wait,
        )

    def make_reference(
        self,
        project: str,
        character: str | None,
        pictures: Sequence[str],
        *,
        by: Actor | str,
        networks: Sequence[str] = (),
        wait: timedelta | float = PATIENCE,
    ) -> MeasurementView:
        """Hold a character, or the style where that is None, to these pictures, in place of others.

        The answer lists `references`, and in `missing` the networks that nobody here has. Raises as
        `embed_character`.
        """
        return self._asked(
            lambda asker: asker.reference(project, character, pictures, approved_by=by, networks=networks), wait
        )

    def check_consistency(
        self,
        project: str,
        character: str,
        picture: str,
        *,
        threshold: float = 0.7,
        network: str | None = None,
        wait: timedelta | float = PATIENCE,
    ) -> MeasurementView:
        """How much a picture shows a character: `similarity_score`, `passes_threshold`, `threshold_used`.

        Raises:
            UnknownName, Forbidden, BadInput, OrderRefused: as `farm.measuring.asking` says.
            Conflict: nothing of the character is there to compare with.
            NoFace: the picture shows none.
            NotMeasured: it could not be measured; never a pass.
        """
        return self._asked(
            lambda asker: asker.consistency(project, character, picture, threshold=threshold, network=network),
            wait,
        )

    def evaluate(
        self,
        job_id: UUID | str,
        file: str | None = None,
        *,
        characters: Sequence[str] = (),
        thresholds: Mapping[str, float] | None = None,
        wait: timedelta | float = PATIENCE,
    ) -> MeasurementView:
        """How a file, or the job's own take, would be judged as the take of the job; it changes nothing.

        The answer has the shape of `farm score --json`. Raises `UnknownName`, `Forbidden`, `BadInput`.
        """
        return self._asked(
            lambda asker: asker.evaluation(
                job_id_of(job_id), file, characters=characters, thresholds=thresholds
            ),
            wait,
        )

    def order_delivery(
        self,
        project: str,
        *,
        phase: Phase | None = None,
        cuts: Sequence[str] = (),
        to: str | None = None,
        form: str = "frames",
        wait: timedelta | float = PATIENCE,
    ) -> MeasurementView:
        """As `deliver`, done where masters can be decoded; `to` lies in an allowed folder.

        The answer has the shape of `farm deliver --json`. Raises `UnknownName`, `Forbidden`, `BadInput`.
        """
        change = Change(
            action="delivery.order", subject=f"delivery of {project}", after={"to": to}, project=project
        )
        return self._asked(
            lambda asker: asker.delivery(project, phase=phase, cuts=cuts, to=to, form=form), wait, change
        )

    def recipe_of(self, file: str, *, wait: timedelta | float = PATIENCE) -> MeasurementView:
        """How a file was made, in the shape of `farm recipe --json`.

        Raises `UnknownName`, `Forbidden`, and `BadInput` for one that carries no recipe.
        """
        return self._asked(lambda asker: asker.recipe(file), wait)

    def _asked(
        self,
        formed: Callable[[Asker], NewMeasurement],
        wait: timedelta | float,
        change: Change | None = None,
    ) -> MeasurementView:
        """The question asked, and how it stands after a while."""
        from db import catalogue
        from farm import broker
        from farm.measuring.asking import Asker
        from models import failpoints

        with self.database.transaction() as session:
            measurement_id = catalogue.ask(session, formed(Asker(session, self.settings, self.caller)))
            if change is not None:
                self._note(session, change)
        failpoints.hit(failpoints.Window.ORDER)
        self._once_kept(lambda: broker.wake_scorers(broker.sender(self.settings)))
        view = self.measurement(measurement_id, wait=wait)
        if view.is_over:
            view.answered()
        return view
