"""What a take is held to and what was measured of it: expectations for the scorer, scores for the gate."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from db.catalogue.takes import takes_to_join
from db.catalogue.units import note_slow, stand
from models.errors import UnknownName
from models.metrics import Metric
from models.plain import storable
from models.recipe import CharacterLook, Recipe
from models.rows.characters import Character, CharacterReference, StyleReference
from models.rows.jobs import Job
from models.rows.shows import Cut
from models.rows.takes import GenerationParams, QualityScores, Take
from models.takes import CutTake, StoredReference, TakeToScore
from models.vocabulary import JobType

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.orm import Session

    from models.metrics import Judgement, Measurement
    from models.vocabulary import Verdict

#: metric -> the column the specification gave it
_COLUMNS = {
    Metric.FACE_SIMILARITY: "face_similarity",
    Metric.AESTHETIC: "aesthetic_score",
    Metric.TEMPORAL_LPIPS: "temporal_lpips",
    Metric.MOTION_SMOOTHNESS: "motion_smoothness",
    Metric.SUBJECT_CONSISTENCY: "subject_consistency",
    Metric.STYLE_ADHERENCE: "style_adherence",
    Metric.SCENE_CONTINUITY: "scene_continuity",
    Metric.IDENTITY: "identity",
}


def take_to_score(
    session: Session,
    job_id: UUID,
    networks: Iterable[str] | None = None,
    *,
    characters: Sequence[str] = (),
    needs_take: bool = True,
) -> TakeToScore:
    """This job's take and what it is held against; references only by `networks`, or by all when None.

    With `characters` it is held to them, whomever it was ordered to show. Unless it `needs_take`, a job without
    one has an empty path.

    Raises:
        UnknownName: there is no such job, or it has no take yet.
    """
    row = session.execute(
        select(Job, GenerationParams, Take)
        .join(GenerationParams, GenerationParams.job_id == Job.id)
        .outerjoin(Take, Take.job_id == Job.id)
        .where(Job.id == job_id)
    ).one_or_none()
    if row is None or (needs_take and row[2] is None):
        raise UnknownName(f"The job {job_id} has no take to score.")
    job, params, take = row
    recipe = _showing(Recipe.from_json(params.recipe), characters)
    slugs = tuple(look.name for look in recipe.characters)
    wanted = None if networks is None else list(networks)
    before, after = _beside(session, job.cut_id)
    return TakeToScore(
        job_id=job.id,
        recipe=recipe,
        master_path=take.master_path if take else "",
        references=stored_references(session, job.project_id, slugs, wanted),
        styles=_styles(session, job.project_id, wanted),
        before=before,
        after=after,
        quality_thresholds=dict(job.quality_thresholds),
    )


def store_measurements(session: Session, job_id: UUID, measurements: Iterable[Measurement]) -> None:
    """Keep what was measured of a job's take, in place of what was before; the verdict is the gate's."""
    job = session.get_one(Job, job_id)
    as_json = [storable(measurement.to_json()) for measurement in measurements]
    values: dict[str, Any] = {
        "job_id": job_id,
        "phase": job.phase,
        "profile": job.profile,
        "measurements": as_json,
        **dict.fromkeys(_COLUMNS.values()),
    }
    for each in as_json:
        column = _COLUMNS.get(Metric(each["metric"]))
        if column and each["value"] is not None:
            values[column] = each["value"]
    changed = {name: value for name, value in values.items() if name != "job_id"}
    session.execute(
        upsert(QualityScores)
        .values(**values)
        .on_conflict_do_update(index_elements=["job_id"], set_={**changed, "evaluated_at": func.now()})
    )


def store_judgement(
    session: Session, job_id: UUID, judgement: Judgement, verdict: Verdict, place: Sequence[float]
) -> None:
    """Keep the gate's verdict on the job and beside its scores, with the marks that were in force.

    `place` is where it stands among the takes of its unit, which is looked at anew. Call it under its lock.
    """
    job = session.get_one(Job, job_id)
    is_first = job.verdict is None
    job.verdict, job.place = verdict, list(place)
    values: dict[str, Any] = {
        "job_id": job_id,
        "phase": job.phase,
        "profile": job.profile,
        "verdict": verdict,
        "passes_threshold": judgement.verdict.passes,
        "blocking": [metric.value for metric in judgement.blocking],
        "not_measured": [metric.value for metric in judgement.not_measured],
        "thresholds_used": {
            score.mark.metric.value: {
                "limit": score.mark.limit,
                "network": score.mark.network,
                "direction": score.mark.metric.direction.value,
                **_beyond(judgement, score.mark.metric),
            }
            for score in judgement.scores
            if score.mark
        },
    }
    changed = {name: value for name, value in values.items() if name != "job_id"}
    session.execute(
        upsert(QualityScores).values(**values).on_conflict_do_update(index_elements=["job_id"], set_=changed)
    )
    session.flush()
    if job.unit_id is not None:
        stand(session, [job.unit_id])
        if is_first and job.job_type is JobType.STILL_IMAGE:
            note_slow(session, job_id)


def _beyond(judgement: Judgement, metric: Metric) -> dict[str, str]:
    reason = judgement.beyond_retakes.get(metric)
    return {"beyond_retakes": reason} if reason else {}


def _showing(recipe: Recipe, characters: Sequence[str]) -> Recipe:
    """The recipe as if it showed these; none: whomever it shows."""
    looks = {look.name: look for look in recipe.characters}
    seen = tuple(looks.get(name) or CharacterLook(name=name) for name in characters)
    return replace(recipe, characters=seen) if seen else recipe


def stored_references(
    session: Session, project_id: UUID, slugs: tuple[str, ...], networks: list[str] | None = None
) -> tuple[StoredReference, ...]:
    """What each of these networks, or every one, holds the characters to; the newest of each."""
    query = (
        select(Character.slug, CharacterReference)
        .join(CharacterReference, CharacterReference.character_id == Character.id)
        .where(Character.project_id == project_id, Character.slug.in_(slugs))
        .order_by(Character.slug, CharacterReference.network, CharacterReference.created_at.desc())
    )
    if networks is not None:
        query = query.where(CharacterReference.network.in_(networks))
    newest: dict[tuple[str, str], StoredReference] = {}
    for slug, row in session.execute(query):
        # A network that was learnt again leaves its older references behind; they must not be compared with.
        newest.setdefault(
            (slug, row.network),
            StoredReference(
                character=slug,
                network=row.network,
                network_sha256=row.network_sha256,
                embedding=row.embedding,
            ),
        )
    return tuple(newest.values())


def _styles(session: Session, project_id: UUID, networks: list[str] | None) -> dict[str, dict[str, object]]:
    query = (
        select(StyleReference)
        .where(StyleReference.project_id == project_id)
        .order_by(StyleReference.created_at)  # of one network's, the newest stays
    )
    if networks is not None:
        query = query.where(StyleReference.network.in_(networks))
    return {row.network: dict(row.calibration) for row in session.scalars(query)}


def _beside(session: Session, cut_id: UUID | None) -> tuple[tuple[CutTake, ...], tuple[CutTake, ...]]:
    """Takes of the previous and of the next cut of the scene, for `farm.judging` to choose among."""
    if cut_id is None:
        return (), ()
    here = session.get_one(Cut, cut_id)
    in_scene = select(Cut.id).where(Cut.scene_id == here.scene_id).limit(1)
    before = in_scene.where(Cut.cut_number < here.cut_number).order_by(Cut.cut_number.desc())
    after = in_scene.where(Cut.cut_number > here.cut_number).order_by(Cut.cut_number)
    return _joinable(session, session.scalar(before)), _joinable(session, session.scalar(after))


def _joinable(session: Session, cut_id: UUID | None) -> tuple[CutTake, ...]:
    return () if cut_id is None else tuple(takes_to_join(session, cut_id))
