"""Which words of a show its renderer will not draw: all of them at once, each with its place in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farm.orders.undrawn import IN_THE_CUT, IN_THE_SCENE, OF_STYLE, of_style, unknown_overrides
from farm.shows.checking import renderer_of
from models.errors import Fault
from workers.renderers import registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from farm.shows.form import CutPart, ScenePart, Show
    from workers.renderers.words import NotDrawn, Words

    Where = tuple[str | int, ...]
    #: where something stands, and why it is not drawn
    Place = tuple[Where, NotDrawn]

_HINT = (
    "`farm words {renderer}` shows every word as it is drawn; `lenient: true` in the project's defaults "
    "accepts what is not, and lists it with each take."
)


def undrawn(show: Show) -> list[Place]:
    """Everything the show says that its renderer draws in no take; prose and prompts ask for nothing."""
    renderer = renderer_of(show)
    words = registry.words(renderer) if renderer in registry.names() else None
    return list(_undrawn(show, words)) if words else []


def faults(show: Show) -> list[Fault]:
    """Every undrawn word with its place; none where the show is lenient."""
    places = [] if show.project.defaults.lenient else undrawn(show)
    return [Fault(where, each.sentence) for where, each in places]


def hint(show: Show) -> str:
    """What to do about words that are not drawn."""
    return _HINT.format(renderer=renderer_of(show))


def _undrawn(show: Show, words: Words) -> Iterator[Place]:
    bible = show.story_bible
    style = {name: getattr(bible, name) or "" for name in OF_STYLE}
    yield from _at(("story_bible",), of_style(words, style, bible.color_palette))
    for number, who in enumerate(show.characters):
        for entry in who.color_palette:
            place = ("characters", number, "color_palette", entry)
            yield from ((place, each) for each in words.unknown(f"character_palette.{who.slug}.{entry}", ""))
    cast = tuple(name for who in show.characters for name in (who.slug, who.name))
    for number, episode in enumerate(show.episodes):
        for place_of_scene, scene in enumerate(episode.scenes):
            yield from _scene(("episodes", number, "scenes", place_of_scene), scene, words, cast)


def _scene(where: Where, scene: ScenePart, words: Words, cast: tuple[str, ...]) -> Iterator[Place]:
    for field in IN_THE_SCENE:
        text = getattr(scene, field) or ""
        yield from (((*where, field), each) for each in words.unknown(field, text))
    overrides, inside = scene.style_overrides, (*where, "style_overrides")
    style = {name: str(overrides.get(name) or "") for name in OF_STYLE}
    palette = overrides.get("color_palette")
    yield from _at(inside, of_style(words, style, palette if isinstance(palette, dict) else {}))
    for name in unknown_overrides(overrides):
        yield from (((*inside, name), each) for each in words.unknown(f"style_overrides.{name}", ""))
    for number, cut in enumerate(scene.cuts):
        yield from _cut((*where, "cuts", number), cut, words, cast)


def _cut(where: Where, cut: CutPart, words: Words, cast: tuple[str, ...]) -> Iterator[Place]:
    for field, name in IN_THE_CUT.items():
        text = getattr(cut, name) or ""
        yield from (((*where, name), each) for each in words.unknown(field, text, cast))


def _at(where: Where, undrawn: Iterable[NotDrawn]) -> Iterator[Place]:
    """Each at the field it names."""
    return (((*where, *each.field.split(".")), each) for each in undrawn)
