"""How a file was made, written inside it: a recipe travels with every picture and clip and is read back."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from models.errors import BadInput
from models.plain import plain
from models.recipe import Recipe, environment_sha256, without_places
from models.takes import SIDECAR
from workers.media import clips, stills
from workers.media.reading import require_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from PIL import Image

#: the key under which it stands in PNG text, in Matroska and MP4 tags (WebP has only XMP)
KEY = "anime-render-farm"
FORMAT = 1
#: a note larger than this was not written by the farm
_MAX_NOTE = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What made a file: the recipe, and what really ran where that was known when the file was written."""

    recipe: Recipe
    environment: Mapping[str, str] = field(default_factory=dict)
    resolved: Mapping[str, Any] = field(default_factory=dict)
    #: job, attempt, hashes: what only a sidecar knows
    take: Mapping[str, Any] = field(default_factory=dict)

    def to_text(self) -> str:
        """One line of JSON, the same for the same facts. The seed stands there as text as well.

        It leaves the studio inside files, so it names no place on the farm's machines. The database does.
        """
        note = {
            "format": FORMAT,
            "recipe": without_places(self.recipe.to_json()),
            # JavaScript rounds whole numbers above 2^53, and seeds go to 2^64 - 1.
            "seed_text": str(self.recipe.seed),
            "environment": dict(self.environment),
            # Takes of one environment share it, so that thousands of sidecars can be grouped by it.
            "environment_sha256": environment_sha256(self.environment),
            "resolved": _without_places(self.resolved),
            "take": plain(dict(self.take)),
        }
        return json.dumps(note, sort_keys=True, separators=(",", ":"), ensure_ascii=True)

    def to_json(self) -> dict[str, Any]:
        """All of it as scripts read it, places included; the seed stands there as text as well."""
        return {
            "recipe": self.recipe.to_json(),
            "seed_text": str(self.recipe.seed),
            "environment": dict(self.environment),
            "environment_sha256": environment_sha256(self.environment),
            "resolved": dict(self.resolved),
            "take": dict(self.take),
        }

    @classmethod
    def from_text(cls, text: str, name: str) -> Provenance:
        """The inverse of `to_text`; `name` is what the refusal calls the file.

        Raises:
            BadInput: the note is damaged, or a later farm wrote it.
        """
        try:
            note = json.loads(text)
            if note["format"] > FORMAT:
                raise BadInput(f"The recipe in {name} was written by a later farm.", hint="Update this one.")
            # Half of a pair that spells one character: it goes into no file, no database and no terminal.
            json.dumps(note, ensure_ascii=False).encode()
            environment, resolved, take = (_facts(note, each) for each in ("environment", "resolved", "take"))
            _require_texts(environment, _facts(resolved, "file_hashes"))
            return cls(
                recipe=Recipe.from_json(note["recipe"]), environment=environment, resolved=resolved, take=take
            )
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            elsewhere = "another file of this take" if name == SIDECAR else "the take.json beside it"
            raise BadInput(f"The recipe in {name} is damaged.", hint=f"Look into {elsewhere}.") from error

    def to_xmp(self) -> bytes:
        """The note as a WebP carries it."""
        escaped = self.to_text().replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><{KEY}>{escaped}</{KEY}></x:xmpmeta>'.encode()


def _facts(note: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A group of facts in a note; raises `TypeError` where it is none."""
    facts = note.get(name, {})
    if not isinstance(facts, dict):
        raise TypeError(f"The {name} is no group of facts.")
    return facts


def _require_texts(*groups: Mapping[str, Any]) -> None:
    """Raises `TypeError` where a fact is no text."""
    if not all(isinstance(fact, str) for group in groups for fact in group.values()):
        raise TypeError("Versions and hashes are texts.")


def _without_places(resolved: Mapping[str, Any]) -> dict[str, Any]:
    """What really ran, with the recipe that ComfyUI's graph carries told by names as well."""
    reduced = dict(resolved)
    if isinstance(graph := reduced.get("comfyui_workflow"), dict):
        reduced["comfyui_workflow"] = {node_id: _node_without_places(node) for node_id, node in graph.items()}
    return reduced


def _node_without_places(node: Any) -> Any:
    """Only an output node carries a recipe; `workers.renderers.comfyui.workflow` puts it there."""
    match node:
        case {"_meta": {"farm": {"recipe": dict(recipe)} as farm} as meta}:
            return {**node, "_meta": {**meta, "farm": {**farm, "recipe": without_places(recipe)}}}
    return node


def read(path: Path) -> Provenance:
    """How a file was made: from its sidecar where it has one, else from the note inside it.

    `path` is a picture, a clip, or a `take.json`.

    Raises:
        BadInput: it carries no recipe, cannot be read, or its note is damaged.
    """
    require_file(path)
    if path.name == SIDECAR:
        return Provenance.from_text(_text(path), path.name)
    beside = path.with_name(SIDECAR)
    note = _text(beside) if path.stem in ("master", "proxy") and beside.is_file() else _note_inside(path)
    if note is None:
        raise BadInput(
            f"{path.name} carries no recipe.", hint="It was not made by this farm, or was saved again since."
        )
    return Provenance.from_text(note, path.name)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _MAX_NOTE:
            raise BadInput(f"{path.name} is too large for a recipe.", hint="Is it the right file?")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path.name} cannot be read: {error}.", hint="Is it the right file?") from error


def _note_inside(path: Path) -> str | None:
    picture = stills.open_picture(path)
    if picture is not None:
        with picture:
            return _note_of_picture(picture)
    with clips.open_container(path) as container:
        tags = {key.lower(): value for key, value in container.metadata.items()}
    return tags.get(KEY)


def _note_of_picture(picture: Image.Image) -> str | None:
    note = picture.info.get(KEY)
    if isinstance(note, str):
        return note
    xmp = picture.info.get("xmp", b"")
    text = xmp.decode("utf-8", "replace") if isinstance(xmp, bytes) else str(xmp)
    _, opened, rest = text.partition(f"<{KEY}>")
    inside, closed, _ = rest.partition(f"</{KEY}>")
    if not (opened and closed):
        return None
    return inside.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
