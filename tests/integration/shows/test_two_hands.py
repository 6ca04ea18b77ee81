"""Two hands at one show: the second is refused, and learns what changed and who did it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from models.errors import Stale

if TYPE_CHECKING:
    from farm.client import Farm
    from models.shows import StoredShow

CUT = "ep001/sc010/c0010"


def test_the_second_hand_is_refused_and_learns_what_changed_and_who_did_that(
    farm: Farm, agent: Farm, show: StoredShow
) -> None:
    read = farm.cut(CUT, project=show.project)
    agent.edit_cut(CUT, {"dialogue": "Bye.", "action_notes": "Mio nods"}, project=show.project)
    agent.edit_cut("1/10/20", {"dialogue": "Another cut"}, project=show.project)

    with pytest.raises(Stale) as refused:
        farm.edit_cut(CUT, {"dialogue": "Hello!"}, project=show.project, if_match=read.etag)

    sentence = (
        f"The cut {CUT} of {show.project} was changed since it was read: action_notes, dialogue, by agent:"
    )
    assert refused.value.message.startswith(sentence)
    assert "agent:nightly at 20" in refused.value.message
    assert refused.value.changed == ("action_notes", "dialogue")
    assert (refused.value.http_status, refused.value.exit_code) == (412, 3)
    assert farm.cut(CUT, project=show.project).content.dialogue == "Bye."


def test_whoever_edits_what_they_read_is_not_refused(farm: Farm, agent: Farm, show: StoredShow) -> None:
    read = farm.cut(CUT, project=show.project)
    agent.edit_cut("1/10/20", {"dialogue": "Another cut"}, project=show.project)

    edited = farm.edit_cut(CUT, {"dialogue": "Hello!"}, project=show.project, if_match=read.etag)
    again = farm.edit_cut(CUT, {"dialogue": "Hello?"}, project=show.project, if_match=edited.etag)

    assert farm.cut(CUT, project=show.project).etag == again.etag


def test_a_change_that_was_taken_back_is_none(farm: Farm, agent: Farm, show: StoredShow) -> None:
    read = farm.scene("1/10", project=show.project)
    agent.edit_scene("1/10", {"mood": "cheerful"}, project=show.project)
    agent.edit_scene("1/10", {"mood": None}, project=show.project)

    farm.edit_scene("1/10", {"location": "park"}, project=show.project, if_match=read.etag)


def test_one_attribute_is_read_and_edited_beside_another(farm: Farm, agent: Farm, show: StoredShow) -> None:
    hair = next(each for each in farm.attributes("mio", project=show.project) if each.known_as == "hair_color")
    whole = farm.character("mio", project=show.project)
    agent.edit_attribute("mio", "eye_color", {"value": "blue"}, project=show.project)

    edit = {"value": "silver"}
    farm.edit_attribute("mio", "hair_color", edit, project=show.project, if_match=hair.etag)

    with pytest.raises(Stale, match=r"attributes.hair_color, by Ada at"):
        agent.remove_attribute("mio", "hair_color", project=show.project, if_match=hair.etag)
    with pytest.raises(Stale, match=r"attributes.eye_color, attributes.hair_color, by Ada .*, agent:nightly"):
        farm.edit_character("mio", {"name": "Mio!"}, project=show.project, if_match=whole.etag)


def test_a_variation_the_bible_and_the_project_have_tags_too(farm: Farm, show: StoredShow) -> None:
    worn = farm.variations("mio", project=show.project)[0]
    bible, project = farm.story_bible(show.project), farm.project(show.project)
    farm.edit_variation("mio", worn.id, {"append": "at dusk"}, project=show.project, if_match=worn.etag)
    farm.edit_story_bible(show.project, {"line_weight": "thin"}, if_match=bible.etag)
    farm.edit_project(show.project, {"name": "Moon"}, if_match=project.etag)

    with pytest.raises(Stale, match=r"variations.festival"):
        farm.remove_variation("mio", worn.id, project=show.project, if_match=worn.etag)
    with pytest.raises(Stale, match=r"story bible of .*: line_weight"):
        farm.edit_story_bible(show.project, {"art_style": "ink"}, if_match=bible.etag)
    with pytest.raises(Stale, match=r"project .*: name"):
        farm.remove_project(show.project, if_match=project.etag)


def test_what_was_read_too_long_ago_is_refused_without_a_name(farm: Farm, show: StoredShow) -> None:
    with pytest.raises(Stale, match=r"was changed since it was read\. Read it again") as refused:
        farm.edit_cut(CUT, {"dialogue": "Hm."}, project=show.project, if_match="0" * 32)

    assert refused.value.changed == ()


def test_of_two_who_edit_at_the_same_moment_one_is_told(farm: Farm, agent: Farm, show: StoredShow) -> None:
    read = farm.cut(CUT, project=show.project)
    outcomes: list[str] = []
    begun = threading.Barrier(2)

    def edit(hand: Farm, words: str) -> None:
        begun.wait(timeout=20)
        try:
            hand.edit_cut(CUT, {"dialogue": words}, project=show.project, if_match=read.etag)
            outcomes.append(words)
        except Stale:
            outcomes.append("stale")

    hands = [threading.Thread(target=edit, args=each) for each in ((farm, "Ada's"), (agent, "the agent's"))]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join(timeout=20)

    (winner,) = (each for each in outcomes if each != "stale")
    assert sorted(outcomes) == sorted(["stale", winner])
    assert farm.cut(CUT, project=show.project).content.dialogue == winner
