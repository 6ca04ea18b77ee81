"""Questions as people ask them, with the nearest fix for what cannot work; nothing is decoded here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db import catalogue
from farm.delivery.words import form_of
from farm.judging import profiles
from farm.judging.profiles import range_refusal
from farm.orders import pictures
from farm.paths import confined, confined_folder
from farm.shows.wanted_references import networks_for
from models.actors import Actor
from models.errors import BadInput, Conflict
from models.measuring import (
    ConsistencyQuestion,
    DeliveryQuestion,
    EvaluationQuestion,
    NewMeasurement,
    RecipeQuestion,
    ReferenceQuestion,
)
from models.metrics import Metric
from models.nearest import unknown_name
from workers.scoring.network_table import IDENTITY_METRICS, NETWORKS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from uuid import UUID

    from db.engine import Session
    from farm.settings import Settings
    from models.access import Caller
    from models.measuring import Question
    from models.vocabulary import Phase

#: pictures of one reference
MOST_PICTURES = 64


class Asker:
    """Forms questions in one transaction, on somebody's behalf."""

    def __init__(self, session: Session, settings: Settings, caller: Caller) -> None:
        self._session, self._settings, self._caller = session, settings, caller

    def reference(
        self,
        project: str,
        character: str | None,
        named: Sequence[str],
        *,
        approved_by: Actor | str,
        networks: Sequence[str] = (),
        force: bool = True,
    ) -> NewMeasurement:
        """Hold a character, or the style where that is None, to these pictures.

        Raises:
            UnknownName: there is no such project, character, network or picture.
            Forbidden: nobody approves them, or a picture lies outside the allowed folders.
            BadInput, OrderRefused: no network is asked for, or a file is no picture.
        """
        by = Actor.named(approved_by, "A reference names nobody who approved it.")
        wanted = networks_for(self._session, project, character, self._settings, networks)
        if not 1 <= len(named) <= MOST_PICTURES:
            raise BadInput(
                f"A reference is made of 1 to {MOST_PICTURES} pictures, not {len(named)}.",
                hint="Four good ones of a character do well, eight or more of a style.",
            )
        shown = tuple(pictures.named(raw, self._settings, "reference picture") for raw in named)
        question = ReferenceQuestion(
            project=project,
            character=character,
            pictures=shown,
            networks=wanted,
            force=force,
            approved_by=str(by),
        )
        subject = f"reference of {character or 'the style'}"
        return self._new(question, subject, self._project_id(project), networks=wanted)

    def consistency(
        self, project: str, character: str, picture: str, *, threshold: float = 0.7, network: str | None = None
    ) -> NewMeasurement:
        """How much a picture shows a character, by a network that has a reference of them.

        Raises:
            UnknownName: there is no such project, character, network or picture.
            Conflict: no reference of the character is there to compare with.
            Forbidden, OrderRefused: the picture lies outside the allowed folders, or is none.
            BadInput: no value could be on both sides of the threshold.
        """
        named = () if network is None else (network,)
        wanted = networks_for(self._session, project, character, self._settings, named)
        by = self._known_by(project, character, wanted)
        metric = next(iter(NETWORKS[by].measures & IDENTITY_METRICS))
        if refusal := range_refusal(metric, threshold):
            raise BadInput(refusal[0], hint=refusal[1])
        question = ConsistencyQuestion(
            project=project,
            character=character,
            picture=pictures.named(picture, self._settings, "picture"),
            threshold=threshold,
            network=by,
        )
        return self._new(question, f"likeness of {character}", self._project_id(project), networks=(by,))

    def evaluation(
        self,
        job_id: UUID,
        file: str | None = None,
        *,
        characters: Sequence[str] = (),
        thresholds: Mapping[str, float] | None = None,
    ) -> NewMeasurement:
        """How a file, or the job's own take, would be judged as the take of the job.

        Raises:
            UnknownName: there is no such job, take, file, character or metric.
            Forbidden, BadInput: the file lies outside the allowed folders, is too large, or a limit means
                nothing.
        """
        job = catalogue.find_job(self._session, job_id)
        if file is None:
            catalogue.take_to_score(self._session, job_id)
        cast = catalogue.characters(self._session, job.project_id) if characters else {}
        for slug in characters:
            if slug not in cast:
                raise unknown_name(slug, cast, "character in this project")
        question = EvaluationQuestion(
            job_id=job_id,
            path=None if file is None else str(self._file(file)),
            characters=tuple(characters),
            thresholds=_limits(thresholds or {}),
        )
        networks = profiles.networks_asked(self._session, job_id)
        return self._new(question, f"scores of {job_id}", job.project_id, networks=networks)

    def delivery(
        self,
        project: str,
        *,
        phase: Phase | None = None,
        cuts: Sequence[str] = (),
        to: str | None = None,
        form: str = "frames",
    ) -> NewMeasurement:
        """Hand finished cuts to editorial, as `farm.delivery.cuts` does.

        Raises:
            UnknownName: there is no such project or cut.
            Forbidden: `to` lies outside the allowed folders.
            BadInput: there is no such form.
        """
        show = catalogue.project(self._session, project)
        for text in cuts:
            catalogue.cut(self._session, show, text)
        roots = (*self._settings.roots, self._settings.artifacts_dir / "deliveries")
        question = DeliveryQuestion(
            project=project,
            phase=phase,
            cuts=tuple(cuts),
            to=None if to is None else str(confined_folder(to, roots, "folder of the delivery")),
            form=form_of(form).value,
        )
        return self._new(question, f"delivery of {project}", show.id)

    def recipe(self, file: str) -> NewMeasurement:
        """How a file was made; raises `UnknownName`, `Forbidden` or `BadInput` for one that cannot be read."""
        path = self._file(file)
        return self._new(RecipeQuestion(path=str(path)), f"recipe of {path.name}", None)

    def _new(
        self, question: Question, subject: str, project_id: UUID | None, *, networks: tuple[str, ...] = ()
    ) -> NewMeasurement:
        return NewMeasurement(
            question=question,
            subject=subject,
            asked_by=self._caller,
            project_id=project_id,
            networks=networks,
        )

    def _project_id(self, project: str) -> UUID:
        return catalogue.project(self._session, project).id

    def _file(self, raw: str) -> Path:
        """A file in the allowed folders that is not too large to be looked at."""
        path = confined(raw, (*self._settings.roots, self._settings.artifacts_dir), "file")
        most = self._settings.max_input_bytes
        try:
            size = path.stat().st_size
        except OSError as error:
            raise BadInput(
                f"The file '{raw}' cannot be read: {error.strerror or error}.", hint="Check its rights."
            ) from error
        if size > most:
            raise BadInput(
                f"The file '{raw}' is larger than {most // 2**20} MiB.",
                hint="FARM_MAX_INPUT_BYTES sets how large a file may be.",
            )
        return path

    def _known_by(self, project: str, character: str, networks: Sequence[str]) -> str:
        """The first of these networks that has a reference of the character."""
        stored = catalogue.stored_references(
            self._session, self._project_id(project), (character,), list(networks)
        )
        having = {reference.network for reference in stored}
        known_by = next((network for network in networks if network in having), None)
        if known_by is None:
            raise Conflict(
                f"There is no reference of {character} by {' or '.join(networks)} to compare with.",
                hint=f"Make one of approved pictures: farm reference {project} {character} IMAGE...",
            )
        return known_by


def _limits(thresholds: Mapping[str, float]) -> dict[str, float]:
    """Metric -> limit; raises `UnknownName`, or `BadInput` for a limit that means nothing."""
    for name, limit in thresholds.items():
        if name not in tuple(Metric):
            raise unknown_name(name, [metric.value for metric in Metric], "metric")
        if refusal := range_refusal(Metric(name), limit):
            raise BadInput(refusal[0], hint=refusal[1])
    return {str(Metric(name)): float(limit) for name, limit in thresholds.items()}
