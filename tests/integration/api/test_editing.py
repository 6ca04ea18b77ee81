"""Two hands at one show, at home and from far away: whoever comes second is told what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from farm.client.routes import PREFIX
from models.errors import BadInput, Conflict, Stale, UnknownName

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from farm.client import Farm
    from models.shows import StoredShow

CUT = "ep001/sc010/c0010"


def test_a_cut_is_edited_and_the_second_hand_is_told(farm: Farm, show: StoredShow) -> None:
    read = farm.cut(CUT, project=show.project)
    edited = farm.edit_cut(
        CUT, {"dialogue": "Good evening."}, project=show.project, if_match=read.etag, why="the writer"
    )

    assert (edited.content.dialogue, edited.content.number) == ("Good evening.", 10)
    assert edited.etag != read.etag
    with pytest.raises(Stale, match="dialogue"):
        farm.edit_cut(CUT, {"dialogue": "Bye."}, project=show.project, if_match=read.etag)
    assert farm.cut(edited.id) == farm.cut(CUT, project=show.project)
    (entry,) = farm.audit(project=show.project, subject=f"cut {CUT} of {show.project}").items
    assert (entry.action, entry.why) == ("cut.edit", "the writer")
    assert entry.after is not None
    assert entry.after["dialogue"] == "Good evening."


def test_a_character_is_made_dressed_and_removed(farm: Farm, show: StoredShow) -> None:
    made_up = farm.create_character(show.project, {"slug": "yui", "name": "Yui"})
    farm.add_attribute("yui", {"type": "hair", "value": "long blue hair"}, project=show.project)

    assert made_up.known_as == "yui"
    assert "blue hair" in farm.character_prompt("yui", project=show.project).prompt
    assert [each.known_as for each in farm.character_page(show.project).items][-1] == "yui"
    with pytest.raises(Conflict):
        farm.create_character(show.project, {"slug": "yui", "name": "Yui"})
    farm.remove_character("yui", project=show.project)
    with pytest.raises(UnknownName):
        farm.character("yui", project=show.project)


def test_an_edit_is_checked_as_the_file_would_be(farm: Farm, show: StoredShow) -> None:
    with pytest.raises(BadInput, match="dialoge"):
        farm.edit_cut(CUT, {"dialoge": "Bye."}, project=show.project)
    with pytest.raises(BadInput, match="moon base"):
        farm.edit_scene("ep001/sc010", {"location": "moon base"}, project=show.project)
    lenient = farm.edit_scene("ep001/sc010", {"location": "moon base"}, project=show.project, lenient=True)
    assert lenient.not_drawn


def test_an_edit_over_http_says_what_it_was_made_from(http: TestClient, show: StoredShow) -> None:
    path = f"{PREFIX}/cuts/{CUT}?project={show.project}"
    read = http.get(path)
    tag = read.headers["ETag"]

    assert http.get(path, headers={"If-None-Match": tag}).status_code == 304
    missing = http.patch(path, json={"dialogue": "Bye."})
    assert (missing.status_code, missing.json()["kind"]) == (428, "Unconditional")
    edited = http.patch(path, json={"dialogue": "Bye."}, headers={"If-Match": tag})
    assert (edited.status_code, edited.json()["content"]["dialogue"]) == (200, "Bye.")
    assert edited.headers["ETag"] != tag
    late = http.patch(path, json={"dialogue": "Hi."}, headers={"If-Match": tag})
    assert (late.status_code, late.json()["kind"]) == (412, "Stale")
    assert http.patch(path, json={"dialogue": "Hi."}, headers={"If-Match": "*"}).status_code == 200


def test_a_dry_run_edits_nothing(http: TestClient, show: StoredShow) -> None:
    path = f"{PREFIX}/cuts/{CUT}?project={show.project}"
    before = http.get(path).json()

    answer = http.patch(f"{path}&dry_run=true", json={"dialogue": "Bye."}, headers={"If-Match": "*"})

    assert answer.json()["content"]["dialogue"] == "Bye."
    assert http.get(path).json() == before
