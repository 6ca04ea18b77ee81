"""How often the identity network errs on characters it has not seen: the trial and its figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from models.errors import BadInput
from tests.training.sets import cast, draw_all, setting
from workers.scoring.gauges.faces import build_identity_reference

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from workers.renderers.toon.random_scenes import Cast
    from workers.scoring.networks.heads import Head
    from workers.scoring.networks.identity_toon import IdentityToon

    Floats = NDArray[np.float32]

REFERENCE_PICTURES = 4
#: what is told apart among the heads that were tried
KINDS = ("view", "framing", "light")
#: at 1 % one faultless still in ten was refused (`make false-rejects`)
_FALSE_ACCEPTS = 0.02
_RESAMPLES = 400
#: settings for each hundred characters; more would be as varied and take longer to paint
_SETTINGS = 30


@dataclass(frozen=True, slots=True)
class Trial:
    """Likeness of each tried head to every unseen character's reference."""

    similarities: Floats  #: (heads, characters); NaN against a character whose reference was refused
    owners: NDArray[np.int64]  #: (heads,) who the head really is
    shown: int  #: heads drawn
    found: int  #: of these, found
    kinds: tuple[tuple[str, ...], ...]  #: of each head, its view, framing and light


def try_unseen(
    network: IdentityToon, characters: int, tell: Callable[[str], None], series: str = "judged"
) -> Trial:
    """Draw unseen characters, make references of four pictures each, find and compare heads in others."""
    references = references_of(network, characters, series)
    tell(f"{characters} references")
    casts = _tries(characters, series)
    vectors, owners, kinds = [], [], []
    for one, frame in zip(casts, draw_all(casts), strict=True):
        heads = network.heads(frame)
        for index, (box, owner) in enumerate(zip(one.heads(), one.characters, strict=True)):
            found = _nearest(heads, box)
            if found is not None:
                vectors.append(network.embed(frame, [found])[0])
                owners.append(owner)
                kinds.append(_kinds(one, index))
    shown = sum(len(one.characters) for one in casts)
    return Trial(np.stack(vectors) @ references.T, np.array(owners), shown, len(owners), tuple(kinds))


def references_of(network: IdentityToon, characters: int, series: str) -> Floats:
    """One reference `(D,)` for each unseen character, stacked; NaN where the pictures were refused."""
    everywhere = np.random.default_rng(7).integers(_settings(characters), size=(characters, REFERENCE_PICTURES))
    places = sorted((int(place), *index) for index, place in np.ndenumerate(everywhere))
    casts = [cast((number,), series, take, setting(place, series, 1)) for place, number, take in places]
    pictures: dict[int, list[NDArray[np.uint8]]] = {}
    for one, frame in zip(casts, draw_all(casts), strict=True):
        pictures.setdefault(one.characters[0], []).append(frame)
    return np.stack([_reference(network, pictures[number]) for number in range(characters)])


def _reference(network: IdentityToon, pictures: list[NDArray[np.uint8]]) -> Floats:
    try:
        return build_identity_reference(network, pictures).vector
    except BadInput:
        # Pictures that look too unlike each other are refused; the trial holds that against the network.
        return np.full(network.size, np.nan, np.float32)


def _tries(characters: int, series: str) -> list[Cast]:
    """Everybody once alone in a still, and once beside the next one in the middle of an action.

    None of these settings stands behind a reference.
    """
    settings = _settings(characters)
    draw = np.random.default_rng(8)
    alone = sorted((settings + int(draw.integers(settings)), number) for number in range(characters))
    pairs = [(number, number + 1) for number in range(0, characters - 1, 2)]
    together = sorted((int(draw.integers(settings)), pair) for pair in pairs)
    casts = [cast((number,), series, 10, setting(place, series, 1)) for place, number in alone]
    return casts + [cast(pair, series, 11, setting(place, series, 2), moving=True) for place, pair in together]


