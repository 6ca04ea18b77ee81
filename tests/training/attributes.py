"""Learn to see hair and eye colours on random characters, and say how often it errs on ones it has not seen.

`python -m tests.training.attributes` draws, learns and writes `attributes.npz` and the table in
`docs/attributes.md`; with `--try` it measures the file that is there and writes only the table.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
from torch.nn import functional

from tests.training import attribute_pictures as pictures
from tests.training.attribute_errors import report, tried
from workers.renderers.toon.attributes import VOCABULARY
from workers.scoring import attributes
from workers.scoring.attributes import LEAST_SHARE, PARTS, SIDE_PX, Table, described, part_map
from workers.scoring.networks.torch_device import set_threads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tests.training.attribute_pictures import LabelledHead

    Floats = NDArray[np.float32]

_DOCS = Path(__file__).parents[2] / "docs" / "attributes.md"
_TRAIN_PICTURES = 900
_TRY_PICTURES = 400
#: name -> (outputs, inputs, kernel) of the map's layers
_LAYERS = {
    "fine": (12, 3, 5),
    "middle": (20, 12, 3),
    "coarse": (28, 20, 3),
    "near": (28, 28, 3),
    "far": (28, 28, 3),
    "join_middle": (20, 48, 3),
    "join_fine": (12, 32, 3),
    "out": (4, 12, 1),
}
_EPOCHS = 26
_BATCH = 32
_HIDDEN = 40
#: squares drawn from each head for the table of names
_VIEWS_EACH = 3
#: share of squares without a head, so that a wall is not taken for hair
_HEADLESS = 0.1
#: share of what the map finds that must be the part; an iris comes with its pupil, its rim and some white
_LEAST_TRUE = {"hair_color": 0.5, "eye_color": 0.15}
#: of what the table answers on heads kept aside, this share must be right
_AIM = 0.97


def main(argv: list[str] | None = None) -> int:
    """Learn, try, write; exit code 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--try", dest="only_try", action="store_true", help="measure the file that is there")
    parser.add_argument("--pictures", type=int, default=_TRAIN_PICTURES, help="pictures to learn from")
    parser.add_argument("--unseen", type=int, default=_TRY_PICTURES, help="pictures to be tried on")
    parser.add_argument("--into", type=Path, default=_DOCS, help="the page with the table")
    options = parser.parse_args(argv)
    set_threads(1)
    if not options.only_try:
        heads = list(pictures.labelled("tint-seen", options.pictures))
        _tell(f"{len(heads)} heads to learn from")
        save(learn(heads))
    page = report(tried(pictures.labelled("tint-fresh", options.unseen)), options.unseen)
    options.into.write_text(page)
    sys.stdout.write(page)
    return 0


