"""Writes a stored show as the file that loads it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from db import catalogue
from farm.shows.parts import WholeShow, etag_of, snapshot_of
from farm.shows.stored import show_of_rows
from models.actors import SHOW
from models.documents import to_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from db.catalogue import ReferenceView
    from db.engine import Session
    from farm.shows.form import Show
    from models.rows.shows import Project


def whole_show(session: Session, project: Project, picture_at: Callable[[str], str]) -> WholeShow:
    """The show with the reference pictures that its file named; `picture_at` says where a kept one lies."""
    rows = catalogue.whole_show(session, project)
    show = show_of_rows(rows)
    etag = etag_of(snapshot_of(show, has_bible=rows.bible is not None))
    named = _named_pictures(catalogue.list_references(session, project.id), picture_at)
    return WholeShow(project=project.slug, content=_with_pictures(show, named), etag=etag)


def yaml_of(show: Show) -> str:
    """The file of a show; what is as it would be anyway is left out."""
    content = show.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    for character in content.get("characters", ()):
        _shorten(character.get("attributes", {}))
    return to_yaml(content)


def _shorten(attributes: dict[str, Any]) -> None:
    """An attribute of which only the value is said stands as a word."""
    for kind, attribute in attributes.items():
        if isinstance(attribute, dict) and set(attribute) == {"value"}:
            attributes[kind] = attribute["value"]


def _named_pictures(
    references: tuple[ReferenceView, ...], picture_at: Callable[[str], str]
) -> dict[str | None, tuple[str, ...]]:
    """Character, or None for the style -> the pictures that the show's file named for it."""
    by_age = sorted(references, key=lambda each: each.created_at)
    return {
        each.character: tuple(picture_at(path) for path in each.image_paths)
        for each in by_age
        if each.approved_by == SHOW
    }


def _with_pictures(show: Show, named: Mapping[str | None, tuple[str, ...]]) -> Show:
    style = show.story_bible.model_copy(update={"references": named.get(None, ())})
    cast = tuple(who.model_copy(update={"references": named.get(who.slug, ())}) for who in show.characters)
    return show.model_copy(update={"story_bible": style, "characters": cast})
