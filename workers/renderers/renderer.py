"""What every renderer is: a name, a version, what it can do, and `render`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
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
    #: fields of orders and recipes that change nothing about its pictures
    ignores: frozenset[str] = frozenset()
    #: fields of an order of which one must say something, or the picture is empty; none: it draws anything
    shown_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What decides, beside the recipe, which pixels come out; known without rendering."""

    #: the part of the environment that decides, as a render here would record it: `renderer_version`, `skia`
    environment: Mapping[str, str]
    #: what a render here would record: file of weights -> SHA-256; empty where it cannot be read
    file_hashes: Mapping[str, str] = field(default_factory=dict)
    #: pictures the recipe starts from, of which no hash was recorded
    unknown_pictures: tuple[str, ...] = ()

    @property
    def unknown(self) -> tuple[str, ...]:
        """Files that may have changed without anybody noticing; one is enough to forbid a comparison."""
        return (*(name for name, sha256 in self.file_hashes.items() if not sha256), *self.unknown_pictures)


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

    def facts(self, recipe: Recipe) -> Facts:
        """What a render of this recipe would record that decides its pixels.

        Raises:
            StepFailed: a render would fail in the same way.
        """
        ...

    def render(
        self, recipe: Recipe, into: Path, *, progress: Progress, alive: Callable[[], bool], cold: bool = False
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