def learn(heads: Sequence[LabelledHead], epochs: int = _EPOCHS) -> dict[str, Floats]:
    """The arrays of `attributes.npz` from labelled heads; the last tenth sets how sure an answer must be."""
    known, aside = heads[: -len(heads) // 10], heads[-len(heads) // 10 :]
    return learn_names(learn_map(known, epochs), known, aside)


def learn_names(
    arrays: dict[str, Floats], known: Sequence[LabelledHead], aside: Sequence[LabelledHead]
) -> dict[str, Floats]:
    """The map's arrays with those of the names, learnt from what the map finds in known heads."""
    draw = np.random.default_rng(3)
    described_known = [_described(Table(arrays), head, draw) for _ in range(_VIEWS_EACH) for head in known]
    described_aside = [_described(Table(arrays), head, draw) for _ in range(_VIEWS_EACH) for head in aside]
    for kind in PARTS:
        arrays |= _learn_names(kind, [d for each in described_known if (d := each.get(kind))])
        answers = [_answer(Table(arrays), kind, d) for each in described_aside if (d := each.get(kind))]
        least = _least_surety([answer for answer in answers if answer])
        arrays[f"{kind}_least"] = np.float32(least)  # type: ignore[assignment]
    return arrays


def save(arrays: dict[str, Floats]) -> None:
    """Write the file in half precision, which changes no name, and read it anew from now on."""
    np.savez_compressed(
        attributes.FILE,
        **{name: array.astype(np.float16) for name, array in arrays.items()},  # type: ignore[arg-type]
    )
    attributes.table.cache_clear()
    _tell(f"{attributes.FILE.name}: {attributes.FILE.stat().st_size} bytes")


def learn_map(heads: Sequence[LabelledHead], epochs: int) -> dict[str, Floats]:
    """The weights of the map of parts, under `map_...`."""
    torch.manual_seed(1)
    weights: dict[str, torch.Tensor] = {}
    for name, (outputs, inputs, kernel) in _LAYERS.items():
        spread = (2.0 / (inputs * kernel * kernel)) ** 0.5
        weights[f"map_{name}_w"] = torch.randn(outputs, inputs, kernel, kernel) * spread
        weights[f"map_{name}_b"] = torch.zeros(outputs)
    for tensor in weights.values():
        tensor.requires_grad_(True)
    steps = epochs * (len(heads) // _BATCH)
    optimizer = torch.optim.Adam(weights.values(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 6e-3, total_steps=steps)
    draw, started, total = np.random.default_rng(2), time.monotonic(), 0.0
    # An iris is a few pixels of thousands: its pixels weigh more, or the map would do best without any.
    weigh = torch.tensor([1.0, 1.0, 6.0, 1.0])
    for step in range(steps):
        squares, parts = _batch([heads[i] for i in draw.integers(len(heads), size=_BATCH)], draw)
        loss = functional.cross_entropy(part_map(weights, squares), parts, weigh)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        total += float(loss.detach())
        if step % 100 == 99:
            _tell(f"step {step + 1} of {steps}: {total / 100:.4f} after {time.monotonic() - started:.0f} s")
            total = 0.0
    return {name: tensor.detach().numpy() for name, tensor in weights.items()}


def _batch(heads: list[LabelledHead], draw: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    made = [
        (_headless(head, draw) if draw.random() < _HEADLESS else None) or seen(head, draw) for head in heads
    ]
    squares = torch.from_numpy(np.stack([square for square, *_ in made])).permute(0, 3, 1, 2)
    parts = torch.from_numpy(np.stack([part[1::2, 1::2] for _, part, *_ in made])).long()
    return squares.float() / 255.0 - 0.5, parts


def seen(head: LabelledHead, draw: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.uint8], float]:
    """One head as a finder may cut it out, in some light: square and parts at 96 px, and its scale."""
    scale = attributes.MARGIN / pictures.MARGIN * float(np.exp(draw.normal(0.0, 0.1)))
    size = min(1.0, scale) * pictures.SIDE_PX
    middle = pictures.SIDE_PX / 2 + draw.normal(0.0, 0.03, 2) * pictures.SIDE_PX
    left, top = (float(np.clip(m - size / 2, 0, pictures.SIDE_PX - size)) for m in middle)
    zoom = SIDE_PX / size
    matrix = np.array([[zoom, 0, -left * zoom], [0, zoom, -top * zoom]], dtype=np.float64)
    cut = (SIDE_PX, SIDE_PX)
    square = cv2.warpAffine(head.square, matrix, cut, flags=cv2.INTER_LINEAR)
    part = cv2.warpAffine(_own(head.part), matrix, cut, flags=cv2.INTER_NEAREST)
    if draw.random() < 0.5:
        square, part = square[:, ::-1], part[:, ::-1]
    lit = np.clip(square * _light(draw), 0, 255).astype(np.uint8)
    return lit, np.ascontiguousarray(part), head.side / pictures.SIDE_PX * size / SIDE_PX


def _headless(
    head: LabelledHead, draw: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]] | None:
    """A piece of a picture without any hair, iris or skin; None where five tries found none."""
    for _ in range(5):
        side = int(draw.integers(20, 70))
        left, top = (int(v) for v in draw.integers(0, pictures.SIDE_PX - side, 2))
        if not head.part[top : top + side, left : left + side].any():
            piece = np.ascontiguousarray(head.square[top : top + side, left : left + side])
            square = np.asarray(cv2.resize(piece, (SIDE_PX, SIDE_PX)), dtype=np.uint8)
            return square, np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    return None


def _own(part: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The parts within the head's own box: hair that reaches out of it may be a neighbour's."""
    edge = round(pictures.SIDE_PX * (1 - 1.12 / pictures.MARGIN) / 2)
    own = np.zeros_like(part)
    own[edge:-edge, edge:-edge] = part[edge:-edge, edge:-edge]
    return own


def _light(draw: np.random.Generator) -> Floats:
    """A light a little off the renderer's own, `(3,)`: the five it has must not be all that is known."""
    light: Floats = np.exp(draw.normal(0.0, 0.04) + draw.normal(0.0, 0.025, 3)).astype(np.float32)
    return light


_Described = tuple["Floats", int]


def _described(table: Table, head: LabelledHead, draw: np.random.Generator) -> dict[str, _Described]:
    """Attribute -> (description, number of its word) of what the map finds in one head.

    Where too much of what it finds is something else, as a shut eye's lashes, it is one past the last word.
    """
    square, true, _ = seen(head, draw)
    parts = table.parts(square[None])[0]
    found: dict[str, _Described] = {}
    for kind, part in PARTS.items():
        inside = parts[part] > 0.5
        if inside.mean() >= LEAST_SHARE[kind]:
            words = list(VOCABULARY[kind])
            is_it = (true[inside] == part).mean() >= _LEAST_TRUE[kind]
            word = words.index(head.attributes[kind]) if is_it else len(words)
            found[kind] = (described(square, parts, part), word)
    return found


def _learn_names(kind: str, samples: list[_Described]) -> dict[str, Floats]:
    """Two layers from descriptions to words, and to none of them, under the attribute's name."""
    torch.manual_seed(4)
    raw = np.stack([sample for sample, _ in samples])
    mean, deviation = raw.mean(axis=0), raw.std(axis=0) + 1e-3
    x = torch.from_numpy((raw - mean) / deviation)
    y = torch.tensor([word for _, word in samples])
    sizes = (x.shape[1], _HIDDEN, len(VOCABULARY[kind]) + 1)
    w1 = (torch.randn(sizes[0], sizes[1]) / sizes[0] ** 0.5).requires_grad_()
    w2 = (torch.randn(sizes[1], sizes[2]) / sizes[1] ** 0.5).requires_grad_()
    b1, b2 = torch.zeros(sizes[1], requires_grad=True), torch.zeros(sizes[2], requires_grad=True)
    optimizer = torch.optim.AdamW([w1, b1, w2, b2], lr=3e-3, weight_decay=0.02)
    for _ in range(1500):
        chosen = torch.randint(len(x), (256,))
        noisy = x[chosen] + 0.05 * torch.randn(256, sizes[0])
        logits = functional.relu(noisy @ w1 + b1) @ w2 + b2
        loss = functional.cross_entropy(logits, y[chosen], label_smoothing=0.02)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    learnt = {"w1": w1, "b1": b1, "w2": w2, "b2": b2}
    named = {f"{kind}_{name}": tensor.detach().numpy() for name, tensor in learnt.items()}
    return named | {f"{kind}_mean": mean, f"{kind}_deviation": deviation}


def _answer(table: Table, kind: str, sample: _Described) -> tuple[float, bool] | None:
    """(surety, whether it is right); None where it says that there is nothing to see."""
    word, surety = table.name(kind, sample[0])
    return (surety, list(VOCABULARY[kind]).index(word) == sample[1]) if word else None


def _least_surety(answers: list[tuple[float, bool]]) -> float:
    """The least surety above which `_AIM` of the answers are right; never below what is more yes than no."""
    for least in np.arange(0.6, 0.96, 0.02):
        kept = [right for surety, right in answers if surety >= least]
        if kept and sum(kept) / len(kept) >= _AIM:
            return float(least)
    return 0.96


def _tell(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
