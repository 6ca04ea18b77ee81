"""Questions answered by a real score worker, with the networks that an installed package brings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image

from farm.client import Farm
from farm.settings import Settings
from models.access import Caller, Door
from models.actors import Actor
from models.errors import BadInput, Conflict, NoFace
from models.vocabulary import QueueStatus
from tests.support.factories import a_stored_show, ordered
from tests.support.floor import SCORE, Floor
from tests.support.queue_jobs import one
from workers.media.masters import write_still
from workers.media.provenance import KEY, Provenance
from workers.renderers.toon.drawing import frames
from workers.renderers.toon.random_scenes import picture
from workers.scoring import weights

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from models.shows import StoredShow

ECHO = Caller(actor=Actor.read("agent:nightly"), door=Door.HTTP, address="10.0.0.9", key_prefix="farm_ab12")
#: a worker that just started loads its networks first
PATIENCE_S = 60


@pytest.fixture(scope="module")
def folder(floor_folder: Path) -> Path:
    """What the worker sees: pictures of two characters and of nobody, and the networks."""
    weights.pull(["efficientnet-lite0"], floor_folder / "networks")
    recipes = {f"mio{n}": picture((3,), "clip", 900 + n).recipe for n in range(3)}
    recipes["ren"] = picture((8,), "clip", 950).recipe
    for name, recipe in recipes.items():
        note = Provenance(recipe=recipe, environment={"renderer_version": "1"}).to_text()
        write_still(floor_folder / f"{name}.png", next(frames(recipe)), {KEY: note})
    Image.linear_gradient("L").convert("RGB").resize((512, 512)).save(floor_folder / "sky.png")
    return floor_folder


@pytest.fixture(scope="module")
def farm(lasting_floor: Floor, folder: Path) -> Iterator[Farm]:
    """The SDK beside one score worker."""
    lasting_floor.worker(SCORE, ready=False)
    settings = Settings(
        state_dir=folder,
        roots=(folder,),
        given_database_url=lasting_floor.database_url,
        given_redis_url=lasting_floor.redis_url,
        queue_prefix=lasting_floor.prefix,
    )
    with Farm(settings, ECHO) as farm:
        yield farm


@pytest.fixture(scope="module")
def show(farm: Farm) -> StoredShow:
    with farm.database.transaction() as session:
        return a_stored_show(session)


def test_a_character_is_held_to_an_approved_picture(farm: Farm, show: StoredShow) -> None:
    view = farm.embed_character(show.project, "mio", "mio0.png", by="Ada", wait=PATIENCE_S)

    answer = view.answered()
    assert (view.status, answer["embedding_stored"]) == (QueueStatus.COMPLETED, True)
    assert answer["similarity_baseline"] == pytest.approx(1.0)
    (reference,) = farm.references(show.project)
    assert answer["embedding_dimensions"] == reference.dimensions
    assert answer["references"][0]["network"] == reference.network == "toon-id"
    assert (reference.character, str(reference.approved_by)) == ("mio", "Ada")
    assert farm.store.path(reference.image_paths[0]).is_file(), "the picture is kept, whatever becomes of it"
    (entry,) = [each for each in farm.audit(project=show.project).items if each.action == "reference.store"]
    assert (str(entry.by), entry.door, entry.key_prefix) == ("Ada", Door.HTTP, "farm_ab12")


def test_another_picture_takes_its_place_only_by_force(farm: Farm, show: StoredShow) -> None:
    farm.embed_character(show.project, "mio", "mio0.png", by="Ada", force=True, wait=PATIENCE_S)

    again = farm.embed_character(show.project, "mio", "mio0.png", by="Ben", wait=PATIENCE_S)
    assert [each["is_new"] for each in again.answered()["references"]] == [False]
    with pytest.raises(Conflict, match="mio is held by toon-id to 1 other picture, which Ada approved"):
        farm.embed_character(show.project, "mio", "mio1.png", by="Ben", wait=PATIENCE_S)


def test_a_picture_of_nobody_is_no_reference_and_is_like_nobody(farm: Farm, show: StoredShow) -> None:
    farm.embed_character(show.project, "mio", "mio0.png", by="Ada", force=True, wait=PATIENCE_S)

    with pytest.raises(NoFace):
        farm.embed_character(show.project, "ren", "sky.png", by="Ada", wait=PATIENCE_S)
    with pytest.raises(NoFace, match=r"No face was found in sky\.png"):
        farm.check_consistency(show.project, "mio", "sky.png", wait=PATIENCE_S)


def test_a_picture_is_as_alike_as_the_gate_would_find_it(farm: Farm, show: StoredShow) -> None:
    farm.make_reference(show.project, "mio", ["mio0.png", "mio1.png"], by="Ada", wait=PATIENCE_S)

    same, other = (
        farm.check_consistency(show.project, "mio", name, wait=PATIENCE_S).answered()
        for name in ("mio2.png", "ren.png")
    )

    assert same["passes_threshold"]
    assert not other["passes_threshold"]
    assert same["similarity_score"] > same["threshold_used"] == 0.7 > other["similarity_score"]


def test_a_file_is_judged_as_the_take_of_a_job_and_nothing_of_the_job_changes(
    farm: Farm, show: StoredShow
) -> None:
    with farm.database.transaction() as session:
        (job,) = ordered(session, show)
    before = farm.job(job)

    scores = farm.evaluate(job, "mio0.png", thresholds={"sharpness": 1e9}, wait=PATIENCE_S).answered()

    assert (scores["phase"], scores["file"]) == ("still", str(farm.settings.roots[0] / "mio0.png"))
    assert "sharpness" in scores["blocking"]
    assert scores["metrics"]["sharpness"]["mark"] == 1e9
    assert farm.job(job) == before


def test_a_file_tells_its_recipe_or_that_it_carries_none(farm: Farm) -> None:
    assert farm.recipe_of("mio0.png", wait=PATIENCE_S).answered()["recipe"]["renderer"] == "toon"
    with pytest.raises(BadInput, match=r"sky\.png carries no recipe"):
        farm.recipe_of("sky.png", wait=PATIENCE_S)


def test_what_has_not_passed_is_not_delivered_and_the_answer_says_why(farm: Farm, show: StoredShow) -> None:
    with farm.database.transaction() as session:
        ordered(session, show)

    answer = farm.order_delivery(show.project, cuts=["1/10/10"], wait=PATIENCE_S).answered()

    assert answer["items"] == []
    assert [each["reason"] for each in answer["undelivered"]] == ["still in work"]
    assert farm.audit(project=show.project).items[0].action == "delivery.order"


@pytest.mark.slow
def test_a_question_whose_worker_was_killed_is_answered_by_the_next(
    farm: Farm, lasting_floor: Floor, show: StoredShow
) -> None:
    lasting_floor.clear()
    lasting_floor.worker(SCORE, FARM_FAILPOINTS="claim.after_commit:1:kill=1;seed=3")

    view = farm.recipe_of("mio0.png", wait=PATIENCE_S)

    assert view.answered()["recipe"]["renderer"] == "toon"
    outcomes = "SELECT array_agg(outcome ORDER BY epoch) AS outcomes FROM attempts WHERE job_id = :job"
    assert one(farm.database, outcomes, job=view.id).outcomes == ["lost", "settled"]
