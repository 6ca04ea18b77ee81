"""Who is seen in a take: the order's characters or the cut's, each with variations, attributes and a place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farm.orders import recipes
from farm.orders.recipes import Casting
from models.errors import OrderRefused
from models.nearest import unknown_name
from models.vocabulary import JobType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from farm.orders.form import Order
    from models.rows.characters import Character, CharacterVariation
    from models.rows.shows import Cut


def castings(order: Order, cast: Mapping[str, Character], cut: Cut | None) -> tuple[Casting, ...]:
    """Everyone the take shows, in the order's order; `cast` is the project's by slug.

    Raises:
        UnknownName: a character or a variation that is not there; the hint names the nearest.
        OrderRefused: words about somebody who is not in the take, or a character sheet of nobody.
    """
    slugs = _slugs(order, cast, cut)
    _refuse_strangers(order, cast, slugs)
    places = {row.character_id: row.position_notes for row in cut.scene.characters} if cut else {}
    in_cut = cut.variations if cut else {}
    return tuple(
        Casting(
            character=cast[slug],
            variations=_variations(cast[slug], order.variations.get(slug, in_cut.get(slug, ()))),
            attributes=order.attributes.get(slug, {}),
            position=recipes.position_of(places.get(cast[slug].id)),
        )
        for slug in slugs
    )


def _slugs(order: Order, cast: Mapping[str, Character], cut: Cut | None) -> tuple[str, ...]:
    by_id = {who.id: slug for slug, who in cast.items()}
    in_cut = (by_id[who] for who in (cut.character_ids if cut else ()) if who in by_id)
    return tuple(dict.fromkeys(order.characters or in_cut))


def _refuse_strangers(order: Order, cast: Mapping[str, Character], slugs: tuple[str, ...]) -> None:
    named = (*order.variations, *order.attributes)
    if stranger := next((slug for slug in (*slugs, *named) if slug not in cast), None):
        raise unknown_name(stranger, cast, f"character in {order.project}")
    if absent := next((slug for slug in named if slug not in slugs), None):
        raise OrderRefused(f"'{absent}' is not in this take.", hint="Add it to `characters`, or leave it out.")
    if order.job_type is JobType.CHARACTER_SHEET and not slugs:
        raise OrderRefused("A character sheet shows nobody.", hint=f"Name one of: {', '.join(cast)}.")


def _variations(character: Character, names: Iterable[str]) -> tuple[CharacterVariation, ...]:
    known = {row.variation_name: row for row in character.variations}
    wanted = tuple(names)
    if stranger := next((name for name in wanted if name not in known), None):
        raise unknown_name(stranger, known, f"variation of {character.slug}")
    return tuple(known[name] for name in wanted)
