"""A stored show written as its file, and that file loaded again: nothing is lost, and nothing changes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db import catalogue
from farm.shows import loading
from farm.shows.exporting import yaml_of
from farm.shows.form import Show
from models.actors import SHOW
from models.errors import UnknownName
from models.shows import NewReference
from tests.support import ROOT
from tests.support.factories import a_stored_show
from workers.renderers.toon.attributes import VOCABULARY

if TYPE_CHECKING:
    from pathlib import Path

    from db.engine import Database
    from farm.client import Farm
    from models.shows import StoredShow

LANTERN_STREET = ROOT / "examples" / "lantern_street" / "show.yaml"


def again(farm: Farm, folder: Path, project: str) -> Path:
    """The show's file, written to a folder."""
    file = folder / "again.yaml"
    file.write_text(yaml_of(farm.show(project).content), encoding="utf-8")
    return file


def in_one_order(show: Show) -> list[dict[str, Any]]:
    """The episodes, those who are in a scene by their names: in which order they are listed is not kept."""
    episodes = [each.model_dump() for each in show.episodes]
    for episode in episodes:
        for scene in episode["scenes"]:
            scene["characters"] = sorted(scene["characters"], key=lambda each: str(each["character"]))
    return episodes


def test_the_example_is_written_as_it_was_loaded(farm: Farm, tmp_path: Path) -> None:
    original = loading.load(LANTERN_STREET)
    slug = farm.load_show(original).project
    before = farm.show(slug)

    written = loading.load(again(farm, tmp_path, slug))
    farm.load_show(written)

    assert farm.show(slug) == before
    assert in_one_order(written) == in_one_order(original)
    assert written.project == original.project
    assert written.story_bible == original.story_bible
    assert farm.audit(project=slug).items[0].after == {
        "story_bible_version": "1.0.0",
        "cuts": 12,
        "parts": {},
    }
    assert "hair_style:\n      value: twintails\n      priority: 29" in yaml_of(before.content)
    assert "eye_shape: round" in yaml_of(before.content)


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=12)
SAID = TEXTS.map(str.strip).filter(bool)
SLUGS = st.sampled_from(["mio", "ren", "kazu", "null", "1e3"])


@st.composite
def shows(draw: st.DrawFn) -> Show:
    """A lenient show of few parts that say anything."""
    slugs = draw(st.lists(SLUGS, min_size=1, max_size=3, unique=True))
    kinds = st.sampled_from(sorted(VOCABULARY))
    attribute = kinds.flatmap(lambda kind: st.tuples(st.just(kind), st.sampled_from(sorted(VOCABULARY[kind]))))
    part = st.fixed_dictionaries({"priority": st.integers(-5, 5), "tokens": st.lists(SAID, max_size=2)})

    def character(slug: str) -> dict[str, Any]:
        traits = dict(draw(st.lists(attribute, max_size=3)))
        return {
            "slug": slug,
            "name": draw(SAID),
            "attributes": {kind: {"value": value, **draw(part)} for kind, value in traits.items()},
            "variations": [{"name": name, "type": "pose"} for name in draw(st.sets(SAID, max_size=2))],
            "color_palette": draw(st.dictionaries(SAID, SAID, max_size=2)),
        }

    cast = [character(slug) for slug in slugs]
    worn = {who["slug"]: [each["name"] for each in who["variations"]] for who in cast}
    cuts = [
        {"number": number, "characters": slugs, "variations": worn, "dialogue": draw(SAID)}
        for number in sorted(draw(st.sets(st.integers(0, 99), max_size=2)))
    ]
    free = st.dictionaries(SAID, st.integers(0, 9) | SAID | st.lists(SAID, max_size=2), max_size=2)
    scene = {"number": 1, "cuts": cuts, "style_overrides": draw(free), "mood": draw(SAID)}
    return Show.model_validate(
        {
            "project": {"slug": "any", "name": "Any", "defaults": {"lenient": True, "fps": "23.976"}},
            "story_bible": {"global_seed": 2**64 - 1, "mood_keywords": draw(st.lists(SAID, max_size=2))},
            "characters": cast,
            "episodes": [{"number": 1, "title": draw(SAID), "scenes": [scene]}],
        }
    )


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(show=shows())
def test_any_show_is_read_back_as_it_was_stored(farm: Farm, tmp_path: Path, show: Show) -> None:
    with farm.as_one(keep=False) as tried:
        tried.load_show(show)
        before = tried.show("any")

        tried.load_show(loading.load(again(tried, tmp_path, "any")))

        assert tried.show("any") == before
        assert before.content.episodes == show.episodes
        assert tried.audit(project="any").items[0].after["parts"] == {}  # type: ignore[index]


def test_what_was_calibrated_and_chosen_here_stays_and_is_not_in_the_file(
    farm: Farm, database: Database, show: StoredShow, tmp_path: Path
) -> None:
    with database.transaction() as session:
        catalogue.keep_profile(session, show.project_id, "ours", {"calibration": {"by": "Ada"}})
        catalogue.choose_profile(session, show.project_id, "ours", by="Ada")

    file = again(farm, tmp_path, show.project)
    assert "ours" not in file.read_text()
    farm.edit_project(show.project, {"description": "A moon of paper"})

    with database.transaction() as session:
        defaults = catalogue.project(session, show.project).defaults
    assert (defaults.profile, list(defaults.profiles)) == ("ours", ["ours"])


def test_the_pictures_that_a_file_named_are_named_again(farm: Farm, show: StoredShow) -> None:
    picture = f"references/{show.project}/mio/0123.png"
    kept = NewReference(
        character="mio",
        network="toon-id",
        network_sha256="0" * 64,
        image_paths=(picture,),
        approved_by=SHOW,
        baseline=0.9,
        embedding=b"1234",
    )
    farm.store_reference(show.project, kept)
    farm.store_reference(show.project, replace(kept, character="ren", approved_by="Ada"))  # type: ignore[arg-type]

    mio, ren = farm.show(show.project).content.characters

    (path,) = mio.references
    assert path.endswith(picture)
    assert any((root / path) == farm.store.path(picture) for root in farm.settings.roots)
    assert ren.references == ()


def test_a_long_show_is_read_by_as_many_statements_as_a_short_one(
    farm: Farm, database: Database, statements: list[str]
) -> None:
    with database.transaction() as session:
        small, large = a_stored_show(session), a_stored_show(session, 40)

    counts = []
    for show in (small, large):
        statements.clear()
        farm.show(show.project)
        counts.append(len(statements))

    assert counts[0] == counts[1] <= 12


@pytest.mark.parametrize("project", ["nowhere", "00000000-0000-0000-0000-000000000000"])
def test_a_show_that_is_not_there_is_not_written(farm: Farm, project: str) -> None:
    with pytest.raises(UnknownName):
        farm.show(project)
