"""An edit is weighed by what it makes wrong, not by what was wrong before."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from farm.shows.form import CutPart, Show
from farm.shows.weighing import Edit, filled_in, weigh, weigh_removal
from models.errors import BadInput, Conflict
from tests.support.factories import SHOW

CUT = ("episodes", 0, "scenes", 0, "cuts", 0)


def edit(where: tuple[str | int, ...], before: dict[str, Any], **after: Any) -> Edit:
    """The factory's show with a part that says `before`, and then `after` as well."""
    shows = []
    for fields in (before, {**before, **after}):
        content: Any = copy.deepcopy(SHOW)
        part = content
        for step in where:
            part = part[step]
        part.update(fields)
        shows.append(Show.model_validate(content))
    return Edit(what="part", before=shows[0], after=shows[1], where=where)


def test_a_word_that_was_there_before_is_nobodys_fault_now() -> None:
    assert weigh(edit(CUT, {"camera_angle": "periscope"}, dialogue="Hm."), lenient=False) == (
        "camera_angle: periscope",
    )
    with pytest.raises(BadInput, match="camera_angle"):
        weigh(edit(CUT, {}, camera_angle="periscope"), lenient=False)
    assert weigh(edit(CUT, {}, camera_angle="periscope"), lenient=True) == ("camera_angle: periscope",)


def test_what_is_wrong_in_the_part_is_named_by_its_field() -> None:
    with pytest.raises(BadInput) as refused:
        weigh(edit(CUT, {}, characters=["moi"], variations={}), lenient=False)

    (fault,) = refused.value.faults
    assert (fault.where, fault.hint) == (("characters", 0), "Did you mean 'mio'?")


def test_what_is_wrong_elsewhere_for_it_is_a_conflict_that_names_the_place() -> None:
    with pytest.raises(Conflict, match="cut ep001/sc010/c0010: There is no variation of mio 'festival'"):
        weigh(edit(("characters", 0), {}, variations=[]), lenient=False)


def test_somebody_is_taken_away_where_nothing_shows_them() -> None:
    content: Any = copy.deepcopy(SHOW)
    content["characters"].insert(0, {"slug": "kazu", "name": "Kazu"})
    before = Show.model_validate(content)
    removal = Edit(what="kazu", before=before, after=Show.model_validate(SHOW), where=("characters", 0))
    weigh_removal(removal)

    lonely = Show.model_validate({**SHOW, "characters": SHOW["characters"][:1]})  # type: ignore[index]
    with pytest.raises(Conflict, match="scene ep001/sc010: There is no character 'ren'"):
        weigh_removal(Edit(what="ren", before=Show.model_validate(SHOW), after=lonely, where=("characters", 1)))


def test_a_form_names_all_that_it_objects_to() -> None:
    with pytest.raises(BadInput, match="cut has 2 mistakes") as refused:
        filled_in(CutPart, {"number": 1, "duration_frames": True, "dialog": "Hm."}, "cut")

    assert str(refused.value).count("\n") == 2
