"""Weighs an edit by the rules that a whole show's file is loaded by, and says what it would make wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from farm.shows import checking, drawable
from models.errors import BadInput, Conflict, Fault
from models.nearest import listed
from models.shows import cut_path, episode_path, scene_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from farm.shows.checking import Where
    from farm.shows.form import Show

Part = TypeVar("Part", bound=BaseModel)
#: so many consequences elsewhere are listed
_LISTED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """As much of a show as an edit of one part can touch, before and after it."""

    #: how a person calls the part
    what: str
    before: Show | None
    after: Show
    #: where in them the part stands
    where: Where


def filled_in(form: type[Part], given: Mapping[str, Any], what: str) -> Part:
    """A part as its form reads it; raises `BadInput` with all that the form objects to."""
    try:
        return form.model_validate(given)
    except ValidationError as error:
        raise refusal(what, checking.form_faults(error, form)) from error


def weigh(edit: Edit, *, lenient: bool) -> tuple[str, ...]:
    """What the part says and the renderer draws in no take, where that is accepted.

    Only what the edit makes wrong counts: what was accepted once, with `lenient` or by another version, stays.

    Raises:
        BadInput: something in the part is unknown, doubled, or would not be drawn.
        Conflict: something else in the show relies on what the edit takes away.
    """
    known = {(fault.where, fault.sentence) for fault in _faults(edit.before, lenient=lenient)}
    new = [each for each in _faults(edit.after, lenient=lenient) if (each.where, each.sentence) not in known]
    inside = [each for each in new if each.where[: len(edit.where)] == edit.where]
    if inside:
        within = [Fault(each.where[len(edit.where) :], each.sentence, each.hint) for each in inside]
        raise refusal(edit.what, within, _hint(edit.after, within))
    if new:
        raise _consequences(edit, new)
    # What a project says decides how all of the show is drawn.
    about = () if edit.where == ("project",) else edit.where
    places = drawable.undrawn(edit.after)
    return tuple(dict.fromkeys(each.label for where, each in places if where[: len(about)] == about))


def weigh_removal(edit: Edit) -> None:
    """Raises `Conflict` where a scene or a cut relies on a part that `after` lacks."""
    known = {(fault.where, fault.sentence) for fault in _faults(edit.before, lenient=False)}
    # What came behind the part in its list has moved up; scenes and cuts stand where they stood.
    elsewhere = [each for each in _faults(edit.after, lenient=False) if each.where[0] == "episodes"]
    if new := [each for each in elsewhere if (each.where, each.sentence) not in known]:
        raise _consequences(edit, new)


def refusal(what: str, faults: Sequence[Fault], hint: str = "") -> BadInput:
    """All that is wrong with a part, at least one thing, in one refusal."""
    if len(faults) == 1:
        refused = BadInput(f"The {what}: {faults[0].sentence}", hint=faults[0].hint or hint)
    else:
        lines = "\n  ".join(str(each) for each in faults)
        refused = BadInput(f"The {what} has {len(faults)} mistakes:\n  {lines}", hint=hint)
    refused.faults = tuple(faults)
    return refused


def _faults(show: Show | None, *, lenient: bool) -> list[Fault]:
    if show is None:
        return []
    return [*checking.wrong_names(show), *([] if lenient else drawable.faults(show))]


def _hint(show: Show, faults: Sequence[Fault]) -> str:
    undrawn = {each.sentence for _, each in drawable.undrawn(show)}
    return drawable.hint(show) if any(each.sentence in undrawn for each in faults) else ""


def _consequences(edit: Edit, faults: Sequence[Fault]) -> Conflict:
    told_once = dict.fromkeys(f"{_place(edit.after, each.where)}: {each.sentence}" for each in faults)
    lines = [line.rstrip(".") for line in told_once]
    return Conflict(
        f"The {edit.what} is relied on as it is. {listed(lines, _LISTED)}.",
        hint=_hint(edit.after, faults) or "Change those parts first.",
    )


def _place(show: Show, where: Where) -> str:
    """How a person calls the part of a show that stands at `where`."""
    match where:
        case ("episodes", int(number), "scenes", int(scene), "cuts", int(cut), *_):
            episode = show.episodes[number]
            inside = episode.scenes[scene]
            return f"cut {cut_path(episode.number, inside.number, inside.cuts[cut].number)}"
        case ("episodes", int(number), "scenes", int(scene), *_):
            episode = show.episodes[number]
            return f"scene {scene_path(episode.number, episode.scenes[scene].number)}"
        case ("episodes", int(number), *_):
            return f"episode {episode_path(show.episodes[number].number)}"
        case ("characters", int(number), *_):
            return f"character {show.characters[number].slug}"
    return str(where[0]).replace("_", " ")
