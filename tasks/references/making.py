"""Makes the references a show is judged by: its own approved pictures, or ones drawn and approved as 'demo'.

Doing it again draws nothing where the same network has seen the same pictures, known by their content. It never
replaces what a person approved by name with `farm reference`.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from farm.cli.progress import counting_bar
from farm.ops.stack import threads_here
from models.actors import DEMO, SHOW
from models.errors import BadInput, NotHere, NotMeasured
from tasks.measuring.references import Builder, first_frames, kept, place

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from db.catalogue import ReferenceView
    from farm.extras import Premises
    from models.recipe import Recipe
    from models.shows import StoredShow, WantedReference
    from workers.renderers.renderer import Renderer
    from workers.scoring.networks.shelf import Shelf


@dataclass(slots=True)
class _Outcome:
    """What became of all of them."""

    built: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)

    def say(self, sentence: str) -> None:
        """Each sentence once, however many characters it is true of."""
        if sentence not in self.sentences:
            self.sentences.append(sentence)

    def to_json(self) -> dict[str, Any]:
        built = list(dict.fromkeys(self.built))
        first = [f"references made: {', '.join(built)}"] if built else []
        return {"made": built, "kept": list(dict.fromkeys(self.kept)), "said": first + self.sentences}


def make(farm: Premises, stored: StoredShow) -> dict[str, Any]:
    """Make what is missing of a project's references; what was made, what was here, and what cannot be made.

    One for each character and each identity network that the project's profiles ask for, and for its style
    likewise. An installation without the worker extra, or without a network, keeps the show and says what is
    missing.
    """
    try:
        studio = _Studio(farm, stored)
    except NotHere as error:
        return {"made": [], "kept": [], "said": [f"No references were made: {error}"]}
    return studio.work()


class _Studio:
    """One show's references, with the renderer and the networks that make them."""

    def __init__(self, farm: Premises, stored: StoredShow) -> None:
        """Raises `NotHere` when there is no renderer, or nothing that loads networks."""
        self._farm, self._stored = farm, stored
        self._renderer, shelf = _equipment(farm.settings.networks_dir)
        self._builder = Builder(partial(farm.store_reference, stored.project), shelf)
        self._outcome = _Outcome()

    def work(self) -> dict[str, Any]:
        wanted = self._farm.wanted_references(self._stored)
        total = sum(max(1, len(each.recipes)) for each in wanted)
        with counting_bar("references") as bar:
            done = 0
            for each in wanted:
                self._make(each, partial(_advance, bar, done, total))
                done += max(1, len(each.recipes))
                bar(done, total)
        return self._outcome.to_json()

    def _make(self, wanted: WantedReference, drawn: Callable[[int], None]) -> None:
        """One reference by every network that can be had here."""
        if not wanted.named and not wanted.recipes:
            self._outcome.say(_nothing_to_show(self._stored.project, wanted))
            return
        try:
            paths = [kept(self._farm.store, self._stored.project, wanted.label, each) for each in wanted.named]
        except OSError as error:
            self._outcome.say(f"{wanted.label}: {error.filename} cannot be read: {error.strerror}")
            return
        paths = paths or [self._address(wanted, each) for each in wanted.recipes]
        for network in wanted.networks:
            try:
                sha256 = self._builder.network(network, wanted.character).sha256
            except NotMeasured as error:
                self._outcome.say(f"No reference by {network} was made: {error}")
                continue
            if self._is_known(wanted, network, sha256, paths):
                self._outcome.kept.append(wanted.label)
                continue
            for number, (recipe, path) in enumerate(zip(wanted.recipes, paths, strict=False), start=1):
                self._draw(recipe, self._farm.store.path(path))
                drawn(number)
            self._build(wanted, network, paths)

    def _build(self, wanted: WantedReference, network: str, paths: list[str]) -> None:
        files = [self._farm.store.path(path) for path in paths]
        try:
            built = self._builder.build(
                wanted.character, network, first_frames(files), paths, by=wanted.approved_by
            )
        except (BadInput, NotMeasured) as error:
            self._outcome.say(f"{wanted.label}, {network}: {error}")
            return
        for path, why in built.outliers.items():
            # Some drawn heads face away, which needs no word; a picture that a person named does.
            if wanted.named:
                name = wanted.named[paths.index(path)].name
                self._outcome.say(f"{wanted.label}, {network}: {name} was left out: {why}")
        self._outcome.built.append(wanted.label)

    def _is_known(self, wanted: WantedReference, network: str, sha256: str, paths: Sequence[str]) -> bool:
        """Whether this file of the network knows these pictures, or something a person approved by name."""
        known = self._farm.references(self._stored.project)
        here = (wanted.character, network, sha256)
        reference = next(
            (each for each in known if (each.character, each.network, each.network_sha256) == here), None
        )
        if reference is None:
            return False
        if reference.approved_by not in (DEMO, SHOW):
            self._outcome.say(_approved_by_a_person(wanted, reference))
            return True
        return reference.image_paths == tuple(paths)

    def _address(self, wanted: WantedReference, recipe: Recipe) -> str:
        """Where a drawn picture lies in the store: another recipe or renderer is another picture."""
        canonical = json.dumps([self._renderer.name, self._renderer.version, recipe.to_json()], sort_keys=True)
        name = hashlib.sha256(canonical.encode()).hexdigest()[:16]
        return place(self._stored.project, wanted.label, name, ".png")

    def _draw(self, recipe: Recipe, target: Path) -> None:
        if target.is_file():
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".draw-") as scratch:
            rendered = self._renderer.render(
                recipe, Path(scratch), progress=lambda *_: None, alive=lambda: True
            )
            os.replace(rendered.master, target)


def _advance(bar: Callable[[int, int], None], done: int, total: int, drawn: int) -> None:
    bar(done + drawn, total)


def _nothing_to_show(project: str, wanted: WantedReference) -> str:
    command = f"farm reference {project} {wanted.character or '--style'} IMAGE..."
    return (
        f"{wanted.label}: the show names no pictures, and this renderer draws none; make one with `{command}`"
    )


def _approved_by_a_person(wanted: WantedReference, reference: ReferenceView) -> str:
    return f"{wanted.label}, {reference.network}: kept what {reference.approved_by} approved"


def _equipment(networks_dir: Path) -> tuple[Renderer, Shelf]:
    """The renderer and the networks; raises `NotHere` when one cannot be loaded here."""
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
    set_threads(threads_here())
    return drawing, Shelf(networks_dir)
