"""A renderer that draws almost nothing, for tests of everything around a render.

Its options stand in the recipe's `model_name`, after a colon and separated by commas: `null:seconds=2` takes
that long with real progress, `null:until=/a/file` goes on until that file is there, `null:hang` goes on until
the work is taken away, `null:fail=out_of_memory` fails with that error kind.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import LeaseLost, StepFailed
from models.vocabulary import ErrorKind
from workers.renderers import registry
from workers.renderers.renderer import Facts

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from models.recipe import Recipe
    from workers.media.rendered import Rendered
    from workers.renderers.renderer import Capabilities, Progress

_SLICE_S = 0.02
"""How often a waiting render asks whether it is still wanted."""
_MAX_SIDE_PX = 64
"""Bigger orders are drawn this small: engine tests order by the thousand."""


@dataclass(frozen=True, slots=True)
class _Options:
    seconds: float = 0.0
    fail: ErrorKind | None = None
    until: Path | None = None
    hang: bool = False

    def keeps_waiting(self) -> bool:
        """Whether something else than the time is waited for."""
        return self.hang or (self.until is not None and not self.until.exists())


class NullRenderer:
    """Waits as told, then writes a tiny gradient that every reader can read."""

    name = "null"
    version = "1"

    def capabilities(self) -> Capabilities:
        """See `registry`, where admission reads the same value."""
        return registry.capabilities(self.name)

    def facts(self, recipe: Recipe) -> Facts:
        """Its version is all that decides."""
        return Facts(environment=self._environment())

    def render(
        self, recipe: Recipe, into: Path, *, progress: Progress, alive: Callable[[], bool], cold: bool = False
    ) -> Rendered:
        """Write the take after the wait that `model_name` asks for.

        Raises:
            LeaseLost: `alive()` turned false.
            StepFailed: `model_name` asks for a failure or cannot be read.
        """
        from workers.media.takes import TakeWriter

        options = _options(recipe.model_name)
        total = recipe.frame_count if recipe.job_type.is_motion else 1
        with TakeWriter(into, recipe) as take:
            for index in range(total):
                _wait(options, total, alive)
                if options.fail is not None and index == total // 2:
                    raise StepFailed("The null renderer failed as ordered.", error_kind=options.fail)
                take.add(_picture(recipe, index))
                progress(index + 1, total)
            return take.finish(environment=self._environment())

    def _environment(self) -> dict[str, str]:
        return {"renderer": self.name, "renderer_version": self.version}


def _options(model_name: str) -> _Options:
    """The options after the colon; a model name of another renderer means none."""
    prefix, _, text = model_name.partition(":")
    if prefix != "null" or not text:
        return _Options()
    options = dict(part.partition("=")[::2] for part in text.split(","))
    try:
        return _Options(
            seconds=float(options.pop("seconds", 0)),
            fail=ErrorKind(options.pop("fail")) if "fail" in options else None,
            until=Path(options.pop("until")) if "until" in options else None,
            hang=options.pop("hang", None) is not None,
        )
    except ValueError as error:
        raise StepFailed(
            f"The null renderer cannot read '{model_name}': {error}.", error_kind=ErrorKind.BAD_RECIPE
        ) from error


def _wait(options: _Options, total: int, alive: Callable[[], bool]) -> None:
    """One frame's share of the ordered time, in slices, so that a cancelled job stops at once."""
    until = time.monotonic() + options.seconds / total
    while True:
        if not alive():
            raise LeaseLost
        left = until - time.monotonic()
        if left <= 0 and not options.keeps_waiting():
            return
        time.sleep(min(_SLICE_S, left) if left > 0 else _SLICE_S)


def _picture(recipe: Recipe, index: int) -> NDArray[np.uint8]:
    """A small gradient that depends on the seed and moves with the frame."""
    import numpy as np

    height, width = (min(side, _MAX_SIDE_PX) for side in (recipe.height, recipe.width))
    x, y = np.arange(width, dtype=np.uint64), np.arange(height, dtype=np.uint64)[:, None]
    seed = recipe.seed % 251
    channels = (x * 3 + y + index * 5 + seed, x + y * 3 + seed, x * 2 + y * 2 + index + seed)
    return np.stack([(channel % 256).astype(np.uint8) for channel in channels], axis=-1)
