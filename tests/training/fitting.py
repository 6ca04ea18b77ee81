"""Learn the small matrices of our own networks: a head map, a discriminant projection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_HIDDEN = 64
_STEPS = 2500
_BATCH = 512
_PRINCIPAL_ROWS = 3000


def fit_map(vectors: Floats, targets: Floats) -> dict[str, Floats]:
    """The head map's arrays from cells `(n, C)` and answers `(n, 5)`: is a head, offset x, y, log size w, h."""
    torch.manual_seed(1)
    mean, deviation = vectors.mean(0), vectors.std(0) + 1e-3
    x = torch.from_numpy((vectors - mean) / deviation)
    y = torch.from_numpy(targets)
    first, second = torch.nn.Linear(x.shape[1], _HIDDEN), torch.nn.Linear(_HIDDEN, 5)
    optimiser = torch.optim.AdamW([*first.parameters(), *second.parameters()], lr=2e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, _STEPS)
    for _ in range(_STEPS):
        rows = torch.randint(len(x), (_BATCH,))
        answer = second(functional.relu(first(x[rows])))
        wanted = y[rows]
        loss = functional.binary_cross_entropy_with_logits(answer[:, 0], wanted[:, 0])
        inside = wanted[:, 0] > 0
        loss = loss + functional.smooth_l1_loss(answer[inside, 1:], wanted[inside, 1:], beta=0.3)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    layers = {"w1": first.weight, "b1": first.bias, "w2": second.weight, "b2": second.bias}
    arrays = {f"map_{name}": layer.detach().numpy().astype(np.float16) for name, layer in layers.items()}
    return arrays | {"map_mean": mean.astype(np.float32), "map_deviation": deviation.astype(np.float32)}


def fit_projection(
    x: Floats,
    labels: NDArray[np.int64],
    *,
    size: int = 32,
    kept: int = 800,
    shrink: float = 0.1,
    emphasis: float = 1.0,
) -> dict[str, Floats]:
    """A linear discriminant from descriptions `(n, F)`: `mean` `(F,)` and `matrix` `(F, size)`.

    Features are scaled, the `kept` strongest principal directions whitened against the spread inside a label
    (shrunk, because there are few pictures of each), then the directions in which labels differ most are taken,
    each weighted by how much more labels differ there than pictures of one label do. `shrink` is the share of
    an even spread that is added to the spread inside a label, `emphasis` the power of the weights.
    """
    mean = x.mean(0)
    scale = x.std(0) + 1e-2
    scaled = (x - mean) / scale
    basis = _principal(scaled, kept)
    z = scaled @ basis
    _, index = np.unique(labels, return_inverse=True)
    centres = np.stack([z[index == label].mean(0) for label in range(index.max() + 1)])
    inside = z - centres[index]
    within = inside.T @ inside / (len(z) - len(centres))
    within += np.eye(len(within)) * shrink * np.trace(within) / len(within)
    values, vectors = np.linalg.eigh(within)
    whiten = vectors / np.sqrt(values)
    between = np.cov((centres @ whiten).T)
    strength, directions = np.linalg.eigh(between)
    best = np.argsort(-strength)[:size]
    # What is left of a difference after the noise of one picture is taken off, as in a Wiener filter.
    signal = np.clip(strength[best] - 1.0 / np.bincount(index).mean(), 0.0, None)
    weight = np.sqrt(signal / (signal + 1.0)) ** emphasis
    matrix = (basis @ whiten @ directions[:, best] * weight) / scale[:, None]
    matrix *= 10.0 / np.abs(matrix).max()
    return {"mean": mean.astype(np.float32), "matrix": matrix.astype(np.float16)}


def _principal(scaled: Floats, kept: int) -> Floats:
    """The `kept` strongest principal directions of rows `(n, F)`, `(F, kept)`."""
    # Some thousand rows know the strongest directions well enough, and the time grows with their cube.
    rows = scaled[:: -(-len(scaled) // _PRINCIPAL_ROWS)]
    _, _, axes = np.linalg.svd(rows, full_matrices=False)
    return np.asarray(axes[:kept].T)
