"""Edits one attribute or one variation: each is a field of its character, and is stored with them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from db import catalogue
from farm.orders import prompt
from farm.orders.recipes import Casting
from farm.shows import stored
from farm.shows.editing import Edited, Editor, Given, Terms, merged, plain_of, refuse_another_key
from farm.shows.form import AttributePart, CharacterHead, TypedAttribute, VariationPart
from farm.shows.nouns import CHARACTERS, Spot
from farm.shows.parts import CharacterPrompt, attribute_field, variation_field
from farm.shows.weighing import filled_in
from models.errors import Conflict
from models.nearest import unknown_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from uuid import UUID

    from db.engine import Session
    from farm.shows.parts import Stored
    from models.rows.characters import Character, CharacterVariation
    from models.rows.shows import Project

Trait = TypeVar("Trait", TypedAttribute, VariationPart)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """Changes the attributes and variations of one character of a show that is locked."""

    session: Session
    spot: Spot
    who: Character
    terms: Terms

    def add_attribute(self, given: Given) -> Edited[tuple[Stored[TypedAttribute], ...]]:
        """Say one more thing of them; a text that says several, as `long pink hair`, comes to as many.

        Raises `BadInput` for what the renderer cannot draw, and `Conflict` where all of that is said already.
        """
        part = filled_in(TypedAttribute, plain_of(given), f"new attribute of {self.who.slug}")
        before = self._attributes()
        if part.type in before:
            raise self._twice(part.type)

        def with_it(content: CharacterHead) -> Given:
            return {"attributes": {**content.attributes, part.type: _untyped(part)}}

        edited = self._edited(with_it, "attribute.create")
        if not edited.changes:
            raise self._twice(part.type)
        new = tuple(each for kind, each in self._attributes().items() if kind not in before)
        return _answering(edited, new)

    def edit_attribute(self, name: UUID | str, given: Given) -> Edited[Stored[TypedAttribute]]:
        """Say it otherwise, by its type or id; raises `UnknownName`, `Stale` and `BadInput`."""
        now = self._attribute(name)
        kind, what = now.known_as, f"{now.known_as} of {self.who.slug}"

        def with_it(content: CharacterHead) -> Given:
            part = filled_in(TypedAttribute, merged(now.content, given), what)
            refuse_another_key(what, "type", now.content, part)
            return {"attributes": {**content.attributes, kind: _untyped(part)}}

        edited = self._edited(with_it, "attribute.edit", attribute_field(kind))
        return _answering(edited, self._attributes()[kind])

    def remove_attribute(self, name: UUID | str) -> Edited[Stored[TypedAttribute]]:
        """Say it no more, by its type or id; the value is what it was. Raises `UnknownName` and `Stale`."""
        gone = self._attribute(name)
        kind = gone.known_as

        def without_it(content: CharacterHead) -> Given:
            return {"attributes": {each: part for each, part in content.attributes.items() if each != kind}}

        return _answering(self._edited(without_it, "attribute.remove", attribute_field(kind)), gone)

    def add_variation(self, given: Given) -> Edited[Stored[VariationPart]]:
        """One more outfit, expression, pose or age; raises `BadInput`, and `Conflict` for a taken name."""
        part = filled_in(VariationPart, plain_of(given), f"new variation of {self.who.slug}")
        if part.name in self._variations():
            raise self._twice(part.name)

        def with_it(content: CharacterHead) -> Given:
            return {"variations": (*content.variations, part)}

        edited = self._edited(with_it, "variation.create")
        return _answering(edited, self._variations()[part.name])

    def edit_variation(self, name: UUID | str, given: Given) -> Edited[Stored[VariationPart]]:
        """Change one, by its name or id; raises `UnknownName`, `Stale` and `BadInput`."""
        now = self._variation(name)
        what = f"variation {now.known_as} of {self.who.slug}"

        def with_it(content: CharacterHead) -> Given:
            part = filled_in(VariationPart, merged(now.content, given), what)
            refuse_another_key(what, "name", now.content, part)
            others = {each.name: each for each in content.variations}
            return {"variations": tuple({**others, part.name: part}.values())}

        edited = self._edited(with_it, "variation.edit", variation_field(now.known_as))
        return _answering(edited, self._variations()[now.known_as])

    def remove_variation(self, name: UUID | str) -> Edited[Stored[VariationPart]]:
        """Take one away, by its name or id; the value is what it was.

        Raises `UnknownName`, `Stale`, and `Conflict` where a cut shows it.
        """
        gone = self._variation(name)

        def without_it(content: CharacterHead) -> Given:
            return {"variations": tuple(each for each in content.variations if each.name != gone.known_as)}

        return _answering(self._edited(without_it, "variation.remove", variation_field(gone.known_as)), gone)

    def _edited(
        self, change: Callable[[CharacterHead], Given], action: str, field: str | None = None
    ) -> Edited[Stored[CharacterHead]]:
        editor = Editor(session=self.session, noun=CHARACTERS, spot=self.spot, terms=self.terms)
        return editor.edit(self.who, change, action=action, field=field)

    def _attributes(self) -> dict[str, Stored[TypedAttribute]]:
        return stored.stored_attributes(self.spot.project, self.who)

    def _attribute(self, name: UUID | str) -> Stored[TypedAttribute]:
        return one_of(self._attributes(), name, f"attribute of {self.who.slug}")

    def _variations(self) -> dict[str, Stored[VariationPart]]:
        return stored.stored_variations(self.spot.project, self.who)

    def _variation(self, name: UUID | str) -> Stored[VariationPart]:
        return one_of(self._variations(), name, f"variation of {self.who.slug}")

    def _twice(self, name: str) -> Conflict:
        return Conflict(f"{self.who.slug} has '{name}' already.", hint="Edit that one.")


def prompt_of(project: Project, who: Character, variation: UUID | str | None) -> CharacterPrompt:
    """Somebody in words, in one of their variations where named; raises `UnknownName`."""
    worn: tuple[CharacterVariation, ...] = ()
    if variation is not None:
        known = stored.stored_variations(project, who)
        name = one_of(known, variation, f"variation of {who.slug}").known_as
        worn = tuple(row for row in who.variations if row.variation_name == name)
    casting = Casting(character=who, variations=worn)
    return CharacterPrompt(
        character=who.slug,
        variation=worn[0].variation_name if worn else None,
        prompt=prompt.prompt_of(casting),
        negative_prompt=prompt.negative_prompt([casting], ()),
    )


def one_of(traits: Mapping[str, Stored[Trait]], name: UUID | str, what: str) -> Stored[Trait]:
    """The one of that name or id; raises `UnknownName`."""
    if str(name) in traits:
        return traits[str(name)]
    trait_id = catalogue.as_id(name)
    trait = next((each for each in traits.values() if each.id == trait_id), None)
    if trait is None:
        raise unknown_name(str(name), traits, what)
    return trait


def _untyped(part: TypedAttribute) -> AttributePart:
    return AttributePart.model_validate(part.model_dump(mode="json", exclude={"type"}))


def _answering(edited: Edited[Any], answer: Any) -> Edited[Any]:
    """The same with another answer than the whole character."""
    if isinstance(answer, tuple):
        return replace(edited, stored=answer)
    return replace(edited, stored=replace(answer, not_drawn=edited.stored.not_drawn))
