"""Makes the references a show is judged by: its own approved pictures, or ones drawn and approved as 'demo'.

Doing it again draws nothing where the same network has seen the same pictures.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from db import catalogue
from db.catalogue_references import KnownReference, known_references
from farm.cli.progress import counting_bar
from farm.roots import confined
from farm.stack import threads_here
from models.errors import FarmError, NotHere, NotMeasured
from tasks.reference_recipes import Story, sittings, style_frames

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from farm.client import Farm
    from models.recipe import Recipe
    from models.views import StoredShow
    from workers.renderers.renderer import Renderer
    from workers.scoring.networks.network import Network
    from workers.scoring.networks.shelf import Shelf

    Pictures = list[NDArray[np.uint8]]

_DEMO = "demo"
_NAMED = "show"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """One reference to make: from pictures the show names, or from recipes to draw."""

    character: str | None  #: slug; None: the show's style
    named: tuple[Path, ...] = ()
    recipes: tuple[Recipe, ...] = ()

    @property
    def approved_by(self) -> str:
        return _NAMED if self.named else _DEMO


def make(farm: Farm, stored: StoredShow) -> dict[str, Any]:
    """Make what is missing of a project's references; what was made, what was here, and what cannot be made.

    An installation without the worker extra, or without its networks, keeps the show and says what is missing.
    """
    try:
        studio = _Studio(farm, stored)
    except (NotHere, NotMeasured) as error:
        return {"made": [], "kept": [], "said": [f"No references were made: {error}"]}
    return studio.work()


class _Studio:
    """One show's references, with the renderer and the networks that make them."""

    def __init__(self, farm: Farm, stored: StoredShow) -> None:
        """Raises `NotHere` or `NotMeasured` when a renderer or a network is missing."""
        self._farm, self._stored = farm, stored
        self._renderer, self._shelf = _equipment(farm.settings.networks_dir)
        self._made: list[str] = []
        self._kept: list[str] = []

    def work(self) -> dict[str, Any]:
        wanted = self._wanted()
        total = sum(max(1, len(each.recipes)) for each in wanted)
        said: list[str] = []
        with counting_bar("references") as bar:
            done = 0
            for each in wanted:
                try:
                    self._make(each, partial(_advance, bar, done, total))
                except NotMeasured as error:
                    said.append(f"{each.character or 'style'}: {error}")
                done += max(1, len(each.recipes))
                bar(done, total)
        if self._made:
            said.insert(0, f"references made: {', '.join(self._made)}")
        return {"made": self._made, "kept": self._kept, "said": said}

    def _wanted(self) -> list[_Wanted]:
        """Every character, then the style; drawn from recipes where the show names no pictures."""
        stored, roots = self._stored, self._farm.settings.roots
        with self._farm.database.transaction() as session:
            project = catalogue.project(session, stored.project)
            story = Story(
                project=stored.project,
                cast=catalogue.characters(session, project.id),
                cuts=[(path, catalogue.cut(session, project, path)) for path in stored.cuts],
                bible=project.story_bible,
            )
            found = []
            for slug, character in story.cast.items():
                named = tuple(
                    confined(path, roots, "reference picture")
                    for path in stored.character_references.get(slug, ())
                )
                drawn = () if named else tuple(sittings(story, character))
                found.append(_Wanted(character=slug, named=named, recipes=drawn))
            named = tuple(confined(path, roots, "style picture") for path in stored.style_references)
            frames = () if named else tuple(style_frames(story))
        return [*found, _Wanted(character=None, named=named, recipes=frames)]

    def _make(self, wanted: _Wanted, drawn: Callable[[int], None]) -> None:
        network: Network = self._shelf.network("toon-id" if wanted.character else "toon-style")
        paths = [str(path) for path in wanted.named] or [self._address(wanted, each) for each in wanted.recipes]
        label = wanted.character or "style"
        if self._is_known(wanted, network, paths):
            self._kept.append(label)
            return
        for number, (recipe, path) in enumerate(zip(wanted.recipes, paths, strict=False), start=1):
            self._draw(recipe, self._farm.store.path(path))
            drawn(number)
        files = list(wanted.named) or [self._farm.store.path(path) for path in paths]
        self._store(wanted, network, _pictures(files), paths)
        self._made.append(label)

    def _is_known(self, wanted: _Wanted, network: Network, paths: Sequence[str]) -> bool:
        own = KnownReference(
            character=wanted.character,
            network=network.name,
            network_sha256=network.sha256,
            image_paths=tuple(paths),
        )
        with self._farm.database.transaction() as session:
            return own in known_references(session, self._stored.project_id)

    def _store(self, wanted: _Wanted, network: Network, pictures: Pictures, paths: list[str]) -> None:
        """Embed the pictures and keep what the network makes of them."""
        from workers.scoring.gauges.faces import build_identity_reference
        from workers.scoring.gauges.style import build_style_reference

        about: dict[str, Any] = {
            "network": network.name,
            "network_sha256": network.sha256,
            "image_paths": paths,
            "approved_by": wanted.approved_by,
        }
        if wanted.character is None:
            calibration = build_style_reference(self._shelf.embedder("toon-style"), pictures).to_json()
            with self._farm.database.transaction() as session:
                catalogue.store_style_reference(
                    session, self._stored.project_id, calibration=calibration, **about
                )
            return
        reference = build_identity_reference(self._shelf.faces("toon-id"), pictures)
        with self._farm.database.transaction() as session:
            character = catalogue.characters(session, self._stored.project_id)[wanted.character]
            catalogue.store_character_reference(
                session, character, embedding=reference.to_bytes(), baseline=reference.baseline, **about
            )

    def _address(self, wanted: _Wanted, recipe: Recipe) -> str:
        """Where a drawn picture lies in the store: another recipe or renderer is another picture."""
        told = json.dumps([self._renderer.name, self._renderer.version, recipe.to_json()], sort_keys=True)
        name = hashlib.sha256(told.encode()).hexdigest()[:16]
        return f"references/{self._stored.project}/{wanted.character or 'style'}/{name}.png"

    def _draw(self, recipe: Recipe, target: Path) -> None:
        if target.is_file():
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".draw-") as scratch:
            rendered = self._renderer.render(
                recipe, Path(scratch), progress=lambda done, total: None, alive=lambda: True
            )
            os.replace(rendered.master, target)


def _advance(bar: Callable[[int, int], None], done: int, total: int, drawn: int) -> None:
    bar(done + drawn, total)


def _equipment(networks_dir: Path) -> tuple[Renderer, Shelf]:
    """The renderer and the networks; raises `NotHere` or `NotMeasured` when one is missing."""
    from workers.renderers.registry import renderer

    drawing = renderer("toon")
    try:
        from workers.scoring.networks.shelf import Shelf
        from workers.scoring.networks.torch_device import set_threads
    except ImportError as error:
        raise NotHere(
            f"The networks cannot be loaded here: {error}.",
            hint="Install the worker extra, then load the show again.",
        ) from error
    shelf = Shelf(networks_dir)
    set_threads(threads_here())
    shelf.faces("toon-id")
    return drawing, shelf


def _pictures(paths: Sequence[Path]) -> Pictures:
    """The first frame of each file."""
    from workers.media.reading import read_frames

    try:
        return [next(iter(read_frames(path))) for path in paths]
    except FarmError:
        raise
    except OSError as error:
        raise NotHere(f"A reference picture cannot be read: {error}.", hint="Load the show again.") from error
