"""Makes the farm's nouns for tests: everything has a sensible default, a test says only what it is about."""

from __future__ import annotations

import itertools
import secrets
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import select

from db import catalogue
from farm.judging.best_take import best_take
from farm.judging.neighbours import neighbours
from farm.orders import submission
from farm.settings import Settings
from farm.shows import loading
from farm.shows.form import Show
from models.metrics import STRUCTURE, Mark, Measurement, Metric, Profile
from models.recipe import CharacterLook, Recipe
from models.rows.characters import Character, CharacterAttribute, CharacterVariation
from models.rows.jobs import Job, QueueRow
from models.rows.takes import Take
from models.takes import TakeResult
from models.units import UnitStanding
from models.vocabulary import JobType, Phase, QueueStatus, Step, UnitKind, VariationType, Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from db.engine import Session
    from farm.judging.gate import GateOutcome
    from models.shows import StoredShow

_serial = itertools.count(1)


def a_character(
    *attributes: tuple[str, str] | tuple[str, str, list[str], int],
    name: str = "Mio",
    base_prompt: str | None = None,
) -> Character:
    """A character who was never stored; attributes as (type, value) or (type, value, tokens, priority)."""
    rows = []
    for kind, value, *rest in attributes:
        tokens, priority = rest or ([], 0)
        rows.append(
            CharacterAttribute(
                attribute_type=kind, attribute_value=value, prompt_tokens=tokens, priority=priority
            )
        )
    return Character(
        slug=name.lower(),
        name=name,
        base_prompt=base_prompt,
        negative_tokens=[],
        attributes=rows,
        variations=[],
    )


def a_variation(name: str = "yukata", **modifiers: Any) -> CharacterVariation:
    """A variation who was never stored; `modifiers` are prepend, append, replace and attributes."""
    return CharacterVariation(
        variation_name=name, variation_type=VariationType.OUTFIT, prompt_modifiers=modifiers
    )


def a_recipe(**changes: Any) -> Recipe:
    """A loop of one character."""
    values: dict[str, Any] = {
        "renderer": "toon",
        "job_type": JobType.ANIMATION_LOOP,
        "seed": 7,
        "width": 640,
        "height": 360,
        "frame_count": 16,
        "characters": (CharacterLook(name="mio", attributes={"hair_color": "pink"}),),
    }
    return Recipe(**{**values, **changes})


def a_profile(*marks: Mark, phase: Phase = Phase.STILL) -> Profile:
    """A profile that judges one phase; by default identity at 0.7 by `toon-id`."""
    given = marks or (Mark(metric=Metric.IDENTITY, limit=0.7, network="toon-id"),)
    return Profile(name="test", marks={phase: given})


def measured(metric: Metric, value: float | None, network: str = "toon-id", **more: Any) -> Measurement:
    """A measurement by `toon-id` unless said otherwise."""
    return Measurement(metric=metric, value=value, network=network, **more)


def a_take(verdict: Verdict | None = Verdict.PASS, number: int = 1, **more: Any) -> TakeResult:
    """One take as the gate weighs it; a failed one failed identity with 0.4 against 0.7."""
    values: dict[str, Any] = {"values": {"identity": 0.9}, "limits": {"identity": 0.7}}
    if verdict is Verdict.RETAKE:
        values |= {"blocking": ("identity",), "values": {"identity": 0.4}}
    return TakeResult(job_id=uuid4(), take_number=number, verdict=verdict, **{**values, **more})


def a_unit(*takes: TakeResult, **more: Any) -> UnitStanding:
    """One ordered cut; over, and passed unless its takes say otherwise."""
    best = best_take(takes or (a_take(),))
    values: dict[str, Any] = {
        "kind": UnitKind.CUT,
        "cut": f"ep001/sc010/c{next(_serial):04d}",
        "best": best,
        "takes": len(takes) or 1,
        "last_job_id": None if best else takes[-1].job_id,
    }
    return UnitStanding(**{**values, **more})


def slow(seconds: float) -> dict[str, Any]:
    """What a unit has whose one still took so long."""
    return {"slow_takes": 1, "slowest_job_id": uuid4(), "slowest_seconds": seconds}


def settings_for(folder: Path, **changes: Any) -> Settings:
    """Settings whose only allowed root is `folder`."""
    return Settings(state_dir=folder / "state", roots=(folder,), **changes)


