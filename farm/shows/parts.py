"""A part of a show as it is stored, with the tag by which two hands notice each other."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel

from farm.shows.form import CharacterHead, CutPart, EpisodeHead, SceneHead, Show, StoryBibleHead
from models.shows import cut_path, episode_path, scene_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from uuid import UUID

#: what may be said of one part, as JSON by the name of the field
Fields = dict[str, Any]
#: subject, as the audit names it -> its fields
Snapshot = dict[str, Fields]
Part = TypeVar("Part", bound=BaseModel)

_TAG_LETTERS = 32
#: what is a part of its own, or cannot be edited
_NOT_ITS_OWN = {"scenes", "cuts", "references"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored(Generic[Part]):
    """One part of a show."""

    id: UUID
    #: what it hangs on: a cut's scene, a scene's episode, else the project; None of a project
    parent_id: UUID | None
    #: as people call it: `paper-moon`, `mio`, `ep001/sc010/c0010`
    known_as: str
    #: the project's slug
    project: str
    #: what may be edited, in the words of the show's file
    content: Part
    #: other content has another; name it in `if_match` to edit only what was read
    etag: str
    #: what it says and the renderer draws in no take; only in the answer to a change
    not_drawn: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types, what may be edited under `content`."""
        return {
            "id": str(self.id),
            "parent_id": None if self.parent_id is None else str(self.parent_id),
            "known_as": self.known_as,
            "project": self.project,
            "content": self.content.model_dump(mode="json"),
            "etag": self.etag,
            "not_drawn": list(self.not_drawn),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBible(Stored[StoryBibleHead]):
    """The art direction; an edit raises the version's minor number."""

    content: StoryBibleHead
    version: str
    updated_at: datetime

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        more = {"version": self.version, "updated_at": self.updated_at.isoformat()}
        return Stored.to_json(self) | more


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCut(Stored[CutPart]):
    """One cut."""

    content: CutPart
    #: the folder that was delivered last; None: nothing was
    output_path: str | None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return Stored.to_json(self) | {"output_path": self.output_path}


Listed = TypeVar("Listed", bound=Stored[Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class PartPage(Generic[Listed]):
    """One page of a list; `next` asks for the page after it and is None at the end."""

    items: tuple[Listed, ...]
    next: str | None


def page_of(items: Iterable[Listed], *, has_more: bool) -> PartPage[Listed]:
    """These as a page; the mark of the next one is the name of the last."""
    listed = tuple(items)
    return PartPage(items=listed, next=listed[-1].known_as if has_more else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeShow:
    """A show as its file would say it, and the tag of all of it."""

    project: str
    content: Show
    etag: str

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        show = self.content.model_dump(mode="json")
        return {"project": self.project, "content": show, "etag": self.etag}


@dataclass(frozen=True, slots=True, kw_only=True)
class CharacterPrompt:
    """Somebody in words, as orders for a generating renderer begin with them."""

    character: str  #: slug
    variation: str | None  #: its name
    prompt: str
    negative_prompt: str


def subject_of(word: str, known_as: str, project: str) -> str:
    """What the audit calls a part: `cut ep001/sc010/c0010 of paper-moon`, `project paper-moon`."""
    return f"{word} of {project}" if not known_as else f"{word} {known_as} of {project}"


def subject_of_project(slug: str) -> str:
    """What the audit calls a project."""
    return f"project {slug}"


def fields_of(content: BaseModel) -> Fields:
    """What a part itself says; each attribute and variation of a character is a field of its own."""
    fields = content.model_dump(mode="json", exclude_none=True, exclude=_NOT_ITS_OWN)
    if isinstance(content, CharacterHead):
        attributes, variations = fields.pop("attributes"), fields.pop("variations")
        fields |= {attribute_field(kind): each for kind, each in attributes.items()}
        fields |= {variation_field(each["name"]): each for each in variations}
    return fields


def attribute_field(kind: str) -> str:
    """What a character's attribute is called among its fields."""
    return f"attributes.{kind}"


def variation_field(name: str) -> str:
    """What a character's variation is called among its fields."""
    return f"variations.{name}"


def etag_of(snapshot: Snapshot) -> str:
    """The tag of what some parts say: 32 letters of the SHA-256 of their canonical JSON."""
    canonical = json.dumps(snapshot, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:_TAG_LETTERS]


def snapshot_of(show: Show, *, has_bible: bool = True) -> Snapshot:
    """Every part of a show by its subject."""
    slug = show.project.slug
    whole = {subject_of_project(slug): fields_of(show.project)}
    if has_bible:
        whole[subject_of("story bible", "", slug)] = fields_of(show.story_bible)
    whole |= {subject_of("character", who.slug, slug): fields_of(who) for who in show.characters}
    whole |= {subject_of(word, path, slug): fields_of(part) for word, path, part in _parts_of_episodes(show)}
    return whole


def _parts_of_episodes(show: Show) -> Iterator[tuple[str, str, EpisodeHead | SceneHead | CutPart]]:
    for episode in show.episodes:
        yield "episode", episode_path(episode.number), episode
        for scene in episode.scenes:
            yield "scene", scene_path(episode.number, scene.number), scene
            for cut in scene.cuts:
                yield "cut", cut_path(episode.number, scene.number, cut.number), cut
