"""The renderer that draws nothing: its take is a file that a person gave, mastered like any other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from models.disk import sha256_of
from models.errors import BadInput, LeaseLost, StepFailed
from models.pools import IMPORTED
from models.vocabulary import ErrorKind
from workers.renderers import registry
from workers.renderers.renderer import Facts

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.recipe import Recipe
    from workers.media.rendered import Rendered
    from workers.renderers.renderer import Capabilities, Progress


class ImportedRenderer:
    """Reads the file that the recipe starts from, if it is still the one that was given."""

    name = IMPORTED
    version = "1"

    def capabilities(self) -> Capabilities:
        """See `registry`, where admission reads the same value."""
        return registry.capabilities(self.name)

    def facts(self, recipe: Recipe) -> Facts:
        """The file, which the recipe knows by its content, is all that decides."""
        return Facts(environment=self._environment())

    def render(
        self, recipe: Recipe, into: Path, *, progress: Progress, alive: Callable[[], bool], cold: bool = False
    ) -> Rendered:
        """Write the file's pictures as the take; how many they are and how large, the gate holds to the order.

        Raises:
            LeaseLost: `alive()` turned false.
            StepFailed: the file is gone (UNAVAILABLE), or another, or cannot be decoded (BAD_RECIPE).
        """
        from workers.media.reading import FrameReader
        from workers.media.takes import TakeWriter

        file = _given(recipe)
        try:
            with TakeWriter(into, recipe) as take:
                for frame in FrameReader(file, recipe.fps if recipe.job_type.is_motion else 0):
                    if not alive():
                        raise LeaseLost
                    if take.frames and not recipe.job_type.is_motion:
                        raise BadInput(
                            f"The file moves, and a {recipe.job_type.value} is one picture.",
                            hint="Give it as a loop or a video.",
                        )
                    take.add(frame)
                    progress(take.frames, recipe.frame_count)
                return take.finish(environment=self._environment())
        except BadInput as error:
            raise StepFailed.of(error, ErrorKind.BAD_RECIPE) from error

    def _environment(self) -> dict[str, str]:
        return {"renderer": self.name, "renderer_version": self.version}


def _given(recipe: Recipe) -> Path:
    """The recipe's file, whose content is what it was when somebody gave it."""
    picture = recipe.start_image
    if picture is None:
        raise StepFailed("The recipe names no file to take pictures from.", error_kind=ErrorKind.BAD_RECIPE)
    path = Path(picture.path)
    try:
        sha256 = sha256_of(path)
    except OSError as error:
        raise StepFailed(
            f"The file {path.name} that was given cannot be read: {error.strerror or error}.",
            error_kind=ErrorKind.UNAVAILABLE,
            hint="Give it with `farm take add`; every worker needs the same artifact store.",
        ) from error
    if sha256 != picture.sha256:
        raise StepFailed(
            f"The file {path.name} is not what it was when it was given.",
            error_kind=ErrorKind.BAD_RECIPE,
            hint="Give it again.",
        )
    return path
