"""What an order and its show ask for and the renderer will not draw: refused, or listed as `not_drawn`.

Only what the order itself says is refused; what the show says was weighed when it was loaded, and is listed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from farm.orders import recipes
from farm.orders.plan import SCENE_WORDS
from models.errors import OrderRefused
from models.nearest import listed
from models.recipe import DEFAULT_CFG_SCALE, DEFAULT_STEPS
from models.vocabulary import JobType
from workers.renderers import registry
from workers.renderers.words import Shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from farm.orders.plan import Ordered
    from models.recipe import Recipe
    from models.rows.characters import CharacterVariation
    from workers.renderers.words import NotDrawn, Words

#: what a renderer without these draws with anyway: whoever sends it asks for nothing
_USUAL = {"steps": DEFAULT_STEPS, "cfg_scale": DEFAULT_CFG_SCALE}
#: what a renderer calls it -> the field of a cut
IN_THE_CUT = {"camera_angle": "camera_angle", "camera_move": "camera_move", "action": "action_notes"}
IN_THE_SCENE = ("location", "time_of_day", "mood")
_IN_WORDS = (*SCENE_WORDS, "motion_strength")
OF_STYLE = ("line_weight", "shading_style")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What of an accepted order will not be seen."""

    not_drawn: tuple[str, ...] = ()
    #: nothing that it asks for is seen, so that it stands for nothing
    is_scratch: bool = False


def of_order(ordered: Ordered) -> Outcome:
    """What will not be drawn of an order that may be accepted.

    A prompt alone is accepted from whoever sends nothing else, as scratch.

    Raises:
        OrderRefused: it shows nobody and nothing, or it says something that would have no effect and neither
            the order nor its project is lenient.
    """
    ignores = registry.capabilities(ordered.renderer).ignores
    stated = [name for name in ordered.order.model_fields_set if _asks(ordered, name)]
    ignored = sorted(ignores.intersection(stated))
    words = registry.words(ordered.renderer)
    unseen = tuple(_unseen(ordered, words, stated)) if words else ()
    is_scratch = "prompt" in ignored and not _shows_something(ordered)
    if not is_scratch:
        refuse_nothing(ordered)
    if not _is_lenient(ordered):
        if ignored and not is_scratch:
            raise _refused(ordered, ignored, unseen)
        if unseen:
            raise _because_of(unseen)
    of_show = tuple(_of_the_show(ordered, words)) if words else ()
    labels = [*ignored, *(each.label for each in (*unseen, *of_show))]
    return Outcome(not_drawn=tuple(dict.fromkeys(labels)), is_scratch=is_scratch)


def refuse_nothing(ordered: Ordered) -> None:
    """Raises `OrderRefused` for an order that shows nobody and nothing."""
    if not _shows_something(ordered):
        raise OrderRefused(
            "The order shows nobody and nothing.",
            hint="Name a cut that has somebody or a place, `characters`, or a `location`.",
        )


def refuse_changes(recipe: Recipe, changed: Iterable[str]) -> None:
    """Refuse changes to a recorded recipe, by dotted name, that its renderer would ignore.

    Raises:
        OrderRefused: one of them would change nothing about the picture.
    """
    ignores, words = registry.capabilities(recipe.renderer).ignores, registry.words(recipe.renderer)
    shown = Shown(
        kind=recipe.job_type, cast=tuple(look.name for look in recipe.characters), action=recipe.scene.action
    )
    for name in changed:
        part, _, field = name.partition(".")
        if part in ignores:
            raise ignored(recipe.renderer, [name])
        unseen = words.unseen(field or part, _value_of(recipe, name), shown) if words else ()
        if unseen:
            raise _because_of(unseen)


def _value_of(recipe: Recipe, name: str) -> str:
    """What the dotted name of a scene's or a style's word says now; empty for anything else."""
    match name.split("."):
        case ["scene", field]:
            return str(getattr(recipe.scene, field))
        case ["style", "color_palette", entry]:
            return recipe.style.color_palette[entry]
        case ["style", field]:
            return str(getattr(recipe.style, field))
    return ""


def ignored(renderer: str, names: Sequence[str]) -> OrderRefused:
    """The refusal of fields that a renderer never looks at."""
    return OrderRefused(
        f"The renderer '{renderer}' knows no {listed(names)}, so it would be ignored.",
        hint="Leave it out, order from renderer comfyui, or say `lenient: true`"
        + (f"; `farm words {renderer}` lists what is drawn." if registry.words(renderer) else "."),
    )


