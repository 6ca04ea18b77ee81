"""The project itself: what a change of it means for all of its show, and what goes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from models.errors import BadInput, Conflict, UnknownName
from tests.integration.shows.test_editing import loaded
from tests.support.factories import ordered

if TYPE_CHECKING:
    from db.engine import Database
    from farm.client import Farm
    from models.shows import StoredShow


def test_a_show_that_gets_another_renderer_is_held_to_its_words(farm: Farm) -> None:
    def in_prose(show: dict[str, Any]) -> None:
        show["project"]["defaults"] = {"renderer": "comfyui"}
        show["episodes"][0]["scenes"][0]["location"] = "a moon base"

    slug = loaded(farm, "prose", in_prose)

    with pytest.raises(Conflict, match=r"scene ep001/sc010: .*moon base"):
        farm.edit_project(slug, {"defaults": {"renderer": "toon"}})
    project = farm.edit_project(slug, {"defaults": {"renderer": "toon", "lenient": True}})
    assert project.not_drawn == ("location: a moon base",)


def test_a_show_goes_with_its_jobs_only_where_that_is_said(
    farm: Farm, database: Database, show: StoredShow
) -> None:
    with database.transaction() as session:
        jobs = ordered(session, show)
    farm.cancel(jobs)

    with pytest.raises(Conflict, match=r"with_jobs"):
        farm.remove_project(show.project)
    farm.remove_project(show.project, with_jobs=True)

    with pytest.raises(UnknownName):
        farm.job(jobs[0])


def test_a_slug_and_a_profile_are_looked_up_when_a_project_is_stored(farm: Farm, show: StoredShow) -> None:
    with pytest.raises(Conflict, match=r"already"):
        farm.create_project({"slug": show.project, "name": "Another"})
    with pytest.raises(UnknownName, match=r"profile"):
        farm.edit_project(show.project, {"defaults": {"profile": "nobodys"}})
    with pytest.raises(BadInput, match=r"profile 'ours' cannot be used"):
        farm.edit_project(show.project, {"defaults": {"profiles": {"ours": {"still": 3}}}})
    with pytest.raises(BadInput, match=r"'slug' cannot be used"):
        farm.create_project({"slug": "No Slug", "name": "No"})

    assert farm.project(show.project).content.defaults.profile is None
