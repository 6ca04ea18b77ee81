"""Orders against a real database: what is refused, what is stored, and what it is stored as."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select

from db import catalogue
from db.engine import Database, Session
from farm.judging import gate
from farm.orders import submission
from farm.orders.desk import Desk
from farm.orders.form import Order
from farm.settings import settings
from farm.shows import loading
from models import documents
from models.errors import Conflict, Forbidden, OrderRefused, PhaseLocked, Unavailable, UnknownName
from models.recipe import SEED_LIMIT
from models.rows.jobs import Job, QueueRow
from models.rows.takes import GenerationParams
from models.shows import StoredShow
from models.vocabulary import JobState, Phase
from tests.support import ROOT
from tests.support.factories import a_stored_show, ordered, settings_for

EXAMPLES = ROOT / "examples"
#: a renderer that ignores neither LoRAs nor reference pictures
NULL = {"renderer": "null"}


@pytest.fixture(scope="module")
def show(database: Database) -> StoredShow:
    with database.transaction() as session:
        stored = a_stored_show(session)
        for phase in (Phase.LOOP, Phase.VIDEO):
            gate.open_door(
                session, stored.project_id, phase, by="Ada", reason="orders of every kind are tested"
            )
        return stored


def stored_jobs(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Job)) or 0


def test_an_accepted_order_is_a_job_a_recipe_and_a_queue_row(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        (job_id,) = ordered(session, show, job_type="full_video", seed=SEED_LIMIT - 1, priority=8)

    with database.transaction() as session:
        job = catalogue.job_detail(session, job_id)
    assert (job.row.state, job.row.phase, job.row.cut) == (JobState.QUEUED, Phase.VIDEO, "ep001/sc010/c0010")
    assert (job.queue.pool, job.queue.priority, job.row.root_job_id) == ("toon", 8, job_id)
    assert job.recipe.seed == SEED_LIMIT - 1
    assert (job.recipe.frame_count, job.row.total_frames) == (144, 144)
    look = job.recipe.characters[0]
    assert (look.name, look.position, look.attributes["outfit"]) == ("mio", "left", "kimono")
    assert (job.recipe.scene.location, job.recipe.scene.dialogue) == ("street", "Hello.")
    assert job.recipe.style.art_style == "cel"
    assert job.recipe.negative_prompt == "short hair"


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ({"project": "moon-nowhere"}, (UnknownName, "no project")),
        ({"cut": "ep001/sc010/c0011"}, (UnknownName, "Did you mean 'ep001/sc010/c0010'?")),
        ({"cut": "opening"}, (OrderRefused, "cannot be read")),
        ({"characters": ["moi"]}, (UnknownName, "Did you mean 'mio'?")),
        ({"variations": {"mio": ["festivall"]}}, (UnknownName, "Did you mean 'festival'?")),
        ({"variations": {"ren": []}}, (OrderRefused, "'ren' is not in this take")),
        ({"attributes": {"mio": {"hair_color": "pnik"}}}, (OrderRefused, "'pink'")),
        ({"renderer": "toom"}, (UnknownName, "no renderer 'toom'")),
        ({"profile": "embeded"}, (UnknownName, "Did you mean 'embedded'?")),
        ({"width": 63}, (OrderRefused, "The nearest is 64")),
        ({"height": 20_000}, (OrderRefused, "20000 pixels is impossible")),
        ({"frame_count": 2}, (OrderRefused, "has one frame, not 2")),
        ({"job_type": "animation_loop", "frame_count": 7}, (OrderRefused, "too short to judge")),
        ({"job_type": "full_video", "frame_count": 119}, (OrderRefused, "120 frames or more, not 119")),
        ({"job_type": "full_video", "frame_count": 10**6}, (OrderRefused, "more than the renderer makes")),
        ({"cut": None, "job_type": "character_sheet"}, (OrderRefused, "shows nobody")),
        (NULL | {"lora_models": [{"name": "mio", "path": "mio.safetensors"}]}, (UnknownName, "no LoRA")),
        (NULL | {"lora_models": [{"name": "mio"}]}, (OrderRefused, "names no file")),
        (
            NULL | {"ipadapter_refs": [{"reference_image_path": "/etc/passwd"}]},
            (Forbidden, "outside the allowed"),
        ),
        ({"quality_thresholds": {"temporal_lpips": 0.1}}, (OrderRefused, "does not judge temporal_lpips")),
        ({"quality_thresholds": {"frame_count": 0}}, (OrderRefused, "cannot be changed")),
        ({"quality_thresholds": {"identity": 1.2}}, (OrderRefused, "-1 to 1. The nearest is 1")),
    ],
)
def test_a_refused_order_names_the_nearest_fix_and_stores_nothing(
    database: Database,
    show: StoredShow,
    tmp_path: Path,
    fields: dict[str, Any],
    refused: tuple[type[Exception], str],
) -> None:
    good = submission.parse({"project": show.project, "cut": "1/10/10"})
    bad = submission.parse({"project": show.project, "cut": "1/10/10", **fields})
    with database.transaction() as session:
        before = stored_jobs(session)

    with pytest.raises(refused[0]) as refusal, database.transaction() as session:
        submission.submit(session, [good, bad], settings_for(tmp_path))

    assert refused[1] in str(refusal.value)
    assert "\n" not in str(refusal.value)
    with database.transaction() as session:
        assert stored_jobs(session) == before


@pytest.mark.parametrize(
    ("fields", "frames"),
    [
        ({}, 1),
        ({"job_type": "animation_loop"}, 16),
        ({"job_type": "animation_loop", "frame_count": 8}, 8),
        ({"job_type": "full_video"}, 144),
        ({"job_type": "full_video", "cut": "1/10/20"}, 120),
        ({"job_type": "full_video", "cut": "1/10/30"}, 120),
        ({"job_type": "full_video", "frame_count": 200}, 200),
    ],
)
def test_the_frame_count_is_the_orders_or_the_cuts_or_the_kinds_own(
    database: Database, show: StoredShow, fields: dict[str, Any], frames: int
) -> None:
    order = submission.parse({"project": show.project, "cut": "1/10/10", **fields})

    with database.transaction() as session:
        assert submission.admit(session, order).recipe.frame_count == frames


def test_sizes_come_from_the_order_the_kind_the_project_or_the_farm(database: Database) -> None:
    with database.transaction() as session:
        plain = a_stored_show(session)
        sized = a_stored_show(
            session, defaults={"width": 640, "height": 360, "sizes": {"character_sheet": [900, 600]}}
        )

        def size(show: StoredShow, **fields: Any) -> tuple[int, int]:
            order = submission.parse({"project": show.project, "characters": ["mio"], **fields})
            recipe = submission.admit(session, order).recipe
            return recipe.width, recipe.height

        assert size(plain) == (512, 768)
        assert size(plain, cut="1/10/10") == (832, 480)
        assert size(plain, cut="1/10/10", height=832) == (832, 832)
        assert size(sized) == (640, 360)
        assert size(sized, job_type="character_sheet") == (900, 600)
        assert size(sized, width=100) == (100, 360)


def test_a_seed_is_given_or_follows_from_the_story_bible_or_is_random(
    database: Database, show: StoredShow
) -> None:
    with database.transaction() as session:

        def seed(**fields: Any) -> int:
            return submission.admit(session, submission.parse({"project": show.project, **fields})).recipe.seed

        assert seed(seed=0, cut="1/10/10") == 0
        assert seed(cut="1/10/10") == seed(cut="ep001/sc010/c0010")
        assert seed(cut="1/10/10") != seed(cut="1/10/20")
        assert seed(cut="1/10/10") != seed(cut="1/10/10", job_type="animation_loop")
        assert seed(characters=["mio"]) != seed(characters=["mio"])


def test_the_order_of_a_batch_is_kept(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        ids = ordered(session, show, count=50, renderer="null")

    with database.transaction() as session:
        page = catalogue.list_jobs(session, project_id=show.project_id, limit=50)
        claimed = session.scalars(
            select(QueueRow.job_id)
            .where(QueueRow.job_id.in_(ids))
            .order_by(QueueRow.priority.desc(), QueueRow.available_at, QueueRow.id)
        ).all()
    assert [row.id for row in page.items] == ids[::-1]
    assert list(claimed) == ids


def test_the_same_key_and_the_same_order_give_the_same_job(database: Database, show: StoredShow) -> None:
    order = submission.parse({"project": show.project, "characters": ["mio"], "idempotency_key": "once"})

    with database.transaction() as session:
        first, twin = submission.submit(session, [order, order])
    with database.transaction() as session:
        (again,) = submission.submit(session, [order.model_copy(update={"requested_by": "somebody else"})])

    assert first.is_new
    assert not twin.is_new
    assert not again.is_new
    assert first.job_id == twin.job_id == again.job_id
    assert first.seed_used == again.seed_used


def test_the_same_key_for_another_order_is_refused(database: Database, show: StoredShow) -> None:
    order = submission.parse({"project": show.project, "characters": ["mio"], "idempotency_key": "reused"})
    with database.transaction() as session:
        submission.submit(session, [order])

    with pytest.raises(Conflict, match="used for another order"), database.transaction() as session:
        submission.submit(session, [order.model_copy(update={"prompt": "rain"})])


def test_two_who_order_under_one_key_at_once_get_one_job(database: Database, show: StoredShow) -> None:
    order = submission.parse({"project": show.project, "characters": ["ren"], "idempotency_key": "race"})
    barrier, answers = threading.Barrier(4), []

    def submit() -> None:
        barrier.wait()
        with database.transaction() as session:
            answers.extend(submission.submit(session, [order]))

    threads = [threading.Thread(target=submit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({answer.job_id for answer in answers}) == 1
    assert sum(answer.is_new for answer in answers) == 1


def test_two_who_order_the_same_in_another_order_never_wait_for_each_other_crosswise(
    database: Database, show: StoredShow
) -> None:
    def orders(batch: int) -> list[Order]:
        keys = [f"crosswise {batch} {place:03}" for place in range(400)]
        asked = [{"project": show.project, "characters": ["ren"], "idempotency_key": key} for key in keys]
        return [submission.parse(each) for each in asked]

    barrier, refused = threading.Barrier(2), []

    def submit(step: int) -> None:
        for batch in range(4):
            barrier.wait()
            try:
                with database.transaction() as session:
                    submission.submit(session, orders(batch)[::step])
            except Unavailable as error:
                refused.append(error)

    threads = [threading.Thread(target=submit, args=(step,)) for step in (1, -1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert refused == []


def test_a_closed_phase_says_which_gate_and_how_far_it_is(database: Database) -> None:
    with database.transaction() as session:
        show = a_stored_show(session)
        ordered(session, show, count=3)
        ordered(session, show, cut="1/10/20")
    loop = submission.parse({"project": show.project, "cut": "1/10/10", "job_type": "animation_loop"})

    with pytest.raises(PhaseLocked) as refusal, database.transaction() as session:
        submission.submit(session, [loop])

    said = str(refusal.value)
    assert "closed until the still gate opens" in said
    assert "3 cuts must be ordered, 2 are" in said
    assert f"farm gate {show.project} --phase still" in said


def test_a_lora_inside_the_roots_is_accepted_and_recorded(
    database: Database, show: StoredShow, tmp_path: Path
) -> None:
    (tmp_path / "mio.safetensors").write_bytes(b"weights")
    lora = {"name": "mio", "path": "mio.safetensors"}
    order = submission.parse({"project": show.project, "cut": "1/10/10", "lora_models": [lora], **NULL})

    with database.transaction() as session:
        (job,) = submission.submit(session, [order], settings_for(tmp_path))
        loras = session.scalar(select(GenerationParams.lora_models).filter_by(job_id=job.job_id))

    assert loras == [{"name": "mio", "path": str(tmp_path / "mio.safetensors"), "weight": 0.8}]


def test_the_example_order_fits_the_example_show(database: Database) -> None:
    order = submission.parse(documents.read(EXAMPLES / "order.yaml").content)
    with database.transaction() as session:
        stored = loading.store(session, loading.load(EXAMPLES / "lantern_street" / "show.yaml"))
        (job,) = submission.submit(session, [order])
        detail = catalogue.job_detail(session, job.job_id)

        every_cut = [submission.parse({"project": stored.project, "cut": path}) for path in stored.cuts]
        recipes = [submission.admit(session, each).recipe for each in every_cut]

    assert (detail.row.cut, detail.recipe.width, detail.recipe.height) == ("ep001/sc010/c0040", 832, 480)
    assert detail.recipe.characters[0].attributes["outfit"] == "kimono"
    assert len({recipe.seed for recipe in recipes}) == len(recipes)
    assert len({recipe.scene.background_seed for recipe in recipes}) == 3


def test_the_cuts_of_many_orders_are_looked_up_at_once(database: Database) -> None:
    questions: list[str] = []
    with database.transaction() as session:
        show = a_stored_show(session, cuts=30)
    orders = [submission.parse({"project": show.project, "cut": path}) for path in show.cuts]

    @event.listens_for(database.engine, "before_cursor_execute")
    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        questions.append(statement)

    with database.transaction() as session:
        jobs = submission.submit(session, orders)
        ordered_cuts = [row.cut for row in catalogue.job_rows(session, [job.job_id for job in jobs])]
    event.remove(database.engine, "before_cursor_execute", count)

    assert ordered_cuts == list(show.cuts)
    assert len(questions) < len(orders)


def test_who_admits_many_orders_is_not_taken_for_a_client_that_vanished(
    database: Database, show: StoredShow
) -> None:
    order = submission.parse({"project": show.project, "cut": "1/10/10"})
    unheard, longest = 0, 0

    def heard(*_: object) -> None:
        nonlocal unheard
        unheard = 0

    event.listen(database.engine, "before_cursor_execute", heard)
    with database.transaction() as session:
        desk = Desk(session, settings())
        for _ in range(1200):
            desk.admit(order)
            unheard += 1
            longest = max(longest, unheard)
    event.remove(database.engine, "before_cursor_execute", heard)

    assert longest <= 500


def test_thousands_of_orders_are_stored_in_one_go(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        ids = ordered(session, show, count=2000, renderer="null")

    assert len(set(ids)) == 2000


def test_what_only_the_database_knows_is_refused_by_number_too(database: Database, show: StoredShow) -> None:
    orders = [submission.parse({"project": show.project, "cut": "1/10/10", "seed": seed}) for seed in range(50)]
    orders[36] = orders[36].model_copy(update={"cut": "1/10/99"})

    with pytest.raises(UnknownName) as refusal, database.transaction() as session:
        submission.submit(session, orders)

    assert str(refusal.value).startswith("Order 37 of 50: ")
    with pytest.raises(OrderRefused, match="2 things are wrong") as several, database.transaction() as session:
        submission.submit(session, [*orders, orders[0].model_copy(update={"location": "street", "width": 7})])
    assert "Order 37 of 51: " in str(several.value)
    assert "Order 51 of 51: " in str(several.value)