def _refused(ordered: Ordered, names: Sequence[str], unseen: Sequence[NotDrawn]) -> OrderRefused:
    refusal = ignored(ordered.renderer, names)
    if unseen:
        refusal.hint += f" Nor would be drawn: {listed(each.label for each in unseen)}."
    return refusal


def _because_of(unseen: Sequence[NotDrawn]) -> OrderRefused:
    first, *others = unseen
    more = f" Nor would be drawn: {listed(each.label for each in others)}." if others else ""
    return OrderRefused(first.sentence, hint=f"{first.hint}{more}")


def _asks(ordered: Ordered, name: str) -> bool:
    return ordered.says(name) and getattr(ordered.order, name) != _USUAL.get(name)


def _is_lenient(ordered: Ordered) -> bool:
    own = ordered.order.lenient
    return bool(ordered.defaults.lenient if own is None else own)


def _shows_something(ordered: Ordered) -> bool:
    shown_by = registry.capabilities(ordered.renderer).shown_by
    if not shown_by or ordered.castings:
        return True
    in_cut = ordered.cut is not None and ("cut" in shown_by or bool(ordered.cut.scene.location))
    return in_cut or any(ordered.says(name) for name in shown_by)


def _unseen(ordered: Ordered, words: Words, stated: Sequence[str]) -> Iterator[NotDrawn]:
    """What the order itself says in words, and this take would not show."""
    order = ordered.order
    asked = [name for name in _IN_WORDS if name in stated]
    if not asked and not (order.attributes or order.variations or order.characters):
        return
    shown = _shown(ordered)
    for who in order.characters:
        yield from words.unseen("characters", who, shown)
    for name in asked:
        yield from words.unseen(name, str(getattr(order, name)), shown)
    for attributes in order.attributes.values():
        yield from words.unseen_attributes(attributes, shown)
    for casting in ordered.castings:
        for variation in casting.variations if casting.character.slug in order.variations else ():
            yield from _unseen_variation(variation, words, shown)


def _unseen_variation(variation: CharacterVariation, words: Words, shown: Shown) -> Iterator[NotDrawn]:
    """A variation of which nothing is seen; one that changes several things is asked for any of them."""
    attributes = recipes.attributes_set_by(variation)
    unseen = words.unseen_attributes(attributes, shown)
    if len(unseen) == len(attributes):
        yield from unseen or words.unknown(f"variations.{variation.variation_name}", "")


def _shown(ordered: Ordered) -> Shown:
    of_cut = ordered.cut.action_notes if ordered.cut else None
    return Shown(kind=ordered.order.job_type, cast=_cast(ordered), action=ordered.order.action or of_cut or "")


def _cast(ordered: Ordered) -> tuple[str, ...]:
    people = (casting.character for casting in ordered.castings)
    return tuple(name for who in people for name in (who.slug, who.name))


def _of_the_show(ordered: Ordered, words: Words) -> Iterator[NotDrawn]:
    """What the cut, its scene and the show say, and no take shows."""
    bible, cut = ordered.project.story_bible, ordered.cut
    overrides = cut.scene.style_overrides if cut else {}
    if cut and ordered.order.job_type is not JobType.CHARACTER_SHEET:
        in_cut = {field: getattr(cut, name) for field, name in IN_THE_CUT.items()}
        in_scene = {field: getattr(cut.scene, field) for field in IN_THE_SCENE}
        for field, text in {**in_scene, **in_cut}.items():
            if text and not getattr(ordered.order, field):
                yield from words.unknown(field, text, _cast(ordered))
    style = recipes.style_of(bible, overrides)
    yield from of_style(words, {name: getattr(style, name) for name in OF_STYLE}, style.color_palette)
    for name in unknown_overrides(overrides):
        yield from words.unknown(f"style_overrides.{name}", "")
    for casting in ordered.castings:
        who = casting.character
        for entry in who.color_palette or {}:
            yield from words.unknown(f"character_palette.{who.slug}.{entry}", "")


def of_style(words: Words, style: Mapping[str, str], palette: Mapping[str, Any]) -> Iterator[NotDrawn]:
    """What of a style's words and palette is not drawn."""
    for name, text in style.items():
        yield from words.unknown(name, text)
    for entry, colour in palette.items():
        yield from words.unknown(f"color_palette.{entry}", str(colour))


def unknown_overrides(overrides: Mapping[str, Any]) -> list[str]:
    """What a scene overrides beside the style that is drawn."""
    return [name for name in overrides if name not in (*OF_STYLE, "color_palette")]
