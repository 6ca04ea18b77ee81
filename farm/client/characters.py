"""Verbs that edit who is in a show: characters, their attributes and variations, and their prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farm.client.editing import Answer, Editing, terms_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from db.engine import Session
    from farm.client.editing import Name
    from farm.shows.editing import Edited, Given, Terms
    from farm.shows.form import CharacterHead, TypedAttribute, VariationPart
    from farm.shows.parts import CharacterPrompt, PartPage, Stored
    from farm.shows.traits import Traits
    from models.rows.characters import Character
    from models.rows.shows import Project


class Characters(Editing):
    """Characters by slug or id; without an id, `project` says of which show.

    What is `given` is a part in full, or a mapping of the fields that are to be others; None empties one.
    """

    def character(self, character: Name, *, project: Name | None = None) -> Stored[CharacterHead]:
        """Somebody with all attributes and variations; raises `UnknownName`."""
        from farm.shows.nouns import CHARACTERS

        return self._part(CHARACTERS, character, project)

    def character_page(
        self, project: Name, *, after: str | None = None, limit: int = 50
    ) -> PartPage[Stored[CharacterHead]]:
        """A page of a project's characters by slug; `after` is the `next` of the page before."""
        from db import catalogue
        from farm.shows import parts, stored

        with self.database.transaction() as session:
            show = catalogue.project(session, project)
            rows, has_more = catalogue.character_rows(session, show.id, after, limit)
            return parts.page_of((stored.stored_character(show, row) for row in rows), has_more=has_more)

    def create_character(
        self, project: Name, given: Given, *, if_match: str | None = None, lenient: bool = False, why: str = ""
    ) -> Stored[CharacterHead]:
        """Somebody new; raises `UnknownName`, `BadInput`, and `Conflict` where the slug is taken."""
        from db import catalogue
        from farm.shows.editing import Editor
        from farm.shows.nouns import CHARACTERS, Spot

        def change(session: Session) -> Edited[Stored[CharacterHead]]:
            spot = Spot(project=catalogue.locked_show(session, project))
            editor = Editor(
                session=session, noun=CHARACTERS, spot=spot, terms=terms_of(if_match, why, lenient=lenient)
            )
            return editor.create(given)

        return self._changed(change)

    def edit_character(
        self,
        character: Name,
        given: Given,
        *,
        project: Name | None = None,
        if_match: str | None = None,
        lenient: bool = False,
        why: str = "",
    ) -> Stored[CharacterHead]:
        """Change somebody; the slug stays. Jobs that were ordered keep who they show.

        Raises:
            UnknownName: there is no such character.
            Stale: they are not what was read.
            BadInput: something is unknown, out of range, or would not be drawn.
            Conflict: a cut relies on what is taken away, such as a variation.
        """
        from farm.shows.nouns import CHARACTERS

        return self._edit_part(CHARACTERS, character, given, project, terms_of(if_match, why, lenient=lenient))

    def remove_character(
        self,
        character: Name,
        *,
        project: Name | None = None,
        if_match: str | None = None,
        lenient: bool = False,
        why: str = "",
    ) -> Stored[CharacterHead]:
        """Take somebody out of a show; the value is who they were.

        Raises:
            UnknownName: there is no such character.
            Stale: they are not what was read.
            Conflict: a scene or a cut shows them, or sheets of them were ordered.
        """
        from farm.shows.nouns import CHARACTERS

        return self._remove_part(CHARACTERS, character, project, terms_of(if_match, why, lenient=lenient))

    def character_prompt(
        self, character: Name, *, variation: Name | None = None, project: Name | None = None
    ) -> CharacterPrompt:
        """Somebody in words, in one of their variations where named; raises `UnknownName`.

        The base prompt or the name, then what each attribute says by priority, then the variation's modifiers;
        see `farm.orders.prompt.prompt_of`.
        """
        from farm.shows import traits

        return self._read(character, project, lambda show, who: traits.prompt_of(show, who, variation))

    def attributes(self, character: Name, *, project: Name | None = None) -> tuple[Stored[TypedAttribute], ...]:
        """What is said of somebody, in the order of a prompt; raises `UnknownName`."""
        from farm.shows import stored

        return self._read(
            character, project, lambda show, who: tuple(stored.stored_attributes(show, who).values())
        )

    def add_attribute(
        self,
        character: Name,
        given: Given,
        *,
        project: Name | None = None,
        if_match: str | None = None,
        lenient: bool = False,
        why: str = "",
    ) -> tuple[Stored[TypedAttribute], ...]:
        """Say one more thing of somebody; a text that says several, as `long pink hair`, comes to as many.

        Raises `UnknownName`, `BadInput` for what the renderer cannot draw, and `Conflict` where all of that is
        said already.
        """
        return self._edit_traits(
            character,
            project,
            terms_of(if_match, why, lenient=lenient),
            lambda traits: traits.add_attribute(given),
        )

    def edit_attribute(
        self,
        character: Name,
        attribute: Name,
        given: Given,
        *,
        project: Name | None = None,
        if_match: str | None = None,
        lenient: bool = False,
        why: str = "",
    ) -> Stored[TypedAttribute]:
        """Say it otherwise, by its type or id; raises `UnknownName`, `Stale` and `BadInput`."""
        return self._edit_traits(
            character,
            project,
            terms_of(if_match, why, lenient=lenient),
            lambda traits: traits.edit_attribute(attribute, given),
        )

    def remove_attribute(
        self,
        character: Name,
        attribute: Name,
        *,
        project: Name | None = None,
        if_match: str | None = None,
        lenient: bool = False,
        why: str = "",
    ) -> Stored[TypedAttribute]:
        """Say it no more, by its type or id; the value is what it was. Raises `UnknownName` and `Stale`."""
        return self._edit_traits(
            character,
            project,
            terms_of(if_match, why, lenient=lenient),
            lambda traits: traits.remove_attribute(attribute),
        )

    def variations(self, character: Name, *, project: Name | None = None) -> tuple[Stored[VariationPart], ...]:
        """Somebody's outfits, expressions, poses and ages by name; raises `UnknownName`."""
        from farm.shows import stored

        return self._read(
            character, project, lambda show, who: tuple(stored.stored_variations(show, who).values())
        )

    def add_variation(
        self,
        character: Name,
        given: Given,
        *,
        project: Name | None = None,
        if_match: str | None = None,
        lenient: bool = False,
        why: str = "",
    ) -> Stored[VariationPart]:
        """One more of them; raises `UnknownName`, `BadInput`, and `Conflict` where the name is taken."""
        return self._edit_traits(
            character,
            project,
            terms_of(if_match, why, lenient=lenient),
            lambda traits: traits.add_variation(given),
        )

    def edit_variation(
        self,
        character: Name,
        variation: Name,
        given: Given,
        *,
        project: Name | None = None,
        if_match: str | None = None,
        lenient: bool = False,
        why: str = "",
    ) -> Stored[VariationPart]:
        """Change one, by its name or id; raises `UnknownName`, `Stale` and `BadInput`."""
        return self._edit_traits(
            character,
            project,
            terms_of(if_match, why, lenient=lenient),
            lambda traits: traits.edit_variation(variation, given),
        )

    def remove_variation(
        self,
        character: Name,
        variation: Name,
        *,
        project: Name | None = None,
        if_match: str | None = None,
        lenient: bool = False,
        why: str = "",
    ) -> Stored[VariationPart]:
        """Take one away; raises `UnknownName`, `Stale`, and `Conflict` where a cut shows it."""
        return self._edit_traits(
            character,
            project,
            terms_of(if_match, why, lenient=lenient),
            lambda traits: traits.remove_variation(variation),
        )

    def _read(
        self, character: Name, project: Name | None, look: Callable[[Project, Character], Answer]
    ) -> Answer:
        from db import catalogue
        from models.rows.characters import Character

        with self.database.transaction() as session:
            show = catalogue.show_of(session, Character, character, project)
            return look(show, catalogue.find_character(session, show, character))

    def _edit_traits(
        self, character: Name, project: Name | None, terms: Terms, edit: Callable[[Traits], Edited[Answer]]
    ) -> Answer:
        from db import catalogue
        from farm.shows.nouns import Spot
        from farm.shows.traits import Traits
        from models.rows.characters import Character

        def change(session: Session) -> Edited[Answer]:
            show = catalogue.show_of(session, Character, character, project, lock=True)
            who = catalogue.find_character(session, show, character)
            return edit(Traits(session=session, spot=Spot(project=show), who=who, terms=terms))

        return self._changed(change)
