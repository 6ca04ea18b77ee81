"""Train the identity network of the procedural renderer's characters, and say how often it errs.

`python -m tests.training.identity --networks FOLDER` draws random characters, learns where
heads are and which of their features tell characters apart, then tries it on characters it has not seen and
writes `toon_id.npz` and `toon_id.json` beside the scoring package and the table of its error rates to
`docs/identity.md`. Every draw has a fixed seed and one thread computes, so two runs on one kind of
machine write the same arrays.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from tests.training.fitting import fit_map, fit_projection
from tests.training.identity_errors import error_rates, try_unseen
from tests.training.identity_page import page
from tests.training.sets import cast, draw_all, setting
from workers.scoring.networks import identity_toon
from workers.scoring.networks.efficientnet_lite0 import EfficientNetLite0
from workers.scoring.networks.heads import CELL_PX, Head, cells, looked_at
from workers.scoring.networks.shelf import Shelf
from workers.scoring.networks.torch_device import set_threads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from workers.renderers.toon.random_scenes import Cast

    Floats = NDArray[np.float32]

_TRAIN_CHARACTERS = 1500
#: of so many characters one is drawn alone as well, to teach what a usual picture looks like
_CHARACTERS_PER_PORTRAIT = 3
_PAGE = Path(__file__).parents[2] / "docs" / "identity.md"
#: pictures of each character beside five others
_CROWDS = 5
_CROWD = 6
#: casts that share a setting, and so its place and light
_CASTS_IN_SETTING = 10
#: of so many crowds one teaches where heads are; pictures of one character all do
_CROWDS_PER_LESSON = 2
#: cells without a head that are kept of each picture
_EMPTY_CELLS = 40


def main(argv: list[str] | None = None) -> int:
    """Train, try, write; exit code 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=Path, required=True, help="folder that holds efficientnet-lite0")
    parser.add_argument("--characters", type=int, default=_TRAIN_CHARACTERS)
    parser.add_argument("--unseen", type=int, default=300)
    parser.add_argument("--into", type=Path, default=identity_toon.FILE.parent)
    parser.add_argument("--try-only", action="store_true", help="try the arrays that were learnt before")
    parser.add_argument("--page", type=Path, default=_PAGE, help="where the table of error rates goes")
    options = parser.parse_args(argv)
    set_threads(1)
    started = time.monotonic()
    lite0 = EfficientNetLite0(Shelf(options.networks).file("efficientnet-lite0"))
    file = options.into / identity_toon.FILE.name
    if not options.try_only:
        np.savez(file, **train(lite0, options.characters))  # type: ignore[arg-type]
    _tell(f"{file.name}: {file.stat().st_size} bytes after {time.monotonic() - started:.0f} s")
    network = identity_toon.IdentityToon(lite0, file)
    rates = error_rates(try_unseen(network, options.unseen, _tell))
    rates["trained_on_characters"] = options.characters
    (options.into / "toon_id.json").write_text(json.dumps(rates, indent=2) + "\n")
    options.page.write_text(page(rates))
    sys.stdout.write(page(rates))
    return 0


def train(lite0: EfficientNetLite0, characters: int) -> dict[str, Floats]:
    """The arrays of `toon_id.npz`: the head map under `map_...`, and the projection."""
    cells_seen: list[tuple[Floats, Floats]] = []
    described: list[Floats] = []
    labels: list[int] = []
    casts = list(_casts(characters))
    for done, (one, frame) in enumerate(zip(casts, draw_all(casts), strict=True)):
        heads = _true_heads(one)
        if len(heads) == 1 or done % _CROWDS_PER_LESSON == 0:
            cells_seen.append(_cells(lite0, frame, heads, done))
        for head, label in zip(heads, one.characters, strict=True):
            square = identity_toon.crop(frame, _moved(head, len(labels)))
            # Seen in a mirror a character is the same one: a parting may change sides, a face may not.
            both = [square, identity_toon.mirrored(square)]
            described.append(identity_toon.describe(lite0, both).astype(np.float16))
            labels += [label, label]
        if done % 200 == 0:
            _tell(f"{done} of {len(casts)} pictures")
    vectors, targets = (np.concatenate(parts) for parts in zip(*cells_seen, strict=True))
    arrays = fit_map(vectors, targets)
    _tell(f"{len(labels) // 2} heads of {characters} characters")
    x = np.concatenate(described).astype(np.float32)
    # Chosen on held-out characters of this series, never on the unseen ones of the trial.
    return arrays | fit_projection(x, np.array(labels), kept=1200, shrink=0.15, emphasis=0.5)


def _casts(characters: int) -> Iterator[Cast]:
    """Some characters once alone, each some times in a crowd, half of them moving; setting by setting."""
    for index, number in enumerate(range(0, characters, _CHARACTERS_PER_PORTRAIT)):
        where = setting(index // _CASTS_IN_SETTING, "seen", 1)
        yield cast((number,), "seen", 0, where, moving=index % 2 == 1)
    draw = np.random.default_rng(5)
    orders = [draw.permutation(characters) for _ in range(_CROWDS)]
    crowds = [
        (take, tuple(int(number) for number in order[start : start + _CROWD]))
        for start in range(0, characters, _CROWD)
        for take, order in enumerate(orders, start=1)
    ]
    for index, (take, numbers) in enumerate(crowds):
        where = setting(index // _CASTS_IN_SETTING, "seen", _CROWD)
        yield cast(numbers, "seen", take, where, moving=index % 2 == 1)


def _true_heads(cast: Cast) -> list[Head]:
    return [Head((x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0, 1.0) for x0, y0, x1, y1 in cast.heads()]


def _moved(head: Head, seed: int) -> Head:
    """A box as wrong as a found one may be."""
    draw = np.random.default_rng(seed)
    size = float(np.exp(draw.normal(0.0, 0.05)))
    x, y = (float(v) * head.width for v in draw.normal(0.0, 0.04, 2))
    return Head(head.x + x, head.y + y, head.width * size, head.height * size, 1.0)


def _cells(
    lite0: EfficientNetLite0, frame: NDArray[np.uint8], heads: list[Head], seed: int
) -> tuple[Floats, Floats]:
    """Cells of one picture with what the map should answer: `(n, 264)` and `(n, 5)`."""
    small = looked_at(frame)
    grid = cells(lite0.parts([small]))[0].permute(1, 2, 0).cpu().numpy()
    unit = CELL_PX * frame.shape[0] / small.shape[0]
    rows, columns = np.indices(grid.shape[:2])
    answers = np.zeros((*grid.shape[:2], 5), np.float32)
    near = np.zeros(grid.shape[:2], bool)
    for head in heads:
        dx, dy = head.x / unit - 0.5 - columns, head.y / unit - 0.5 - rows
        reach = 0.18 * max(head.width, head.height) / unit + 0.5
        distance = np.hypot(dx, dy)
        near |= distance < 2.2 * reach
        inside = distance < reach
        size = [np.log(head.width / unit), np.log(head.height / unit)]
        answers[inside] = np.stack([np.ones_like(dx), dx, dy, *(np.full_like(dx, s) for s in size)], -1)[inside]
    positive = answers[..., 0] > 0
    draw = np.random.default_rng(seed)
    close = near & ~positive
    far = ~near & ~positive
    chosen = positive | (close & (draw.random(close.shape) < 0.3))
    chosen |= far & (draw.random(far.shape) < _EMPTY_CELLS / max(1, int(far.sum())))
    return grid[chosen].astype(np.float16).astype(np.float32), answers[chosen]


def _tell(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    torch.manual_seed(1)
    sys.exit(main())
