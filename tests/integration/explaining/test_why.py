"""From the database to the explanation: what a character was ordered to look like, and why a take failed."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from db import catalogue
from farm.explaining.answers import explained_json
from farm.explaining.scores import scores_of
from farm.explaining.sentences import explanations
from farm.shows import loading
from farm.shows.form import Show
from models.metrics import Metric
from models.vocabulary import Phase
from tests.support.factories import SHOW, a_stored_show, finish, judged, measured, ordered, whole
from workers.scoring.profiles import EMBEDDED

if TYPE_CHECKING:
    from db.engine import Database


def test_a_variation_that_dyes_the_hair_changes_what_the_picture_is_held_against(database: Database) -> None:
    told: dict[str, Any] = deepcopy(SHOW)
    told["project"]["slug"] = "dyed-hair"
    told["characters"][0]["variations"].append(
        {"name": "dyed", "type": "outfit", "attributes": {"hair_color": "blue"}}
    )
    with database.transaction() as session:
        show = loading.store(session, Show.model_validate(told))
        usual, dyed = (ordered(session, show, variations={"mio": [name]})[0] for name in ("festival", "dyed"))
        for job in (usual, dyed):
            finish(session, job)

        recipes = [catalogue.take_to_score(session, job).recipe for job in (usual, dyed)]

    seen = [look.attributes for recipe in recipes for look in recipe.characters if look.name == "mio"]

    assert [each["hair_color"] for each in seen] == ["pink", "blue"]
    assert {each["eye_color"] for each in seen} == {"green"}


def test_an_orders_own_limits_decide_what_gets_a_picture(database: Database) -> None:
    with database.transaction() as session:
        show = a_stored_show(session)
        (job,) = ordered(session, show, quality_thresholds={"identity": 0.99})
        finish(session, job)

        held_to = catalogue.take_to_score(session, job)

    assert held_to.quality_thresholds == {"identity": 0.99}


def test_a_stored_take_is_explained_as_it_was_judged(database: Database) -> None:
    different = {"expected": "green", "measured": "blue", "agrees": False, "frames": 1, "from_frame": 0}
    attributes = {"mio": {"eye_color": different}}
    good = [each for each in whole(EMBEDDED, Phase.STILL) if each.metric is not Metric.IDENTITY]
    bad = measured(Metric.IDENTITY, 0.1, detail={"attributes": attributes, "characters": {"mio": {"p5": 0.1}}})
    with database.transaction() as session:
        show = a_stored_show(session)
        (job,) = ordered(session, show)
        judged(session, job, *good, bad)
        scores = catalogue.job_detail(session, job).scores

    assert scores is not None
    told = explanations(scores_of(scores))
    assert told[0].startswith("identity: mio does not look like the reference (likeness 0.1, needed ")
    assert told[-1] == "mio: eyes measured blue, expected green."
    assert explained_json(scores)["identity"]["status"] == "fail"
