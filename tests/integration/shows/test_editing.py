"""Shows edited part by part: by the rules of a file, noted, and with the consequences that loading has."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from db import catalogue
from farm.shows.form import CutPart, Show
from models.errors import BadInput, Conflict, UnknownName
from models.vocabulary import Phase
from tests.support.factories import SHOW, each_cut, judged, ordered, whole
from tests.support.queue_jobs import execute
from workers.scoring.profiles import EMBEDDED

if TYPE_CHECKING:
    from collections.abc import Callable

    from db.engine import Database
    from farm.client import Farm
    from models.shows import StoredShow

CUT = "ep001/sc010/c0010"


def loaded(farm: Farm, slug: str, change: Callable[[dict[str, Any]], None] = lambda show: None) -> str:
    """The factory's show under a slug of its own, loaded with a change of its file."""
    content: dict[str, Any] = copy.deepcopy(SHOW)
    content["project"]["slug"] = slug
    change(content)
    return farm.load_show(Show.model_validate(content)).project


def content_of(farm: Farm, slug: str) -> dict[str, Any]:
    """All that a show says, but for its slug."""
    content = farm.show(slug).content.model_dump(mode="json")
    del content["project"]["slug"]
    return content


def test_what_is_edited_by_verbs_is_what_an_edited_file_loads(farm: Farm) -> None:
    slug = loaded(farm, "by-verbs")
    farm.edit_cut(CUT, {"dialogue": "Good evening.", "characters": ["mio", "ren"]}, project=slug)
    farm.create_cut("1/10", {"number": 40, "characters": ["ren"]}, project=slug)
    farm.edit_scene("1/10", {"mood": "cheerful", "characters": [{"character": "ren"}]}, project=slug)
    farm.create_episode(slug, {"number": 2, "title": "Two"})
    farm.create_scene("ep002", {"number": 10, "location": "park"}, project=slug)
    farm.edit_character("ren", {"base_prompt": "Ren, a boy"}, project=slug)
    farm.add_attribute("ren", {"type": "hair", "value": "short hair"}, project=slug)
    farm.edit_attribute("mio", "hair_color", {"value": "silver"}, project=slug)
    farm.add_variation("ren", {"name": "happy", "type": "expression", "append": "smiling"}, project=slug)
    farm.create_character(slug, {"slug": "kazu", "name": "Kazu", "attributes": {"hair": "orange"}})
    farm.edit_story_bible(slug, {"art_style": "ink"})
    farm.edit_project(slug, {"name": "Paper Moons"})

    def edit(show: dict[str, Any]) -> None:
        show["project"]["name"] = "Paper Moons"
        show["story_bible"]["art_style"] = "ink"
        mio, ren = show["characters"]
        mio["attributes"] |= {"hair_color": "silver"}
        ren |= {"base_prompt": "Ren, a boy", "attributes": {"hair_color": "black", "hair_style": "short"}}
        ren["variations"] = [{"name": "happy", "type": "expression", "append": ["smiling"]}]
        show["characters"].append({"slug": "kazu", "name": "Kazu", "attributes": {"hair": "orange"}})
        (scene,) = show["episodes"][0]["scenes"]
        scene |= {"mood": "cheerful", "characters": [{"character": "ren"}]}
        scene["cuts"][0] |= {"dialogue": "Good evening.", "characters": ["mio", "ren"]}
        scene["cuts"].append({"number": 40, "characters": ["ren"]})
        show["episodes"].append({"number": 2, "title": "Two", "scenes": [{"number": 10, "location": "park"}]})

    loaded(farm, "by-file", edit)
    assert content_of(farm, "by-verbs") == content_of(farm, "by-file")


def test_an_edit_is_refused_by_the_sentences_that_refuse_a_file(farm: Farm, show: StoredShow) -> None:
    with pytest.raises(BadInput, match=r"no field 'dialog'.*Did you mean 'dialogue'"):
        farm.edit_cut(CUT, {"dialog": "Hello"}, project=show.project)
    with pytest.raises(BadInput, match=r"no character 'moi'.*Did you mean 'mio'"):
        farm.edit_cut(CUT, {"characters": ["moi"]}, project=show.project)
    with pytest.raises(BadInput, match=r"no variation of mio 'festivl'"):
        farm.edit_cut(CUT, {"variations": {"mio": ["festivl"]}}, project=show.project)
    with pytest.raises(BadInput, match=r"farm words toon"):
        farm.edit_cut(CUT, {"camera_angle": "periscope"}, project=show.project)
    with pytest.raises(BadInput, match=r"cannot draw hair_color 'pnik'.*pink"):
        farm.edit_attribute("mio", "hair_color", {"value": "pnik"}, project=show.project)

    assert farm.audit(project=show.project).items == ()


