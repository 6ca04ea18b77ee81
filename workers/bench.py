"""The bench of one worker process: its renderers and its scoring panel, opened when a job first needs them."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

from workers.renderers import registry

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping
    from pathlib import Path

    from models.metrics import Measurement
    from models.recipe import Recipe
    from workers.media.rendered import Rendered
    from workers.renderers.renderer import Facts, Progress, Renderer
    from workers.scoring.expectations import Expectations
    from workers.scoring.networks.shelf import Shelf
    from workers.scoring.panel import Panel, Wanted
    from workers.scoring.picture_distance import PictureDistance


class Bench:
    """Everything one process renders and scores with; one thread at a time."""

    def __init__(
        self, *, networks_dir: Path, equipment: Mapping[str, Mapping[str, Hashable]] | None = None
    ) -> None:
        """Opens nothing yet; a worker that only renders never loads a network.

        `equipment` is what a renderer's factory asks for, by renderer: for `comfyui` the address of one server.
        """
        self._networks_dir = networks_dir
        self._equipment = equipment or {}
        self._panel: Panel | None = None
        self._checkpoint = ""

    def loaded(self) -> tuple[str, ...]:
        """The checkpoints that need no loading, for a claim that may prefer them."""
        return (self._checkpoint,) if self._checkpoint else ()

    def render(
        self, recipe: Recipe, into: Path, *, progress: Progress, alive: Callable[[], bool], cold: bool = False
    ) -> Rendered:
        """Make the pixels of `recipe` in `into`; raises what `Renderer.render` does, and `NotHere`."""
        rendered = self._renderer(recipe).render(recipe, into, progress=progress, alive=alive, cold=cold)
        self._checkpoint = recipe.model_name
        return rendered

    def load(self, renderer: str) -> None:
        """Import what a renderer needs, once; raises `NotHere` when it is not installed."""
        registry.renderer(renderer, **self._equipment.get(renderer, {}))

    def facts(self, recipe: Recipe) -> Facts:
        """What decides the pixels of `recipe` here; raises what `Renderer.facts` does, and `NotHere`."""
        return self._renderer(recipe).facts(recipe)

    def measure(
        self,
        master: Path,
        expectations: Expectations,
        wanted: Iterable[Wanted],
        *,
        progress: Callable[[int, int], None],
        alive: Callable[[], bool],
    ) -> list[Measurement]:
        """One measurement for every wanted (metric, network); raises what `Panel.measure` raises."""
        return self._opened().measure(master, expectations, wanted, progress=progress, alive=alive)

    @property
    def shelf(self) -> Shelf:
        """The networks of this process, each loaded when it is first asked for."""
        return self._opened().shelf

    def distance(self) -> PictureDistance:
        """How different two frames look; its network is loaded when the first two differ."""
        from workers.scoring.picture_distance import PictureDistance

        return PictureDistance(lambda: self.shelf)

    def free(self) -> None:
        """Give back all memory that can be loaded again, before a job that ran out of it is tried once more."""
        self._panel = None
        self._checkpoint = ""
        registry.renderer.cache_clear()
        gc.collect()
        torch = sys.modules.get("torch")
        if torch is not None and torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _opened(self) -> Panel:
        if self._panel is None:
            from workers.scoring.panel import Panel

            self._panel = Panel(self._networks_dir)
        return self._panel

    def _renderer(self, recipe: Recipe) -> Renderer:
        return registry.renderer(recipe.renderer, **self._equipment.get(recipe.renderer, {}))
