"""What a renderer will not draw is refused by name, or accepted and listed; nobody and nothing is no order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from db import catalogue
from farm.judging import gate
from farm.orders import submission
from models.errors import Conflict, OrderRefused
from models.vocabulary import Phase
from tests.support.factories import a_stored_show, finish, ordered
from workers.renderers.toon import undrawn as toon

if TYPE_CHECKING:
    from db.catalogue import NewJob
    from db.engine import Database, Session
    from models.shows import StoredShow
    from models.units import UnitStanding


@pytest.fixture(scope="module")
def show(database: Database) -> StoredShow:
    with database.transaction() as session:
        stored = a_stored_show(session)
        for phase in (Phase.LOOP, Phase.VIDEO):
            gate.open_door(session, stored.project_id, phase, by="Ada", reason="every kind is tested")
        return stored


@pytest.fixture(scope="module")
def bare_show(database: Database) -> StoredShow:
    """A show without cuts, in which each order stands for itself."""
    with database.transaction() as session:
        return a_stored_show(session, cuts=0)


def admitted(database: Database, show: StoredShow, **fields: Any) -> NewJob:
    order = submission.parse({"project": show.project, "cut": "1/10/10", **fields})
    with database.transaction() as session:
        return submission.admit(session, order)


@pytest.mark.parametrize(
    ("fields", "sentences"),
    [
        ({"prompt": "fireflies"}, ("'toon' knows no prompt", "farm words toon", "lenient: true")),
        ({"negative_prompt": "text"}, ("knows no negative_prompt",)),
        ({"steps": 30, "prompt": "rain"}, ("knows no prompt, steps",)),
        ({"cfg_scale": 3.5}, ("knows no cfg_scale",)),
        ({"model_name": "x"}, ("knows no model_name",)),
        ({"subseed": 0}, ("knows no subseed",)),
        ({"sampler_name": "euler"}, ("knows no sampler_name",)),
        ({"lora_models": ["mio"]}, ("knows no lora_models",)),
        ({"controlnet_models": [{"name": "pose", "model": "x"}]}, ("knows no controlnet_models",)),
        ({"ipadapter_refs": [{"reference_image_path": "a.png"}]}, ("knows no ipadapter_refs",)),
        ({"location": "moon base"}, ("location 'moon base'; the nearest it knows is", "farm words toon")),
        ({"time_of_day": "the ides of march"}, ("time_of_day 'the ides of march'",)),
        ({"mood": "zorp", "location": "moon base"}, ("location 'moon base'", "Nor would be drawn: mood: zorp")),
        ({"prompt": "x", "mood": "zorp"}, ("knows no prompt", "Nor would be drawn: mood: zorp")),
        ({"camera_angle": "dutch"}, ("camera_angle 'dutch'",)),
        ({"job_type": "full_video", "camera_move": "barrel roll"}, ("camera_move 'barrel roll'",)),
        ({"camera_move": "pan left"}, ("would ignore the camera_move 'pan left'",)),
        ({"action": "waves"}, ("it is a movement, and this is a still", "pose: waving")),
        ({"dialogue": "Hello."}, ("no lips move in a still",)),
        ({"job_type": "animation_loop", "action": "does a backflip"}, ("action 'does a backflip'",)),
        ({"job_type": "character_sheet", "mood": "tense"}, ("a character sheet shows no scene",)),
        (
            {"job_type": "character_sheet", "attributes": {"mio": {"expression": "sad"}}},
            ("attributes.expression 'sad'",),
        ),
        (
            {"job_type": "character_sheet", "cut": None, "characters": ["mio", "ren"]},
            ("the characters 'ren': a character sheet shows one character",),
        ),
        ({"variations": {"mio": ["in words"]}}, ("the variations 'in words': it sets no attribute",)),
        (
            {"job_type": "character_sheet", "variations": {"mio": ["grinning"]}},
            ("attributes.expression 'laughing'",),
        ),
    ],
)
def test_what_an_order_says_without_effect_is_refused_by_name(
    database: Database, show: StoredShow, fields: dict[str, Any], sentences: tuple[str, ...]
) -> None:
    with pytest.raises(OrderRefused) as refusal:
        admitted(database, show, **fields)

    assert all(sentence in str(refusal.value) for sentence in sentences), str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"location": "the temple", "time_of_day": "midnight", "mood": "wistful"},
        {"steps": 20, "cfg_scale": 7.0, "motion_strength": 1.0},
        {"prompt": "", "negative_prompt": "", "model_name": "", "subseed": None},
        {"job_type": "full_video", "action": "Mio waves and nods", "camera_move": "slow push in"},
        {"renderer": "null", "prompt": "anything", "location": "moon base", "steps": 30},
        {"cut": None, "characters": ["mio"]},
        {"cut": None, "location": "beach"},
        {"job_type": "character_sheet", "variations": {"mio": ["festival"]}},
        {"variations": {"mio": ["grinning"]}},
        {"job_type": "character_sheet", "cut": None, "characters": ["mio"]},
    ],
)
def test_what_is_drawn_and_what_nobody_said_is_accepted(
    database: Database, show: StoredShow, fields: dict[str, Any]
) -> None:
    assert admitted(database, show, **fields).not_drawn == ()


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt": "fireflies", "steps": 30, "location": "moon base"},
        {"prompt": "fireflies", "steps": 30, "location": "moon base", "idempotency_key": "lenient once"},
    ],
)
def test_what_a_lenient_order_says_without_effect_is_listed_wherever_it_goes(
    database: Database, show: StoredShow, fields: dict[str, Any]
) -> None:
    order = submission.parse({"project": show.project, "cut": "1/10/10", "lenient": True, **fields})
    with database.transaction() as session:
        (answer,) = submission.submit(session, [order])
    listed = ("prompt", "steps", "location: moon base")

    assert answer.not_drawn == listed
    with database.transaction() as session:
        assert catalogue.job_detail(session, answer.job_id).not_drawn == listed
        if order.idempotency_key:
            assert submission.submit(session, [order])[0].not_drawn == listed


def test_an_order_sent_again_without_leniency_is_another_order(database: Database, show: StoredShow) -> None:
    lenient = submission.parse(
        {"project": show.project, "cut": "1/10/10", "mood": "zorp", "lenient": True, "idempotency_key": "zorp"}
    )
    with database.transaction() as session:
        submission.submit(session, [lenient])

    with pytest.raises(Conflict), database.transaction() as session:
        submission.submit(session, [lenient.model_copy(update={"lenient": None})])


def test_a_lenient_show_accepts_and_an_order_may_be_strict_in_it(database: Database) -> None:
    with database.transaction() as session:
        show = a_stored_show(session, defaults={"lenient": True})

    assert admitted(database, show, prompt="rain").not_drawn == ("prompt",)
    with pytest.raises(OrderRefused, match="knows no prompt"):
        admitted(database, show, prompt="rain", lenient=False)


def test_a_retake_of_a_lenient_order_lists_the_same(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        (job_id,) = ordered(session, show, mood="zorp", lenient=True)
        finish(session, job_id)
        again = submission.retake(session, job_id, reason="once more", requested_by="Ada")

    assert again.not_drawn == ("mood: zorp",)


def test_what_the_show_says_is_listed_and_never_refused_with_an_order(database: Database) -> None:
    episodes = [
        {
            "number": 1,
            "scenes": [
                {
                    "number": 10,
                    "location": "moon base",
                    "style_overrides": {"color_palette": {"lantern": "#ffffff"}, "art_style": "ink"},
                    "cuts": [
                        {"number": 10, "characters": ["mio"], "camera_move": "whip", "action_notes": "waves"}
                    ],
                }
            ],
        }
    ]
    with database.transaction() as session:
        show = a_stored_show(session, episodes=episodes)

    assert set(show.not_drawn) == {
        *("location: moon base", "camera_move: whip", "color_palette.lantern", "style_overrides.art_style"),
    }
    assert set(admitted(database, show).not_drawn) == set(show.not_drawn)
    assert "location: moon base" not in admitted(database, show, location="beach").not_drawn


@pytest.mark.parametrize(
    ("renderer", "fields"),
    [
        ("toon", {}),
        ("toon", {"mood": "tense"}),
        ("toon", {"time_of_day": "night"}),
        ("toon", {"lenient": True}),
        ("comfyui", {}),
        ("comfyui", {"lenient": True, "steps": 30}),
    ],
)
def test_an_order_that_shows_nobody_and_nothing_is_refused(
    database: Database, show: StoredShow, renderer: str, fields: dict[str, Any]
) -> None:
    with pytest.raises(OrderRefused, match=r"shows nobody and nothing\. Name a cut"):
        admitted(database, show, cut=None, renderer=renderer, **fields)


def test_a_cut_without_anybody_and_without_a_place_is_refused(database: Database) -> None:
    empty = [{"number": 1, "scenes": [{"number": 10, "cuts": [{"number": 10, "description": "Silence"}]}]}]
    with database.transaction() as session:
        show = a_stored_show(session, episodes=empty)

    with pytest.raises(OrderRefused, match="shows nobody and nothing"):
        admitted(database, show)
    assert admitted(database, show, location="street").not_drawn == ()


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt": "a cat in the rain"},
        {"prompt": "a cat", "negative_prompt": "text", "steps": 30, "width": 640, "height": 640},
    ],
)
@pytest.mark.parametrize("with_cuts", [True, False])
def test_a_prompt_alone_is_scratch_that_no_gate_counts(
    database: Database, show: StoredShow, bare_show: StoredShow, fields: dict[str, Any], with_cuts: bool
) -> None:
    where = show if with_cuts else bare_show

    def counted(session: Session) -> list[UnitStanding]:
        return [
            unit
            for unit in catalogue.standings(session, where.project_id, Phase.STILL)
            if unit.left_out is None
        ]

    with database.transaction() as session:
        before = counted(session)
        (answer,) = submission.submit(session, [submission.parse({"project": where.project, **fields})])
        after = counted(session)

    assert "prompt" in answer.not_drawn
    assert before == after
    assert admitted(database, where, cut=None, **fields).is_scratch


def test_an_order_of_its_own_still_counts_in_a_show_without_cuts(
    database: Database, bare_show: StoredShow
) -> None:
    with database.transaction() as session:
        (job,) = submission.submit(
            session, [submission.parse({"project": bare_show.project, "characters": ["mio"]})]
        )
        standings = catalogue.standings(session, bare_show.project_id, Phase.STILL)

    assert [unit.left_out for unit in standings if unit.kind == "order"] == [None], job


def test_a_prompt_with_words_nobody_draws_is_no_prompt_alone(database: Database, show: StoredShow) -> None:
    with pytest.raises(OrderRefused, match="mood 'zorp'"):
        admitted(database, show, cut=None, prompt="a cat", mood="zorp")


def test_the_same_question_is_answered_once_for_thousands(database: Database, show: StoredShow) -> None:
    toon.unseen.cache_clear()
    toon.unknown.cache_clear()
    with database.transaction() as session:
        ordered(session, show, count=200, mood="tense", time_of_day="night")

    assert toon.unseen.cache_info().misses == 2