SHOW = {
    "project": {"slug": "paper-moon", "name": "Paper Moon", "defaults": {"renderer": "toon"}},
    "story_bible": {"art_style": "cel", "global_seed": 11},
    "characters": [
        {
            "slug": "mio",
            "name": "Mio",
            "negative_tokens": ["short hair"],
            "attributes": {"hair": "long pink hair", "eyes": "green"},
            "variations": [
                {"name": "festival", "type": "outfit", "attributes": {"outfit": "kimono"}},
                {"name": "grinning", "type": "expression", "attributes": {"expression": "laughing"}},
                {"name": "in words", "type": "pose", "append": "at the festival"},
            ],
        },
        {"slug": "ren", "name": "Ren", "attributes": {"hair_color": "black"}},
    ],
    "episodes": [
        {
            "number": 1,
            "scenes": [
                {
                    "number": 10,
                    "location": "street",
                    "time_of_day": "night",
                    "characters": [{"character": "mio", "position": "left"}, {"character": "ren"}],
                    "cuts": [
                        {
                            "number": 10,
                            "characters": ["mio"],
                            "variations": {"mio": ["festival"]},
                            "duration_frames": 144,
                            "dialogue": "Hello.",
                            "action_notes": "Mio waves",
                        },
                        {"number": 20, "characters": ["mio", "ren"], "duration_frames": 48},
                        {"number": 30, "characters": ["ren"]},
                    ],
                }
            ],
        }
    ],
}


def a_stored_show(
    session: Session, cuts: int | None = None, *, episodes: Any = None, **project: Any
) -> StoredShow:
    """A show of its own in the database: two characters, one scene of three cuts, or of so many bare ones."""
    slug = f"moon-{secrets.token_hex(6)}"
    told = {**SHOW, "project": {**SHOW["project"], "slug": slug, **project}}  # type: ignore[dict-item]
    if cuts is not None:
        bare = [{"number": 10 * number, "characters": ["mio"]} for number in range(1, cuts + 1)]
        told["episodes"] = [{"number": 1, "scenes": [{"number": 10, "cuts": bare}]}]
    if episodes is not None:
        told["episodes"] = episodes
    return loading.store(session, Show.model_validate(told))


def ordered(session: Session, show: StoredShow, count: int = 1, **fields: Any) -> list[UUID]:
    """So many jobs for the show's first cut, unless the fields say otherwise."""
    order = {"project": show.project, "cut": "1/10/10", **fields}
    return [job.job_id for job in submission.submit(session, [submission.parse(order) for _ in range(count)])]


def each_cut(session: Session, show: StoredShow, count: int, after: int = 0, **fields: Any) -> list[UUID]:
    """One job for each of so many cuts of the show, without the first ones."""
    paths = list(show.cuts)[after : after + count]
    return [job_id for path in paths for job_id in ordered(session, show, **{"cut": path, **fields})]


def finish(session: Session, job_id: UUID, *measurements: Measurement) -> None:
    """What the engine does to a job that rendered and was scored: a take, measurements, a completed row."""
    job = session.get_one(Job, job_id)
    session.add(
        Take(
            job_id=job_id,
            epoch=1,
            master_path=f"takes/{job_id}/1/master.png",
            pixel_sha256="0" * 64,
            file_sha256="0" * 64,
            size_bytes=1,
            frames=job.total_frames,
            width=job.params.recipe["width"],
            height=job.params.recipe["height"],
            fps=24,
            render_seconds=0.1,
        )
    )
    row = session.scalars(select(QueueRow).filter_by(job_id=job_id)).one()
    row.step, row.status = Step.GATE, QueueStatus.COMPLETED
    catalogue.store_measurements(session, job_id, measurements)
    session.flush()


def beside(session: Session, job_id: UUID) -> tuple[str | None, str | None]:
    """The masters that a job's take is held against for continuity: of the cut before, of the cut after."""
    before, after = neighbours(catalogue.take_to_score(session, job_id))
    return before.master_path if before else None, after.master_path if after else None


def whole(profile: Profile, phase: Phase, **values: float | None) -> list[Measurement]:
    """Every measurement a profile asks for in a phase, each exactly on its mark unless said otherwise."""
    return [
        Measurement(
            metric=mark.metric,
            value=mark.limit if mark.metric in STRUCTURE else values.get(mark.metric.value, mark.limit),
            network=mark.network,
        )
        for mark in profile.marks[phase]
    ]


def judged(session: Session, job_id: UUID, *measurements: Measurement) -> GateOutcome:
    """The job finished with these measurements, and what its gate did."""
    from farm.judging.gate import gate_job

    finish(session, job_id, *measurements)
    return gate_job(session, job_id)