def _settings(characters: int) -> int:
    return max(1, characters * _SETTINGS // 100)


def _kinds(one: Cast, index: int) -> tuple[str, ...]:
    """View without its side, framing and light of the `index`-th character of a picture."""
    view = one.recipe.characters[index].attributes["view"].removesuffix("_left").removesuffix("_right")
    return view, one.recipe.scene.camera_angle, one.recipe.scene.time_of_day


def _nearest(heads: Sequence[Head], box: tuple[float, float, float, float]) -> Head | None:
    """The found head whose centre lies nearest to the middle of a true box, and inside it."""
    inside = [head for head in heads if box[0] < head.x < box[2] and box[1] < head.y < box[3]]
    return min(inside, key=lambda head: abs(2 * head.x - box[0] - box[2]), default=None)


def error_rates(trial: Trial) -> dict[str, Any]:
    """The mark at 2 % false accepts, and the error rates there; intervals by bootstrap over characters."""
    genuine, impostor = _split(trial)
    mark = _threshold(impostor)
    rejected = genuine < mark
    rejects = float(rejected.mean())
    missed = 1.0 - trial.found / trial.shown
    low, high = _interval(trial)
    return {
        "network": "toon-id",
        "mark": round(mark, 4),
        "false_accepts": round(float((impostor >= mark).mean()), 4),
        "false_rejects": round(rejects, 4),
        "false_rejects_95": [round(low, 4), round(high, 4)],
        "false_rejects_with_missed_heads": round(missed + (1 - missed) * rejects, 4),
        "equal_error_rate": round(_equal_error(genuine, impostor), 4),
        "auc": round(_auc(genuine, impostor), 5),
        "missed_heads": round(missed, 4),
        "unseen_characters": int(trial.similarities.shape[1]),
        "reference_pictures": REFERENCE_PICTURES,
        "references_refused": int(np.isnan(trial.similarities).all(axis=0).sum()),
        "heads_tried": trial.found,
        "genuine": _quantiles(genuine),
        "impostor": _quantiles(impostor),
        **{f"by_{kind}": _by(trial, rejected, number) for number, kind in enumerate(KINDS)},
    }


def _by(trial: Trial, rejected: NDArray[np.bool_], number: int) -> dict[str, dict[str, float]]:
    """False rejects and heads tried for each value of one kind."""
    values = np.array([kinds[number] for kinds in trial.kinds])
    return {
        str(value): {
            "false_rejects": round(float(rejected[values == value].mean()), 4),
            "heads": int((values == value).sum()),
        }
        for value in np.unique(values)
    }


def _split(trial: Trial) -> tuple[Floats, Floats]:
    """Likeness of heads to their own reference, head by head, and to those of others."""
    own = trial.owners[:, None] == np.arange(trial.similarities.shape[1])[None]
    return _answered(trial.similarities[own], trial.similarities[~own])


def _answered(genuine: Floats, impostor: Floats) -> tuple[Floats, Floats]:
    """A refused reference counts its own heads as rejected, and has no say about strangers."""
    return np.nan_to_num(genuine, nan=-1.0), impostor[~np.isnan(impostor)]


def _threshold(impostor: Floats) -> float:
    return float(np.quantile(impostor, 1.0 - _FALSE_ACCEPTS))


def _interval(trial: Trial) -> tuple[float, float]:
    """95 % interval of the false rejects: characters are drawn again with replacement, marks included.

    A character drawn twice counts twice, as itself: its two copies are not compared with each other.
    """
    draw = np.random.default_rng(9)
    count = trial.similarities.shape[1]
    heads = [np.flatnonzero(trial.owners == number) for number in range(count)]
    rates = []
    for _ in range(_RESAMPLES):
        chosen = draw.integers(count, size=(count,))
        rows = np.concatenate([heads[number] for number in chosen])
        table = trial.similarities[rows][:, chosen]
        other = trial.owners[rows][:, None] != chosen[None]
        genuine, impostor = _answered(trial.similarities[rows, trial.owners[rows]], table[other])
        rates.append(float((genuine < _threshold(impostor)).mean()))
    return float(np.percentile(rates, 2.5)), float(np.percentile(rates, 97.5))


def _equal_error(genuine: Floats, impostor: Floats) -> float:
    marks = np.quantile(np.concatenate([genuine, impostor]), np.linspace(0, 1, 2001))
    rejects = np.searchsorted(np.sort(genuine), marks) / len(genuine)
    accepts = 1 - np.searchsorted(np.sort(impostor), marks) / len(impostor)
    at = int(np.argmin(np.abs(rejects - accepts)))
    return float((rejects[at] + accepts[at]) / 2)


def _auc(genuine: Floats, impostor: Floats) -> float:
    return float((np.searchsorted(np.sort(impostor), genuine) / len(impostor)).mean())


def _quantiles(values: Floats) -> dict[str, float]:
    return {f"p{q}": round(float(np.percentile(values, q)), 4) for q in (1, 5, 50, 95, 98, 99)}
