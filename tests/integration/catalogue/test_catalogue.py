"""What the catalogue remembers: shows stored twice, pages of jobs, evidence, and the facts of a wait."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text, update

from db import catalogue
from farm.judging import profiles
from farm.shows import loading
from farm.shows.form import Show
from models.errors import BadInput, Conflict, UnknownName
from models.metrics import Metric
from models.rows.characters import CharacterAttribute
from models.rows.fleet import Worker
from models.rows.jobs import Job, QueueRow
from models.rows.shows import Project, Scene
from models.vocabulary import ErrorKind, JobState, Phase, QueueStatus, Step, Verdict, WorkerStatus
from tests.support import ROOT
from tests.support.factories import SHOW, a_stored_show, beside, finish, judged, measured, ordered, whole
from workers.scoring.profiles import EMBEDDED

if TYPE_CHECKING:
    from uuid import UUID

    from db.engine import Database, Session
    from models.shows import StoredShow

LANTERN_STREET = ROOT / "examples" / "lantern_street" / "show.yaml"


def changed(show: StoredShow, **parts: Any) -> Show:
    """The factory's show under the slug it was stored with, with some parts said differently."""
    project: dict[str, Any] = {**SHOW["project"], "slug": show.project}  # type: ignore[dict-item]
    return Show.model_validate({**SHOW, "project": project, **parts})


def test_the_example_is_stored_once_however_often_it_is_loaded(database: Database) -> None:
    lantern_street = loading.load(LANTERN_STREET)

    with database.transaction() as session:
        first = loading.store(session, lantern_street)
    with database.transaction() as session:
        second = loading.store(session, lantern_street)
        found = catalogue.cuts(session, second.project_id)

    assert first == second
    assert second.story_bible_version == "1.0.0"
    assert [cut.path for cut in found] == list(second.cuts)
    assert found[0].characters == ("mio",)
    assert found[3].characters == ("mio", "ren")


