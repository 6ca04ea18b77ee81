"""The toon renderer behind the protocol that all renderers share."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

import numpy as np
import skia

from models.errors import LeaseLost, Refused, StepFailed
from models.vocabulary import ErrorKind
from workers.media.takes import TakeWriter
from workers.renderers import registry
from workers.renderers.renderer import Facts
from workers.renderers.toon import atmosphere, figure
from workers.renderers.toon.drawing import frames

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from models.recipe import Recipe
    from workers.media.rendered import Rendered
    from workers.renderers.renderer import Capabilities, Progress


class ToonRenderer:
    """Draws a recipe's characters and scene as cel animation on the CPU, the same pixels every time."""

    name = "toon"
    #: raised whenever a recipe would give other pixels than before
    version = "1"

    def capabilities(self) -> Capabilities:
        """See `registry`, where admission reads the same value."""
        return registry.capabilities(self.name)

    def facts(self, recipe: Recipe) -> Facts:
        """Its version and that of the library that draws; another skia may draw other edges."""
        environment = self._environment()
        return Facts(environment={name: environment[name] for name in ("renderer", "renderer_version", "skia")})

    def render(
        self,
        recipe: Recipe,
        into: Path,
        *,
        progress: Progress,
        alive: Callable[[], bool],
        cold: bool = False,
    ) -> Rendered:
        """Draw every frame into the take in `into`.

        No picture is kept from one take to the next; `cold` also forgets the shapes of hair and the filters of
        light that are.

        Raises:
            LeaseLost: `alive()` turned false.
            StepFailed: an attribute nobody can draw (BAD_RECIPE), a size outside the capabilities (BAD_RECIPE),
                or a disk that is full.
        """
        _require_drawable(recipe, self.capabilities())
        if cold:
            atmosphere.forget()
            figure.forget()
        total = recipe.frame_count if recipe.job_type.is_motion else 1
        try:
            with TakeWriter(into, recipe) as take:
                for done, frame in enumerate(frames(recipe), start=1):
                    if not alive():
                        raise LeaseLost
                    take.add(frame)
                    progress(done, total)
                return take.finish(environment=self._environment())
        except Refused as error:
            raise StepFailed(error.message, error_kind=ErrorKind.BAD_RECIPE, hint=error.hint) from error

    def _environment(self) -> dict[str, str]:
        return {
            "renderer": self.name,
            "renderer_version": self.version,
            "skia": skia.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
            "device": "cpu",
        }


def _require_drawable(recipe: Recipe, can: Capabilities) -> None:
    """Refuse a size or length outside `can`; admission does too, but a recipe may come from elsewhere."""
    low, high = can.min_side_px, can.max_side_px
    if not (low <= recipe.width <= high and low <= recipe.height <= high):
        raise StepFailed(
            f"The toon renderer draws sides of {low} to {high} px, not {recipe.width}x{recipe.height}.",
            error_kind=ErrorKind.BAD_RECIPE,
        )
    if not 1 <= recipe.frame_count <= can.max_frames:
        raise StepFailed(
            f"The toon renderer draws 1 to {can.max_frames} frames, not {recipe.frame_count}.",
            error_kind=ErrorKind.BAD_RECIPE,
        )
