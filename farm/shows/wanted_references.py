"""Which references a show is to be judged by, and of which pictures: named in its file, or to be drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db import catalogue
from farm.judging.profiles import asked_of
from farm.paths import confined
from farm.shows.sittings import Story, sittings, style_frames
from models.errors import BadInput
from models.nearest import unknown_name
from models.shows import WantedReference
from workers.scoring.network_table import IDENTITY_METRICS, NETWORKS, STYLE_METRICS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from db.engine import Session
    from farm.settings import Settings
    from models.shows import StoredShow


def wanted_references(session: Session, stored: StoredShow, settings: Settings) -> tuple[WantedReference, ...]:
    """Every character, then the style, where a profile asks for it; raises `BadInput` for a strange path."""
    project = catalogue.project(session, stored.project)
    asked = asked_of(project.defaults, settings.default_profile)
    draws = (project.defaults.renderer or settings.default_renderer) == "toon"
    story = Story(
        project=stored.project,
        cast=catalogue.characters(session, project.id),
        cuts=[(path, catalogue.cut(session, project, path)) for path in stored.cuts],
        bible=project.story_bible,
    )

    def named(paths: Sequence[str], what: str) -> tuple[Path, ...]:
        return tuple(confined(path, settings.roots, what) for path in paths)

    wanted = []
    for slug, character in story.cast.items():
        pictures = named(stored.character_references.get(slug, ()), "reference picture")
        drawn = () if pictures or not draws else tuple(sittings(story, character))
        networks = asked[IDENTITY_METRICS]
        wanted.append(WantedReference(character=slug, networks=networks, named=pictures, recipes=drawn))
    pictures = named(stored.style_references, "style picture")
    drawn = () if pictures or not draws else tuple(style_frames(story))
    networks = asked[STYLE_METRICS]
    wanted.append(WantedReference(character=None, networks=networks, named=pictures, recipes=drawn))
    return tuple(each for each in wanted if each.networks)


def networks_for(
    session: Session, project: str, character: str | None, settings: Settings, named: Sequence[str] = ()
) -> tuple[str, ...]:
    """The networks that make a reference of a character, or of the style where that is None.

    Those `named`, or else all by which the project's profiles know them.

    Raises:
        UnknownName: there is no such project or character, or no such network.
        BadInput: a profile of the project cannot be read, or none asks for such a reference.
    """
    row = catalogue.project(session, project)
    cast = catalogue.characters(session, row.id)
    if character is not None and character not in cast:
        raise unknown_name(character, cast, f"character in {project}")
    metrics = IDENTITY_METRICS if character else STYLE_METRICS
    known = sorted(name for name, card in NETWORKS.items() if card.measures & metrics)
    for name in named:
        if name not in known:
            raise unknown_name(name, known, "network that makes such a reference")
    wanted = tuple(named) or asked_of(row.defaults, settings.default_profile)[metrics]
    if not wanted:
        raise BadInput(
            f"No profile of {project} asks for such a reference.", hint="Name a network: --network NAME."
        )
    return wanted
