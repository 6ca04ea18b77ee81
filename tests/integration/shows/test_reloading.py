"""A file that is loaded again is one of two hands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from farm.shows.form import Show
from models.errors import Stale, UnknownName

if TYPE_CHECKING:
    from farm.client import Farm
    from models.shows import StoredShow


CUT = "ep001/sc010/c0010"


def test_a_file_that_is_loaded_is_a_hand_too(farm: Farm, agent: Farm, show: StoredShow) -> None:
    read, cut = farm.show(show.project), farm.cut(CUT, project=show.project)
    content: dict[str, Any] = read.content.model_dump(mode="json")
    content["episodes"][0]["scenes"][0]["cuts"][0]["dialogue"] = "From the file"
    content["characters"].append({"slug": "kazu", "name": "Kazu"})
    agent.load_show(Show.model_validate(content), if_match=read.etag)

    with pytest.raises(Stale, match=r": dialogue, by agent:nightly"):
        farm.edit_cut(CUT, {"dialogue": "Hm."}, project=show.project, if_match=cut.etag)
    with pytest.raises(Stale) as refused:
        farm.load_show(read.content, if_match=read.etag)

    assert refused.value.changed == (
        f"character kazu of {show.project} (added)",
        f"cut {CUT} of {show.project} (dialogue)",
    )


def test_a_file_is_not_loaded_over_what_an_agent_edited(farm: Farm, agent: Farm, show: StoredShow) -> None:
    read = farm.show(show.project)
    agent.edit_cut(CUT, {"dialogue": "Bye."}, project=show.project)
    agent.remove_cut("1/10/30", project=show.project)

    with pytest.raises(
        Stale, match=rf"cut {CUT} of {show.project} \(dialogue\), .*c0030 .*\(removed\), by agent"
    ):
        farm.load_show(read.content, if_match=read.etag)
    elsewhere = read.content.project.model_copy(update={"slug": "not-there"})
    with pytest.raises(UnknownName):
        farm.load_show(read.content.model_copy(update={"project": elsewhere}), if_match=read.etag)
    farm.load_show(read.content)
    assert farm.cut(CUT, project=show.project).content.dialogue == "Hello."
