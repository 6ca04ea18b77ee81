"""What colour a drawn head's hair and eyes are, measured in the picture and held against what was ordered.

A small learnt map says which pixels of a head are hair, iris and skin; a learnt table names their colour,
knowing the colours around them, so that hair by night or at sunset keeps its name. Both are learnt from the
procedural renderer's pictures by `training.attributes` and lie in `attributes.npz`; how often they err is in
`docs/attributes.md`. What cannot be seen has no name: never a guess.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import cv2
import numpy as np
import torch
from torch.nn import functional

from workers.renderers.toon.attributes import VOCABULARY, find_word
from workers.scoring.frames import square_around

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Picture = NDArray[np.uint8]

FILE = Path(__file__).parent / "attributes.npz"
#: attribute -> the part of the head it colours, as the map numbers parts (0 is everything else)
PARTS = {"hair_color": 1, "eye_color": 2}
_SKIN = 3
#: side of the square that is looked at, pixels, and how much wider than the head it is
SIDE_PX = 96
MARGIN = 1.3
#: a part is seen where this share of the square is surely of it
LEAST_SHARE = {"hair_color": 0.03, "eye_color": 0.0016}
#: and where it covers this many pixels of the picture itself
_LEAST_PX = {"hair_color": 60.0, "eye_color": 10.0}
_SURE = 0.5


class Box(Protocol):
    """Where a head is in a picture, pixels: its centre and size. A `Face` is one."""

    @property
    def x(self) -> float: ...
    @property
    def y(self) -> float: ...
    @property
    def width(self) -> float: ...
    @property
    def height(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour as it was measured."""

    name: str  #: the vocabulary's word for it
    lab: tuple[float, float, float]  #: CIE L* 0..100, a*, b* as seen, in the light of the picture
    surety: float  #: 0..1


def measure(picture: Picture, head: Box) -> dict[str, Colour]:
    """Hair and eye colour of one head in a picture `(H, W, 3)` uint8 RGB; what cannot be seen is left out."""
    side = max(8, round(MARGIN * max(head.width, head.height)))
    square = square_around(picture, head.x, head.y, side, SIDE_PX)
    return colours(square, table().parts(square[None])[0], side / SIDE_PX)


