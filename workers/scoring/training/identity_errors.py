"""How often the identity network errs on characters it has not seen: the trial and its figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from workers.scoring.casting import moving, picture
from workers.scoring.gauges.faces import build_identity_reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from workers.scoring.networks.heads import Head
    from workers.scoring.networks.identity_toon import IdentityToon

REFERENCE_PICTURES = 4
_FALSE_ACCEPTS = 0.01
_RESAMPLES = 400


@dataclass(frozen=True, slots=True)
class Trial:
    """Likeness of each tried head to every unseen character's reference."""

    similarities: NDArray[np.float32]  #: (heads, characters)
    owners: NDArray[np.int64]  #: (heads,) who the head really is
    shown: int  #: heads drawn
    found: int  #: of these, found


def try_unseen(network: IdentityToon, characters: int, tell: Callable[[str], None]) -> Trial:
    """Draw unseen characters, make references of four pictures each, find and compare heads in others."""
    references = references_of(network, range(characters))
    tell(f"{characters} references")
    vectors, owners, shown = heads_of(network, range(characters))
    return Trial(vectors @ references.T, owners, shown, len(owners))


def references_of(network: IdentityToon, characters: Iterable[int]) -> NDArray[np.float32]:
    """One reference `(D,)` for each unseen character, stacked."""
    vectors = []
    for number in characters:
        casts = [picture((number,), "unseen", take) for take in range(REFERENCE_PICTURES)]
        vectors.append(build_identity_reference(network, [cast.draw() for cast in casts]).vector)
    return np.stack(vectors)


def heads_of(
    network: IdentityToon, characters: Sequence[int]
) -> tuple[NDArray[np.float32], NDArray[np.int64], int]:
    """Vectors of heads found in other pictures, whose they really are, and how many heads were drawn.

    Everybody is drawn once alone in a still, and once beside the next one in the middle of an action.
    """
    vectors, owners, shown = [], [], 0
    casts = [picture((number,), "unseen", 10) for number in characters]
    casts += [moving(pair, "unseen", 11) for pair in zip(characters[::2], characters[1::2], strict=False)]
    for cast in casts:
        frame = cast.draw()
        heads = network.heads(frame)
        shown += len(cast.characters)
        for box, owner in zip(cast.heads(), cast.characters, strict=True):
            found = _nearest(heads, box)
            if found is not None:
                vectors.append(network.embed(frame, [found])[0])
                owners.append(owner)
    return np.stack(vectors), np.array(owners), shown


def _nearest(heads: list[Head], box: tuple[float, float, float, float]) -> Head | None:
    """The found head whose centre lies nearest to the middle of a true box, and inside it."""
    inside = [head for head in heads if box[0] < head.x < box[2] and box[1] < head.y < box[3]]
    return min(inside, key=lambda head: abs(2 * head.x - box[0] - box[2]), default=None)


def error_rates(trial: Trial) -> dict[str, Any]:
    """The mark at 1 % false accepts, and the error rates there; intervals by bootstrap over characters."""
    genuine, impostor = _split(trial)
    mark = _threshold(impostor)
    rejects = float((genuine < mark).mean())
    missed = 1.0 - trial.found / trial.shown
    low, high = _interval(trial)
    return {
        "network": "toon-id",
        "mark": round(mark, 4),
        "false_accepts": _FALSE_ACCEPTS,
        "false_rejects": round(rejects, 4),
        "false_rejects_95": [round(low, 4), round(high, 4)],
        "false_rejects_with_missed_heads": round(missed + (1 - missed) * rejects, 4),
        "equal_error_rate": round(_equal_error(genuine, impostor), 4),
        "auc": round(_auc(genuine, impostor), 5),
        "missed_heads": round(missed, 4),
        "unseen_characters": int(trial.similarities.shape[1]),
        "reference_pictures": REFERENCE_PICTURES,
        "heads_tried": trial.found,
        "genuine": _quantiles(genuine),
        "impostor": _quantiles(impostor),
    }


def _split(trial: Trial) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    own = trial.owners[:, None] == np.arange(trial.similarities.shape[1])[None]
    return trial.similarities[own], trial.similarities[~own]


def _threshold(impostor: NDArray[np.float32]) -> float:
    return float(np.quantile(impostor, 1.0 - _FALSE_ACCEPTS))


def _interval(trial: Trial) -> tuple[float, float]:
    """95 % interval of the false rejects: characters are drawn again with replacement, marks included."""
    draw = np.random.default_rng(9)
    count = trial.similarities.shape[1]
    rates = []
    for _ in range(_RESAMPLES):
        chosen = np.unique(draw.integers(count, size=count))
        rows = np.isin(trial.owners, chosen)
        genuine, impostor = _split(
            Trial(trial.similarities[rows][:, chosen], np.searchsorted(chosen, trial.owners[rows]), 1, 1)
        )
        rates.append(float((genuine < _threshold(impostor)).mean()))
    return float(np.percentile(rates, 2.5)), float(np.percentile(rates, 97.5))


def _equal_error(genuine: NDArray[np.float32], impostor: NDArray[np.float32]) -> float:
    marks = np.quantile(np.concatenate([genuine, impostor]), np.linspace(0, 1, 2001))
    rejects = np.searchsorted(np.sort(genuine), marks) / len(genuine)
    accepts = 1 - np.searchsorted(np.sort(impostor), marks) / len(impostor)
    at = int(np.argmin(np.abs(rejects - accepts)))
    return float((rejects[at] + accepts[at]) / 2)


def _auc(genuine: NDArray[np.float32], impostor: NDArray[np.float32]) -> float:
    return float((np.searchsorted(np.sort(impostor), genuine) / len(impostor)).mean())


def _quantiles(values: NDArray[np.float32]) -> dict[str, float]:
    return {f"p{q}": round(float(np.percentile(values, q)), 4) for q in (1, 5, 50, 95, 99)}
