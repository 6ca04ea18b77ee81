"""A picture of every word that the toon renderer draws; of a movement, some of its moments side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from workers.media.masters import write_still
from workers.renderers.toon import undrawn
from workers.renderers.toon.drawing import moments
from workers.renderers.toon.specimens import specimen

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

_GAP_PX = 4
"""Between the moments of a movement."""


def picture(kind: str, word: str = "") -> npt.NDArray[np.uint8]:
    """What `word` looks like, (H, W, 3) uint8 RGB; without a word, what the same take looks like."""
    shown = specimen(kind, word)
    first, *others = moments(shown.recipe, shown.frames)
    gap = np.full((first.shape[0], _GAP_PX, 3), 255, np.uint8)
    return np.concatenate([first, *(part for other in others for part in (gap, other))], axis=1)


def write_pictures(folder: Path) -> Iterator[tuple[str, str]]:
    """Draw each word into `folder` as `KIND/WORD.png`; yields kind and word as each is written.

    Raises:
        StepFailed: the disk is full, or the folder cannot be written.
    """
    for kind, words in undrawn.tables().items():
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for word in words:
            write_still(folder / kind / f"{word}.png", picture(kind, word))
            yield kind, word