def check(picture: Picture, head: Box, expected: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Each expected attribute that can be measured, as this head shows it in a picture `(H, W, 3)` uint8 RGB.

    `expected` holds attribute -> word or free text; others than hair and eye colour are passed over, and so are
    texts that name no colour of the vocabulary. Answers attribute -> {expected, measured, agrees, lab}, where
    `measured`, `agrees` and `lab` are None for what is not seen.
    """
    wanted = {kind: word for kind in PARTS if (word := colour_word(kind, expected.get(kind, "")))}
    if not wanted:
        return {}
    seen = measure(picture, head)
    return {kind: _beside(word, seen.get(kind)) for kind, word in wanted.items()}


def colour_word(kind: str, text: str) -> str | None:
    """The vocabulary's colour in a text: `silver` for `long grey hair`; None where it names none."""
    return find_word(VOCABULARY[kind], text) if text else None


def _beside(word: str, seen: Colour | None) -> dict[str, Any]:
    return {
        "expected": word,
        "measured": seen.name if seen else None,
        "agrees": seen.name == word if seen else None,
        "lab": [round(value, 1) for value in seen.lab] if seen else None,
    }


def colours(square: Picture, parts: Floats, scale: float) -> dict[str, Colour]:
    """The named colours of a square `(96, 96, 3)` uint8 RGB from its parts `(4, 96, 96)`, 0..1."""
    named = {}
    for kind, part in PARTS.items():
        share = float((parts[part] > _SURE).mean())
        if share < LEAST_SHARE[kind] or share * (SIDE_PX * scale) ** 2 < _LEAST_PX[kind]:
            continue
        word, surety = table().name(kind, described(square, parts, part))
        if word is not None and surety >= table().least_surety(kind):
            lab = _median(lab_of(square), parts[part])
            named[kind] = Colour(word, (float(lab[0]), float(lab[1]), float(lab[2])), surety)
    return named


def lab_of(square: Picture) -> Floats:
    """CIE Lab `(H, W, 3)` of an sRGB picture: L* 0..100, a* and b* about -128..127."""
    return np.asarray(cv2.cvtColor(square.astype(np.float32) / np.float32(255.0), cv2.COLOR_RGB2LAB))


def described(square: Picture, parts: Floats, part: int) -> Floats:
    """What the table is asked with, `(33,)`: a part's colours from dark to bright, those beside it, place."""
    lab = lab_of(square)
    inside = lab[parts[part] > _SURE]
    # By brightness in fifths: cel shading is flat, so the shadow and the lit side come out clean.
    fifths = np.array_split(inside[np.argsort(inside[:, 0], kind="stable")], 5)
    bands = [band.mean(axis=0) if len(band) else inside.mean(axis=0) for band in fifths]
    others = [_median(lab, parts[other]) for other in (1, 2, _SKIN) if other != part]
    around = [np.median(lab[parts[0] > _SURE], axis=0) if (parts[0] > _SURE).any() else np.zeros(3)]
    shares = [float((parts[other] > _SURE).mean()) for other in (0, 1, 2, _SKIN)]
    brightest = np.percentile(lab[..., 0], [99.0])
    # A laughing mouth is as bright and framed in ink as an iris, but it is not where eyes are.
    place = np.argwhere(parts[part] > _SURE) / SIDE_PX
    rows = [*bands, *others, *around, np.array(shares), brightest, place.mean(axis=0), place.std(axis=0)]
    return np.concatenate(rows).astype(np.float32)


def _median(lab: Floats, part: Floats) -> Floats:
    """Median colour `(3,)` of what is surely of a part; zeros where nothing is."""
    inside = lab[part > _SURE]
    return np.median(inside, axis=0).astype(np.float32) if len(inside) else np.zeros(3, np.float32)


class Table:
    """The learnt map of parts and the learnt names of colours."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]], sha256: str = "") -> None:
        self.sha256 = sha256
        self._arrays = {name: np.asarray(array, dtype=np.float32) for name, array in arrays.items()}
        self._weights = {name: torch.from_numpy(array) for name, array in self._arrays.items()}

    @torch.inference_mode()
    def parts(self, squares: Picture) -> Floats:
        """How surely each pixel is nothing, hair, iris, skin: `(N, 4, 96, 96)` from `(N, 96, 96, 3)` uint8."""
        pictures = torch.from_numpy(np.ascontiguousarray(squares)).permute(0, 3, 1, 2).float() / 255.0 - 0.5
        answer = torch.softmax(part_map(self._weights, pictures), dim=1)
        full = functional.interpolate(answer, size=(SIDE_PX, SIDE_PX), mode="bilinear", align_corners=False)
        return np.asarray(full.numpy(), dtype=np.float32)

    def name(self, kind: str, raw: Floats) -> tuple[str | None, float]:
        """The vocabulary's word for a description `(33,)`, and how sure the table is of it, 0..1.

        None where what was described is not the part at all, as the lashes of a shut eye.
        """
        a = self._arrays
        x = (raw - a[f"{kind}_mean"]) / a[f"{kind}_deviation"]
        hidden = np.maximum(x @ a[f"{kind}_w1"] + a[f"{kind}_b1"], 0.0)
        logits = hidden @ a[f"{kind}_w2"] + a[f"{kind}_b2"]
        odds = np.exp(logits - logits.max())
        best = int(odds.argmax())
        return (*VOCABULARY[kind], None)[best], float(odds[best] / odds.sum())

    def least_surety(self, kind: str) -> float:
        """Below this the table keeps its answer to itself, 0..1."""
        return float(self._arrays[f"{kind}_least"])


def part_map(weights: Mapping[str, torch.Tensor], pictures: torch.Tensor) -> torch.Tensor:
    """Logits `(N, 4, 48, 48)` of pictures `(N, 3, 96, 96)`, -0.5..0.5: down three times, and up again twice."""

    def layer(name: str, x: torch.Tensor, stride: int = 1, dilation: int = 1) -> torch.Tensor:
        weight = weights[f"map_{name}_w"]
        padding = dilation * (weight.shape[-1] // 2)
        return functional.conv2d(x, weight, weights[f"map_{name}_b"], stride, padding, dilation)

    def up(x: torch.Tensor, beside: torch.Tensor) -> torch.Tensor:
        larger = functional.interpolate(x, size=beside.shape[2:], mode="bilinear", align_corners=False)
        return torch.cat([larger, beside], dim=1)

    fine = functional.relu(layer("fine", pictures, 2))
    middle = functional.relu(layer("middle", fine, 2))
    coarse = functional.relu(layer("coarse", middle, 2))
    coarse = coarse + functional.relu(layer("near", coarse))
    coarse = coarse + functional.relu(layer("far", coarse, 1, 2))
    middle = functional.relu(layer("join_middle", up(coarse, middle)))
    fine = functional.relu(layer("join_fine", up(middle, fine)))
    return layer("out", fine)


@cache
def table() -> Table:
    """The table beside this file, read once."""
    content = FILE.read_bytes()
    with np.load(FILE) as arrays:
        return Table({name: arrays[name] for name in arrays.files}, hashlib.sha256(content).hexdigest())