def test_an_edit_of_the_story_bible_raises_its_minor_version(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        edited = loading.store(session, changed(show, story_bible={"art_style": "gouache"}))
        again = loading.store(session, changed(show, story_bible={"art_style": "gouache"}))

    assert (edited.story_bible_version, again.story_bible_version) == ("1.1.0", "1.1.0")


def test_attributes_are_stored_in_the_vocabularys_words_with_the_prompt_beside_them(
    database: Database, show: StoredShow
) -> None:
    with database.transaction() as session:
        rows = session.scalars(
            select(CharacterAttribute).filter_by(character_id=show.characters["mio"]).order_by("attribute_type")
        ).all()

    assert [(row.attribute_type, row.attribute_value, row.prompt_tokens) for row in rows] == [
        ("eye_color", "green", ["green eyes"]),
        ("hair_color", "pink", ["pink hair"]),
        ("hair_style", "long", ["long hair"]),
    ]


def test_what_the_file_no_longer_has_is_left_and_named(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        stored = loading.store(session, changed(show, episodes=[]))

    assert stored.left_behind == tuple(f"cut {path}" for path in sorted(show.cuts))


def test_attributes_and_variations_that_the_file_dropped_are_gone(database: Database, show: StoredShow) -> None:
    mio = {"slug": "mio", "name": "Mio", "attributes": {"eyes": "blue"}}
    with database.transaction() as session:
        loading.store(session, changed(show, characters=[mio, SHOW["characters"][1]]))  # type: ignore[index]

    with database.transaction() as session:
        cast = catalogue.characters(session, show.project_id)
        assert [(row.attribute_type, row.attribute_value) for row in cast["mio"].attributes] == [
            ("eye_color", "blue")
        ]
        assert cast["mio"].variations == []


def test_a_project_is_found_by_slug_and_by_id(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        by_slug = catalogue.project(session, show.project)
        assert catalogue.project(session, show.project_id) is by_slug
        assert catalogue.project(session, str(show.project_id)) is by_slug
        with pytest.raises(UnknownName, match=f"Did you mean '{show.project}'"):
            catalogue.project(session, f"{show.project}x")


def test_deleting_a_project_takes_everything_with_it(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        (job_id,) = ordered(session, show)
        judged(session, job_id, *whole(EMBEDDED, Phase.STILL, identity=0.0))
    with database.transaction() as session:
        session.delete(session.get_one(Project, show.project_id))

    with database.transaction() as session:
        for kind in (Job, Scene):
            column = Job.project_id if kind is Job else Scene.id
            gone = select(func.count()).select_from(kind).where(column == show.project_id)
            assert session.scalar(gone) == 0


def test_pages_show_every_job_once_newest_first(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        ids = ordered(session, show, count=7) + ordered(session, show, count=4)

    seen: list[UUID] = []
    mark: str | None = None
    with database.transaction() as session:
        while True:
            page = catalogue.list_jobs(session, project_id=show.project_id, after=mark, limit=3)
            seen += [row.id for row in page.items]
            mark = page.next
            if mark is None:
                break

    assert sorted(seen) == sorted(ids)
    assert set(seen[:4]) == set(ids[7:])


def test_a_page_mark_nobody_gave_is_refused(database: Database) -> None:
    with pytest.raises(BadInput, match="page mark"), database.transaction() as session:
        catalogue.list_jobs(session, after="garbage")


@pytest.mark.parametrize("state", list(JobState))
def test_jobs_are_found_by_the_state_people_see(database: Database, show: StoredShow, state: JobState) -> None:
    shapes = [
        (Step.RENDER, QueueStatus.HELD, None),
        (Step.RENDER, QueueStatus.READY, None),
        (Step.RENDER, QueueStatus.RUNNING, None),
        (Step.SCORE, QueueStatus.READY, None),
        (Step.GATE, QueueStatus.RUNNING, None),
        (Step.GATE, QueueStatus.COMPLETED, None),
        (Step.RENDER, QueueStatus.FAILED, ErrorKind.TIMEOUT),
        (Step.SCORE, QueueStatus.FAILED, ErrorKind.BUG),
        (Step.SCORE, QueueStatus.FAILED, None),
        (Step.RENDER, QueueStatus.CANCELLED, None),
        (Step.SCORE, QueueStatus.HELD, None),
    ]
    with database.transaction() as session:
        ids = ordered(session, show, count=len(shapes))
        for job_id, (step, status, error_kind) in zip(ids, shapes, strict=True):
            session.execute(
                update(QueueRow)
                .where(QueueRow.job_id == job_id)
                .values(step=step, status=status, error_kind=error_kind)
            )

    with database.transaction() as session:
        found = catalogue.list_jobs(session, project_id=show.project_id, state=state).items

    expected = [job_id for job_id, shape in zip(ids, shapes, strict=True) if JobState.of(*shape) is state]
    assert sorted(row.id for row in found) == sorted(expected)
    assert all(row.state is state for row in found)


def test_answers_are_frozen_and_outlive_their_session(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        (job_id,) = ordered(session, show)
        judged(session, job_id, *whole(EMBEDDED, Phase.STILL))
        detail = catalogue.job_detail(session, job_id)

    assert detail.take is not None
    assert detail.take.master_path.endswith("master.png")
    assert detail.scores is not None
    assert detail.scores.verdict is Verdict.PASS
    with pytest.raises(FrozenInstanceError):
        detail.row.verdict = None  # type: ignore[misc]


def test_a_job_nobody_knows_is_named(database: Database) -> None:
    stranger = uuid4()
    with database.transaction() as session:
        for ask in (catalogue.job_detail, catalogue.find_job, catalogue.take_to_score):
            with pytest.raises(UnknownName, match=str(stranger)):
                ask(session, stranger)
        with pytest.raises(UnknownName, match=str(stranger)):
            catalogue.why_facts(session, stranger, timedelta(seconds=30))


def test_measurements_survive_the_database_whole(database: Database, show: StoredShow) -> None:
    told = [
        measured(Metric.IDENTITY, 0.91, detail={"curve": [0.9, math.nan, 0.92], "worst_frame": 1}),
        measured(Metric.AESTHETIC, None, "clip-l14-laion", reason="No weights."),
        measured(Metric.STYLE_ADHERENCE, math.nan, "toon-style"),
    ]
    with database.transaction() as session:
        (job_id,) = ordered(session, show)
        finish(session, job_id, *told)
        catalogue.store_measurements(session, job_id, told)

    with database.transaction() as session:
        scores = catalogue.job_detail(session, job_id).scores
        columns = session.execute(
            text("SELECT identity, aesthetic_score, style_adherence FROM quality_scores WHERE job_id = :id"),
            {"id": job_id},
        ).one()

    assert scores is not None
    identity, aesthetic, style = scores.measurements
    assert (identity.value, identity.detail["curve"]) == (0.91, [0.9, None, 0.92])
    assert aesthetic == told[1]
    assert (style.value, style.reason) == (None, "The number is not finite.")
    assert tuple(columns) == (0.91, None, None)


def referenced(session: Session, show: StoredShow) -> None:
    cast = catalogue.characters(session, show.project_id)
    for network, size in (("toon-id", 32), ("arcface-buffalo_l", 512)):
        catalogue.store_character_reference(
            session,
            cast["mio"],
            network=network,
            network_sha256="a" * 64,
            embedding=b"\0\0\x80?" * size,
            baseline=0.9,
            image_paths=["mio.png"],
            approved_by="demo",
        )
    catalogue.store_style_reference(
        session,
        show.project_id,
        network="toon-style",
        network_sha256="b" * 64,
        calibration={"mu_pos": 0.9},
        image_paths=[],
        approved_by="demo",
    )


def test_the_scorer_is_told_whom_to_see_and_what_by(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        referenced(session, show)
        referenced(session, show)
        (job_id,) = ordered(session, show, cut="1/10/20", width=320, height=200)
        finish(session, job_id)

    with database.transaction() as session:
        everything = catalogue.take_to_score(session, job_id)
        embedded = catalogue.take_to_score(session, job_id, ["toon-id"])
        mio = catalogue.characters(session, show.project_id)["mio"]

    assert [look.name for look in everything.recipe.characters] == ["mio", "ren"]
    assert [ref.network for ref in everything.references] == ["arcface-buffalo_l", "toon-id"]
    assert [(ref.character, ref.network) for ref in embedded.references] == [("mio", "toon-id")]
    assert everything.styles == {"toon-style": {"mu_pos": 0.9}}
    assert embedded.styles == {}
    assert (everything.phase, everything.recipe.width, everything.recipe.height) == (Phase.STILL, 320, 200)
    assert (mio.reference_network, len(mio.reference_embedding or b"")) == ("arcface-buffalo_l", 2048)


def test_a_cut_is_compared_with_the_takes_before_and_after_it(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        (first,), (middle,), (last,) = (ordered(session, show, cut=f"1/10/{n}") for n in (10, 20, 30))
        finish(session, middle)
        assert beside(session, middle) == (None, None)

        judged(session, first, *whole(EMBEDDED, Phase.STILL))
        judged(session, last, *whole(EMBEDDED, Phase.STILL, identity=0.0))

        # The last cut's only take failed its gate: nobody has to look like it.
        assert beside(session, middle) == (f"takes/{first}/1/master.png", None)
        assert beside(session, first) == (None, f"takes/{middle}/1/master.png")


def test_only_a_take_of_the_same_phase_is_a_neighbour(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        catalogue.set_door(session, show.project_id, Phase.LOOP, is_open=True, evidence={}, by="Ada")
        (still,) = ordered(session, show, cut="1/10/10")
        (loop,) = ordered(session, show, cut="1/10/10", job_type="animation_loop")
        (next_loop,) = ordered(session, show, cut="1/10/20", job_type="animation_loop")
        finish(session, next_loop)

        judged(session, still, *whole(EMBEDDED, Phase.STILL))
        assert beside(session, next_loop) == (None, None)
        judged(session, loop, *whole(EMBEDDED, Phase.LOOP))
        assert beside(session, next_loop) == (f"takes/{loop}/1/master.png", None)


def test_a_projects_own_profile_moves_limits_and_keeps_networks(database: Database) -> None:
    own = {"soft": {"based_on": "embedded", "marks": {"still": {"identity": 0.31}}}}
    with database.transaction() as session:
        show = a_stored_show(session, defaults={"profiles": own, "profile": "soft"})
        soft = profiles.named(catalogue.project(session, show.project).defaults.profiles, "soft")
        (job_id,) = ordered(session, show)
        outcome = judged(session, job_id, *whole(EMBEDDED, Phase.STILL, identity=0.31))
        with pytest.raises(UnknownName, match="Did you mean 'soft'"):
            profiles.named(catalogue.project(session, show.project).defaults.profiles, "sofft")

    mark = next(mark for mark in soft.marks[Phase.STILL] if mark.metric is Metric.IDENTITY)
    assert (mark.limit, mark.network) == (0.31, "toon-id")
    assert outcome.verdict is Verdict.PASS


def test_a_profile_that_cannot_be_read_says_what_is_wrong_with_it(database: Database) -> None:
    own = {"odd": {"marks": {"still": {"beauty": 1}}}}
    with database.transaction() as session:
        show = a_stored_show(session, defaults={"profiles": own})
        with pytest.raises(BadInput, match="There is no metric 'beauty'"):
            profiles.named(catalogue.project(session, show.project_id).defaults.profiles, "odd")


def a_worker(session: Session, pool: str, *, silent: timedelta = timedelta(0)) -> str:
    name = f"host:{uuid4()}"
    session.add(
        Worker(
            id=name,
            host="host",
            pid=1,
            incarnation=uuid4(),
            pools=[pool],
            queues=[f"render_queue.{pool}"],
            status=WorkerStatus.READY,
            last_seen_at=func.now() - silent,
        )
    )
    session.flush()
    return name


def test_why_counts_who_is_ahead_and_who_could_do_it(fresh_database: Database) -> None:
    with fresh_database.transaction() as session:
        show = a_stored_show(session)
        ahead = [*ordered(session, show, seed=1), *ordered(session, show, seed=2)]
        ahead += ordered(session, show, priority=9)
        (job_id,) = ordered(session, show, seed=3)
        ordered(session, show, count=3, priority=1)
        ordered(session, show, count=3, priority=10, renderer="null")
        alive = a_worker(session, "toon")
        a_worker(session, "null")
        a_worker(session, "toon", silent=timedelta(minutes=5))

    with fresh_database.transaction() as session:
        facts = catalogue.why_facts(session, job_id, timedelta(seconds=30))

    assert facts.row.state is JobState.QUEUED
    assert facts.ahead_in_pool == len(ahead)
    assert [worker.id for worker in facts.workers] == [alive]
    assert facts.seconds_until_due <= 0
    assert facts.seconds_of_lease_left is None
    assert facts.seconds_since_beat is None
    assert facts.last_attempt is None


def test_another_show_under_a_slug_that_is_taken_is_refused_unless_it_was_renamed(
    database: Database, show: StoredShow
) -> None:
    other = changed(show, project={"slug": show.project, "name": "Another show"}, episodes=[])
    taken = rf"'{show.project}' is taken by"

    with pytest.raises(Conflict, match=taken) as refusal, database.transaction() as session:
        loading.store(session, other)
    assert "--rename" in refusal.value.hint
    with database.transaction() as session:
        renamed = loading.store(session, other, rename=True)
        assert catalogue.project(session, show.project).name == "Another show"
    assert renamed.project_id == show.project_id