def test_all_mistakes_of_an_edit_are_named_at_once_by_field(farm: Farm, show: StoredShow) -> None:
    with pytest.raises(BadInput, match=r"has 2 mistakes") as refused:
        farm.edit_cut(CUT, {"duration_frames": -3, "camra_angle": "close_up"}, project=show.project)

    assert [fault.where for fault in refused.value.faults] == [("duration_frames",), ("camra_angle",)]


def test_words_that_are_not_drawn_are_accepted_where_that_is_asked_for_and_listed(
    farm: Farm, show: StoredShow
) -> None:
    cut = farm.edit_cut(CUT, {"camera_angle": "periscope"}, project=show.project, lenient=True)
    assert cut.not_drawn == ("camera_angle: periscope",)

    # What was accepted once is in nobody's way later, and is listed again.
    again = farm.edit_cut(CUT, {"dialogue": "Hm."}, project=show.project)
    assert again.not_drawn == ("camera_angle: periscope",)


def test_a_part_is_known_by_its_name_in_a_show_and_by_its_id_without(farm: Farm, show: StoredShow) -> None:
    cut = farm.cut("1/10/10", project=show.project)

    assert cut == farm.cut(CUT, project=show.project_id) == farm.cut(cut.id) == farm.cut(str(cut.id))
    assert farm.scene(farm.scene("1/10", project=show.project).id).known_as == "ep001/sc010"
    assert farm.episode(farm.episode("ep001", project=show.project).id).content.number == 1
    assert farm.character(show.characters["mio"]).content.name == "Mio"
    with pytest.raises(UnknownName, match=r"Did you mean 'mio'"):
        farm.character("moi", project=show.project)
    with pytest.raises(UnknownName, match=r"no episode in"):
        farm.episode("7", project=show.project)
    with pytest.raises(BadInput, match=r"more than one show"):
        farm.cut(CUT)
    with pytest.raises(UnknownName, match=r"There is no cut"):
        farm.cut(show.project_id)


def test_a_field_is_emptied_by_none_and_a_part_in_full_replaces_all_of_it(farm: Farm, show: StoredShow) -> None:
    assert farm.edit_cut(CUT, {"dialogue": None}, project=show.project).content.dialogue is None

    cut = farm.edit_cut(CUT, CutPart(number=10, description="A lantern"), project=show.project)

    assert cut.content == CutPart(number=10, description="A lantern")


def test_by_what_a_part_is_found_again_stays(farm: Farm, show: StoredShow) -> None:
    with pytest.raises(BadInput, match=r"number is how it is found again"):
        farm.edit_cut(CUT, {"number": 11}, project=show.project)
    with pytest.raises(BadInput, match=r"slug is how it is found again"):
        farm.edit_project(show.project, {"slug": "another"})
    with pytest.raises(Conflict, match=r"already"):
        farm.create_cut("1/10", {"number": 10}, project=show.project)
    with pytest.raises(Conflict, match=r"already"):
        farm.create_character(show.project, {"slug": "mio", "name": "Mio"})


def test_each_change_is_noted_with_the_fields_that_differ(farm: Farm, show: StoredShow) -> None:
    farm.edit_cut(CUT, {"dialogue": "Bye.", "duration_frames": 144}, project=show.project, why="shorter")
    farm.edit_cut(CUT, {"dialogue": "Bye."}, project=show.project)
    farm.edit_attribute("mio", "hair_color", {"value": "blue"}, project=show.project)
    farm.remove_cut("1/10/30", project=show.project)

    removed, attribute, cut = farm.audit(project=show.project).items
    assert (cut.action, cut.subject) == ("cut.edit", f"cut {CUT} of {show.project}")
    assert (cut.before, cut.after) == ({"dialogue": "Hello."}, {"dialogue": "Bye."})
    assert (cut.why, str(cut.by)) == ("shorter", "Ada")
    assert (attribute.action, attribute.subject) == ("attribute.edit", f"character mio of {show.project}")
    assert list(attribute.after or ()) == ["attributes.hair_color"]
    assert (removed.action, removed.after) == ("cut.remove", None)


