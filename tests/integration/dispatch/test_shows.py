"""Echo composes scenes, finds a character's look, and updates the story."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from farm.client import Farm
from models.errors import Conflict, FarmError, OrderRefused, UnknownName
from tests.support.queue_jobs import execute

if TYPE_CHECKING:
    from collections.abc import Callable

    from db.engine import Database
    from models.dispatch import TaskView
    from models.shows import StoredShow


@pytest.fixture
def send(home: Farm, database: Database, show: StoredShow) -> Callable[..., TaskView]:
    """A task of this id and type about the show."""
    execute(database, "DELETE FROM dispatched_tasks")

    def once(task_id: str, task_type: str, **payload: Any) -> TaskView:
        return home.dispatch(task_id, task_type, project_id=show.project, payload=payload)

    return once


def test_a_composition_becomes_the_next_cut_of_its_scene(
    home: Farm, show: StoredShow, send: Callable[..., TaskView]
) -> None:
    view = send(
        "a",
        "compose_scene",
        scene="1/10",
        scene_description="They meet again.",
        character_ids=["ren"],
        positions={"ren": "right"},
        mood="tense",
        lighting="one lantern",
        camera_angle="close-up",
        lenient=True,
    )

    assert (view.status, view.job_id) == ("completed", None)
    assert view.result is not None
    assert view.result["cut"] == "ep001/sc010/c0040"
    assert view.result["not_drawn"] == ["style_overrides.lighting"]
    cut = home.cut("1/10/40", project=show.project).content
    assert (cut.characters, cut.camera_angle, cut.description) == (("ren",), "close-up", "They meet again.")
    scene = home.scene("1/10", project=show.project).content
    assert (scene.mood, scene.location) == ("tense", "street")
    assert scene.style_overrides == {"lighting": "one lantern"}
    assert {each.character: each.position for each in scene.characters} == {"mio": "left", "ren": "right"}


def test_a_cut_is_composed_anew_and_a_new_scene_comes_last(
    home: Farm, show: StoredShow, send: Callable[..., TaskView]
) -> None:
    again = send("a", "scene_composition", cut="1/10/10", camera_angle="wide")
    new = send("b", "scene_composition", location="park", character_ids=["mio"])

    assert again.result is not None
    assert new.result is not None
    assert home.cut(again.result["cut"], project=show.project).content.camera_angle == "wide"
    assert new.result["cut"] == "ep001/sc020/c0010"
    assert home.audit(subject=f"cut ep001/sc020/c0010 of {show.project}").items != ()


def test_a_composition_that_cannot_be_leaves_the_show_as_it_was(
    home: Farm, show: StoredShow, send: Callable[..., TaskView]
) -> None:
    before = home.scene("1/10", project=show.project)

    with pytest.raises(FarmError):
        send("a", "scene_composition", scene="1/10", mood="calm", character_ids=["nobody"])
    with pytest.raises(FarmError):
        send("a", "scene_composition", scene="1/10", mood="calm", duration_frames=0)
    with pytest.raises(FarmError, match="has no place for"):
        send("a", "scene_composition", scene="1/10", mood="calm", lighting="one lantern")

    assert home.scene("1/10", project=show.project) == before


def test_the_story_is_updated_and_its_version_rises(
    home: Farm, show: StoredShow, send: Callable[..., TaskView]
) -> None:
    view = send("a", "story_update", update_type="mood", content={"mood_keywords": ["wistful"]})

    assert view.result is not None
    assert view.result["version"] == "1.1.0"
    assert home.story_bible(show.project).content.mood_keywords == ("wistful",)


def test_a_look_is_proposed_drawn_chosen_and_worn(
    home: Farm, show: StoredShow, send: Callable[..., TaskView]
) -> None:
    begun = send(
        "look",
        "character_design",
        character_name="Sora",
        initial_description="A courier.",
        attributes={"eyes": "blue"},
        variants=[
            {"name": "short", "attributes": {"hair": "short black hair"}},
            {"name": "long", "attributes": {"hair": "long pink hair"}},
        ],
    )
    assert begun.result is not None
    jobs = [home.job(each["job_id"]) for each in begun.result["variants"]]
    assert [job.recipe.characters[0].attributes["hair_color"] for job in jobs] == ["black", "pink"]
    assert {job.row.job_type for job in jobs} == {"character_sheet"}

    send("more", "character_feedback", session_id="look", feedback="Longer, please.")
    chosen = send("pick", "character_design", session_id="look", selected_variant="long")

    assert chosen.result is not None
    assert chosen.result["selected_variant"] == "long"
    assert chosen.result["feedback"] == ["Longer, please."]
    assert home.dispatched_task("look").result == chosen.result
    worn = home.character("sora", project=show.project).content.attributes
    assert {"hair_color", "hair_style"} <= worn.keys()
    with pytest.raises(Conflict, match="'long' was chosen before"):
        send("again", "character_design", session_id="look", selected_variant="short")


def test_a_session_that_says_nothing_is_refused(home: Farm, send: Callable[..., TaskView]) -> None:
    with pytest.raises(OrderRefused, match="neither a character nor a session"):
        send("a", "character_design", feedback="hm")
    with pytest.raises(UnknownName, match="no design session"):
        send("a", "character_design", session_id="gone", feedback="hm")
    with pytest.raises(UnknownName, match="This caller dispatched no task"):
        home.dispatched_task("a")
