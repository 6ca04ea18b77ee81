"""What every renderer is: a name, a version, what it can do, and `render`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from models.recipe import Recipe
    from models.vocabulary import JobType
    from workers.media.rendered import Rendered


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a renderer can make; admission refuses an order outside it."""

    job_types: tuple[JobType, ...]
    min_side_px: int
    max_side_px: int
    max_frames: int
    #: width and height must be multiples of this
    side_multiple_px: int = 1
    vram_mib: int = 0


class Progress(Protocol):
    """Told as work is really done: `frames` finished, or sampler `steps` within the present ones."""

    def __call__(self, done: int, total: int, of: Literal["frames", "steps"] = "frames", /) -> None: ...


class Renderer(Protocol):
    """Makes the pixels of one recipe; the same recipe on the same version gives the same pixels."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    def capabilities(self) -> Capabilities: ...

    def render(
        self,
        recipe: Recipe,
        into: Path,
        *,
        progress: Progress,
        alive: Callable[[], bool],
        cold: bool = False,
    ) -> Rendered:
        """Write the take into the folder `into` and describe it.

        `progress` is told as frames are really finished; `alive()` turns false when the work is no longer ours,
        and then the renderer stops and raises. `cold` forgets what was computed before: a reproduction proves
        nothing when it is answered from a cache.

        Raises:
            LeaseLost: `alive()` turned false.
            StepFailed: anything else; its `error_kind` says who may try again.
        """
        ...