def test_what_a_cut_relies_on_is_not_taken_from_it(farm: Farm, show: StoredShow) -> None:
    with pytest.raises(Conflict, match=rf"cut {CUT}: There is no variation of mio 'festival'"):
        farm.remove_variation("mio", "festival", project=show.project)
    with pytest.raises(Conflict, match=r"scene ep001/sc010: There is no character 'ren'"):
        farm.remove_character("ren", project=show.project)

    farm.remove_variation("mio", "grinning", project=show.project)
    assert [each.known_as for each in farm.variations("mio", project=show.project)] == ["festival", "in words"]


def test_a_show_is_built_up_from_nothing_and_taken_down_again(farm: Farm) -> None:
    farm.create_project({"slug": "new", "name": "New"})
    with pytest.raises(UnknownName, match=r"no story bible yet"):
        farm.story_bible("new")
    assert farm.create_story_bible("new", {"art_style": "cel"}).version == "1.0.0"
    with pytest.raises(Conflict):
        farm.create_story_bible("new", {})
    assert farm.edit_story_bible("new", {"art_style": "ink"}).version == "1.1.0"
    assert farm.edit_story_bible("new", {"art_style": "ink"}).version == "1.1.0"
    farm.create_character("new", {"slug": "mio", "name": "Mio"})
    farm.create_episode("new", {"number": 1})
    farm.create_scene("1", {"number": 10, "characters": [{"character": "mio"}]}, project="new")
    farm.create_cut("1/10", {"number": 10, "characters": ["mio"]}, project="new")
    assert [each.character for each in farm.scene_characters("1/10", project="new")] == ["mio"]

    farm.remove_episode("1", project="new")
    farm.remove_character("mio", project="new")
    farm.remove_project("new")

    actions = [entry.action for entry in farm.audit(project="new").items]
    assert actions[:5] == ["project.remove", "character.remove", "cut.remove", "scene.remove", "episode.remove"]
    with pytest.raises(UnknownName):
        farm.project("new")


def test_what_takes_hang_on_is_omitted_not_removed(farm: Farm, database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        (job,) = ordered(session, show)
        ordered(session, show, cut=None, job_type="character_sheet", characters=["ren"])

    for remove, name in ((farm.remove_cut, CUT), (farm.remove_scene, "1/10"), (farm.remove_episode, "1")):
        with pytest.raises(Conflict, match=r"1 jobs hang on it\. Omit"):
            remove(name, project=show.project)
    farm.edit_scene("1/10", {"characters": []}, project=show.project)
    for cut in ("1/10/20", "1/10/30"):
        farm.remove_cut(cut, project=show.project)
    with pytest.raises(Conflict, match=r"character ren of .* has takes"):
        farm.remove_character("ren", project=show.project)
    with pytest.raises(Conflict, match=r"not over"):
        farm.remove_project(show.project, with_jobs=True)
    assert farm.job(job).row.cut == CUT


def test_a_cut_that_is_omitted_leaves_the_count_and_may_open_the_door(
    farm: Farm, database: Database, show: StoredShow
) -> None:
    good = whole(EMBEDDED, Phase.STILL)
    with database.transaction() as session:
        first, second, third = each_cut(session, show, 3, max_retakes=0)
        judged(session, first, *good)
        judged(session, second, *good)
        judged(session, third, *whole(EMBEDDED, Phase.STILL, identity=0.1))

    with farm.as_one(keep=False) as rehearsal:
        rehearsal.edit_cut("1/10/30", {"omit": True}, project=show.project)
    with database.transaction() as session:
        assert not catalogue.is_open(session, show.project_id, Phase.LOOP)

    farm.edit_cut("1/10/30", {"omit": True}, project=show.project)

    assert farm.gate(show.project, Phase.STILL).omitted == ("ep001/sc010/c0030",)
    with database.transaction() as session:
        assert catalogue.is_open(session, show.project_id, Phase.LOOP)


def test_an_order_keeps_what_it_was_ordered_with(farm: Farm, database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        (job,) = ordered(session, show)
    before = farm.job(job).recipe

    farm.edit_attribute("mio", "hair_color", {"value": "blue"}, project=show.project)
    farm.edit_cut(CUT, {"dialogue": "Other words"}, project=show.project)

    assert farm.job(job).recipe == before


def test_what_another_version_stored_is_refused_in_a_sentence(
    farm: Farm, database: Database, show: StoredShow
) -> None:
    execute(database, "UPDATE cuts SET duration_frames = 0 WHERE id = :cut", cut=show.cuts[CUT])

    with pytest.raises(Conflict, match=rf"stored of {CUT} .* 'duration_frames' cannot be used"):
        farm.cut(CUT, project=show.project)
