"""Looks a whole show over and says all that is wrong with it at once, each with its place."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from farm.judging import profiles
from farm.orders.complaints import form_at, stands_for
from farm.shows.form import AttributePart, CharacterPart, CutPart, ScenePart, Show
from models.errors import Fault, Refused
from models.nearest import did_you_mean, unknown_name
from workers.renderers.toon.attributes import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

#: where in a show something stands: field names and positions
Where = tuple[str | int, ...]


_NOTHING = object()


def renderer_of(show: Show) -> str:
    """Whose words a show is held to: its own renderer's, else the farm's own."""
    return show.project.defaults.renderer or "toon"


def is_drawn(show: Show) -> bool:
    """Whether the farm's own renderer draws it, so that its words are that renderer's."""
    return renderer_of(show) == "toon"


def wrong_names(show: Show) -> list[Fault]:
    """What a form cannot see: names that do not exist, and numbers that stand twice."""
    return _Check(show).run()


def complaints(content: Any, error: ValidationError) -> list[Fault]:
    """What the form objects to, and what is wrong with the rest as far as it is a show without that."""
    return [*form_faults(error, Show), *_of_the_rest(content, error.errors(include_url=False))]


def form_faults(error: ValidationError, form: type[BaseModel]) -> list[Fault]:
    """What a form of a show, or of a part of one, objects to."""
    details = error.errors(include_url=False)
    misspelt = [each["loc"] for each in details if each["type"] == "extra_forbidden"]
    return [
        _form_fault(each, form)
        for each in details
        # A misspelt field is also a missing one: the misspelling is what the writer can see.
        if each["type"] != "missing" or not any(stands_for(near, each["loc"]) for near in misspelt)
    ]


def _form_fault(detail: ErrorDetails, form: type[BaseModel]) -> Fault:
    where = _where(detail)
    name = ".".join(str(part) for part in where)
    if detail["type"] == "extra_forbidden":
        hint = did_you_mean(str(where[-1]), form_at(form, where[:-1]).model_fields)
        return Fault(where, f"There is no field '{where[-1]}' here.", hint)
    if detail["type"] == "missing":
        return Fault(where, f"'{name}' is missing.")
    reason = detail["msg"].removeprefix("Value error, ").replace("Input should", "it must", 1)
    return Fault(where, f"'{name}' cannot be used: {reason}.")


def _where(fault: ErrorDetails) -> Where:
    return tuple(part for part in fault["loc"] if part not in ("[key]", "AttributePart"))


def _of_the_rest(content: Any, faults: Sequence[ErrorDetails]) -> list[Fault]:
    content = copy.deepcopy(content)
    for number, fault in enumerate(faults):
        _replace(content, _where(fault), _stand_in(fault["loc"][-1], number))
    try:
        return wrong_names(Show.model_validate(content))
    except ValidationError:
        return []


def _stand_in(field: str | int, number: int) -> object:
    """What a show cannot do without, while the rest of it is looked at."""
    match field:
        case "number":
            return 900_000 + number
        case "slug" | "name":
            return f"nobody-{number}"
    return _NOTHING


def _replace(content: Any, where: Where, stand_in: object) -> None:
    """Put something harmless in place of the field at `where`; a list keeps its length, for the lines in it."""
    for part in where[:-1]:
        if isinstance(content, list) and isinstance(part, int) and part < len(content):
            content = content[part]
        else:
            content = content.get(part) if isinstance(content, dict) else None
    if not isinstance(content, dict):
        return
    if stand_in is _NOTHING:
        content.pop(where[-1], None)
    else:
        content[where[-1]] = stand_in


class _Check:
    """Looks at what a form cannot see: names that must exist, and numbers that must differ."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self._cast = {who.slug: who for who in show.characters}
        self._wrong: list[Fault] = []

    def run(self) -> list[Fault]:
        """All that is wrong, each with its place."""
        self._profiles()
        self._unique(("characters",), [who.slug for who in self._show.characters], "character")
        for index, who in enumerate(self._show.characters):
            self._character(("characters", index), who)
        self._unique(("episodes",), [each.number for each in self._show.episodes], "episode")
        for index, episode in enumerate(self._show.episodes):
            where = ("episodes", index, "scenes")
            self._unique(where, [scene.number for scene in episode.scenes], "scene")
            for place, scene in enumerate(episode.scenes):
                self._scene((*where, place), scene)
        return self._wrong

    def _note(self, where: Where, sentence: str, hint: str = "") -> None:
        self._wrong.append(Fault(where, sentence, hint))

    def _profiles(self) -> None:
        for name, profile in self._show.project.defaults.profiles.items():
            fault = profiles.fault_of(name, profile)
            if fault is not None:
                where = ("project", "defaults", "profiles", name, *fault.where)
                self._note(where, f"The profile '{name}' cannot be used: {fault.message}", fault.hint)

    def _character(self, where: Where, who: CharacterPart) -> None:
        self._unique((*where, "variations"), [each.name for each in who.variations], "variation")
        if not is_drawn(self._show):
            return
        plain = {
            kind: part.value if isinstance(part, AttributePart) else part
            for kind, part in who.attributes.items()
        }
        drawable = [self._drawable((*where, "attributes", kind), {kind: each}) for kind, each in plain.items()]
        if all(drawable):
            self._drawable((*where, "attributes"), plain)
        for index, variation in enumerate(who.variations):
            self._drawable((*where, "variations", index, "attributes"), variation.attributes)

    def _scene(self, where: Where, scene: ScenePart) -> None:
        for index, entry in enumerate(scene.characters):
            self._known((*where, "characters", index, "character"), entry.character, self._cast, "character")
        self._unique((*where, "characters"), [entry.character for entry in scene.characters], "character")
        self._unique((*where, "cuts"), [cut.number for cut in scene.cuts], "cut")
        for index, cut in enumerate(scene.cuts):
            self._cut((*where, "cuts", index), cut)

    def _cut(self, where: Where, cut: CutPart) -> None:
        self._unique((*where, "characters"), cut.characters, "character")
        for index, slug in enumerate(cut.characters):
            self._known((*where, "characters", index), slug, self._cast, "character")
        for slug, names in cut.variations.items():
            here = (*where, "variations", slug)
            if not self._known(here, slug, cut.characters, "character of this cut") or slug not in self._cast:
                continue
            variations = [variation.name for variation in self._cast[slug].variations]
            for name in names:
                self._known(here, name, variations, f"variation of {slug}")

    def _unique(self, where: Where, names: Sequence[object], what: str) -> None:
        for index, name in enumerate(names):
            if name in names[:index]:
                self._note((*where, index), f"The {what} {name} stands here twice.")

    def _known(self, where: Where, name: str, known: Iterable[str], what: str) -> bool:
        names = list(known)
        if name not in names:
            refusal = unknown_name(name, names, what)
            self._note(where, refusal.message, refusal.hint)
        return name in names

    def _drawable(self, where: Where, attributes: Mapping[str, str]) -> bool:
        """What the renderer says about the words of a look, with the place they stand at."""
        try:
            normalise(attributes)
        except Refused as refusal:
            self._note(where, refusal.message, refusal.hint)
            return False
        return True
