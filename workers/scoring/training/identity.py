"""Train the identity network of the procedural renderer's characters, and say how often it errs.

`python -m workers.scoring.training.identity --networks FOLDER` draws random characters, learns where
heads are and which of their features tell characters apart, then tries it on characters it has not seen and
writes `toon_id.npz` and `toon_id.json` beside the scoring package.
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

from workers.scoring.casting import Cast, moving, picture
from workers.scoring.frames import short_side
from workers.scoring.networks import identity_toon
from workers.scoring.networks.efficientnet_lite0 import EfficientNetLite0
from workers.scoring.networks.heads import CELL_PX, SIDE_PX, Head, cells
from workers.scoring.networks.shelf import Shelf
from workers.scoring.networks.torch_device import set_threads
from workers.scoring.training.fitting import fit_map, fit_projection
from workers.scoring.training.identity_errors import error_rates, try_unseen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_TRAIN_CHARACTERS = 280
_PICTURES_EACH = 6
#: cells without a head that are kept of each picture
_EMPTY_CELLS = 40


def main(argv: list[str] | None = None) -> int:
    """Train, try, write; exit code 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=Path, required=True, help="folder that holds efficientnet-lite0")
    parser.add_argument("--characters", type=int, default=_TRAIN_CHARACTERS)
    parser.add_argument("--unseen", type=int, default=200)
    parser.add_argument("--into", type=Path, default=identity_toon.FILE.parent)
    options = parser.parse_args(argv)
    set_threads(1)
    started = time.monotonic()
    lite0 = EfficientNetLite0(Shelf(options.networks).file("efficientnet-lite0"))
    arrays = train(lite0, options.characters)
    file = options.into / identity_toon.FILE.name
    np.savez(file, **arrays)  # type: ignore[arg-type]
    _tell(f"{file.name}: {file.stat().st_size} bytes after {time.monotonic() - started:.0f} s")
    network = identity_toon.IdentityToon(lite0, file)
    rates = error_rates(try_unseen(network, options.unseen, _tell))
    rates["trained_on_characters"] = options.characters
    rates["seconds"] = round(time.monotonic() - started)
    (options.into / "toon_id.json").write_text(json.dumps(rates, indent=2) + "\n")
    sys.stdout.write(json.dumps(rates, indent=2) + "\n")
    return 0


def train(lite0: EfficientNetLite0, characters: int) -> dict[str, Floats]:
    """The arrays of `toon_id.npz`: the head map under `map_...`, and the projection."""
    vectors: list[Floats] = []
    targets: list[Floats] = []
    described: list[Floats] = []
    labels: list[int] = []
    for done, cast in enumerate(_casts(characters)):
        frame = cast.draw()
        heads = _true_heads(cast)
        cell_vectors, cell_targets = _cells(lite0, frame, heads, done)
        vectors.append(cell_vectors)
        targets.append(cell_targets)
        for head, label in zip(heads, cast.characters, strict=True):
            square = identity_toon.crop(frame, _moved(head, len(labels)))
            # Seen in a mirror a character is the same one: a parting may change sides, a face may not.
            for seen in (square, np.ascontiguousarray(square[:, ::-1])):
                described.append(identity_toon.describe(lite0, seen))
                labels.append(label)
        if done % 200 == 0:
            _tell(f"{done} pictures")
    arrays = fit_map(np.concatenate(vectors), np.concatenate(targets))
    return arrays | fit_projection(np.stack(described), np.array(labels))


def _casts(characters: int) -> Iterator[Cast]:
    """Each character alone in two pictures and beside another in four, in half of them moving."""
    for number in range(characters):
        yield picture((number,), "seen", 0)
        yield moving((number,), "seen", 1)
    draw = np.random.default_rng(5)
    for take in range(2, _PICTURES_EACH):
        order = draw.permutation(characters)
        for one, other in zip(order[::2], order[1::2], strict=False):
            yield (moving if take % 2 else picture)((int(one), int(other)), "seen", take)


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
    small = short_side(frame, SIDE_PX)
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
