"""Answers one question about pictures, whatever its kind."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from db import catalogue
from farm.delivery import cuts
from farm.delivery.words import form_of
from farm.delivery.words import to_json as delivery_json
from farm.judging import profiles
from farm.judging.verdicts import judge, marks_in_force
from models.errors import LeaseLost, NoFace, NotMeasured
from models.measuring import (
    ConsistencyQuestion,
    DeliveryQuestion,
    EvaluationQuestion,
    RecipeQuestion,
    ReferenceQuestion,
)
from models.vocabulary import JobType, Phase
from tasks.measuring import reference_answers
from tasks.measuring.answers import Answer, unchanged
from tasks.measuring.expecting import expectations_of
from tasks.measuring.report import report
from tasks.process import runtime
from workers.scoring.network_table import IDENTITY_METRICS, NETWORKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.access import Caller
    from models.measuring import Question
    from models.metrics import Measurement


def answer(question: Question, asked_by: Caller, *, alive: Callable[[], bool]) -> Answer:
    """The answer.

    Raises:
        Refused, BadInput, NotMeasured: there is none, and asking again would not help.
        LeaseLost: `alive()` turned false.
        StepFailed: what another try may mend.
    """
    match question:
        case ReferenceQuestion():
            return reference_answers.answer(question, asked_by)
        case ConsistencyQuestion():
            return Answer(_consistency(question, alive))
        case EvaluationQuestion():
            return Answer(_evaluation(question, alive))
        case DeliveryQuestion():
            return Answer(_delivery(question, alive))
        case RecipeQuestion():
            return Answer(_recipe(question))


def _consistency(question: ConsistencyQuestion, alive: Callable[[], bool]) -> dict[str, Any]:
    picture = unchanged(question.picture)
    measured = _likeness(question, picture, alive)
    if measured.value is None:
        if measured.detail.get("detection_rate") == 0:
            raise NoFace(f"No face was found in {picture.name}.", hint="Give a picture that shows the face.")
        raise NotMeasured(
            f"How much {picture.name} shows {question.character} was not measured: {measured.reason}"
        )
    return {
        "similarity_score": measured.value,
        "passes_threshold": measured.value >= question.threshold,
        "threshold_used": question.threshold,
        "network": measured.network,
        "network_sha256": measured.network_sha256,
        "detail": measured.to_json()["detail"],
    }


def _likeness(question: ConsistencyQuestion, picture: Path, alive: Callable[[], bool]) -> Measurement:
    """As the gate would measure it: the picture as a still of this one character."""
    from workers.scoring.expectations import Expectations
    from workers.scoring.references import CharacterReference, vector_from_bytes

    stored = runtime.in_transaction(
        lambda session: catalogue.stored_references(
            session,
            catalogue.project(session, question.project).id,
            (question.character,),
            [question.network],
        )
    )
    known = tuple(
        CharacterReference(
            name=each.character,
            vector=vector_from_bytes(each.embedding),
            network=each.network,
            sha256=each.network_sha256,
        )
        for each in stored
    )
    expectations = Expectations(
        phase=Phase.STILL,
        job_type=JobType.STILL_IMAGE,
        frame_count=1,
        width=1,
        height=1,
        fps=1,
        expected=(question.character,),
        characters=known,
    )
    metric = next(iter(NETWORKS[question.network].measures & IDENTITY_METRICS))
    wanted = [(metric, question.network)]
    (measured,) = runtime.bench().measure(
        picture, expectations, wanted, progress=lambda done, total: None, alive=alive
    )
    return measured


def _evaluation(question: EvaluationQuestion, alive: Callable[[], bool]) -> dict[str, Any]:
    held_to, profile = runtime.in_transaction(
        lambda session: (
            catalogue.take_to_score(
                session, question.job_id, characters=question.characters, needs_take=question.path is None
            ),
            profiles.of_job(session, question.job_id),
        )
    )
    file = runtime.store().path(held_to.master_path) if question.path is None else Path(question.path)
    limits = {**held_to.quality_thresholds, **question.thresholds}
    marks = marks_in_force(profile, held_to.phase, limits)
    measured = runtime.bench().measure(
        file,
        expectations_of(held_to, marks),
        [(mark.metric, mark.network) for mark in marks],
        progress=lambda done, total: None,
        alive=alive,
    )
    return report(file, held_to.phase, profile, judge(measured, profile, held_to.phase, limits))


def _delivery(question: DeliveryQuestion, alive: Callable[[], bool]) -> dict[str, Any]:
    def go_on(cut: str, done: int, total: int) -> None:
        if not alive():
            raise LeaseLost

    delivery = cuts.deliver(
        runtime.database(),
        runtime.store(),
        question.project,
        phase=question.phase,
        cuts=question.cuts,
        to=question.to,
        form=form_of(question.form),
        progress=go_on,
    )
    return delivery_json(delivery)


def _recipe(question: RecipeQuestion) -> dict[str, Any]:
    from workers.media import provenance

    return provenance.read(Path(question.path)).to_json()
