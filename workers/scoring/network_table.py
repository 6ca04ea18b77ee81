"""Which network measures which metric, and from which files; light, so that the front may read it too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.metrics import Metric

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    Pictures = list[NDArray[np.uint8]]

    from models.metrics import Mark


#: the network of a metric that is plain arithmetic
ARITHMETIC = "none"

#: the network that finds cuts; without it a clip is measured as one shot, and every measurement says so
SHOT_FINDER = "transnetv2"

IDENTITY_METRICS = frozenset({Metric.IDENTITY, Metric.FACE_SIMILARITY})
"""Metrics that compare with a character's reference; the others need none, or the style's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkCard:
    """What one network can do, without loading it."""

    measures: frozenset[Metric]
    #: entries of `networks.toml` it is loaded from
    files: tuple[str, ...] = ()


_PAIRS = frozenset({Metric.TEMPORAL_LPIPS, Metric.LOOP_SEAM})
_PICTURES = frozenset({Metric.SUBJECT_CONSISTENCY, Metric.SCENE_CONTINUITY, Metric.STYLE_ADHERENCE})


def _card(*metrics: Metric, files: tuple[str, ...] = ()) -> NetworkCard:
    return NetworkCard(measures=frozenset(metrics), files=files)


NETWORKS: dict[str, NetworkCard] = {
    "lpips-alex": _card(*_PAIRS, files=("lpips-alex",)),
    "lpips-vgg": _card(*_PAIRS, files=("lpips-vgg",)),
    "dis-flow": _card(Metric.MOTION_SMOOTHNESS),
    "amt-s": _card(Metric.MOTION_SMOOTHNESS, files=("amt-s",)),
    "toon-id": _card(Metric.IDENTITY, files=("efficientnet-lite0",)),
    "toon-style": _card(Metric.STYLE_ADHERENCE, files=("efficientnet-lite0",)),
    "toon-scene": _card(Metric.SCENE_CONTINUITY, files=("efficientnet-lite0",)),
    "efficientnet-lite0": _card(*_PICTURES, files=("efficientnet-lite0",)),
    "arcface-buffalo_l": _card(Metric.FACE_SIMILARITY, files=("buffalo_l",)),
    "ccip-caformer-24-randaug-pruned": _card(Metric.IDENTITY, files=("ccip", "ccip-metrics", "anime-person")),
    "ccip-caformer_b36-24": _card(
        Metric.IDENTITY, files=("ccip-caformer_b36-24", "ccip-metrics", "anime-person")
    ),
    "dino-vitb16": _card(*_PICTURES, files=("dino-vitb16",)),
    "clip-vit-b32": _card(*_PICTURES, files=("clip-vit-b32",)),
    "clip-l14-laion": _card(Metric.AESTHETIC, files=("clip-vit-l14", "laion-aesthetic")),
    SHOT_FINDER: _card(files=("transnetv2",)),
}


def serving(metric: Metric) -> tuple[str, ...]:
    """The networks that can measure a metric, by name; `none` for what is plain arithmetic."""
    return tuple(sorted(name for name, card in NETWORKS.items() if metric in card.measures)) or (ARITHMETIC,)


def asked_by(marks: Iterable[Mark]) -> set[str]:
    """The networks that these marks are measured by, with the finder of cuts where one judges motion.

    Arithmetic needs none.
    """
    judged = list(marks)
    finder = {SHOT_FINDER} if any(mark.metric.needs_motion for mark in judged) else set()
    return {mark.network for mark in judged} - {ARITHMETIC} | finder


def installed(folder: Path, files: dict[str, str]) -> tuple[str, ...]:
    """The networks whose files lie in `folder`; `files` maps an entry of `networks.toml` to its file's name.

    Only whether they are there is asked; a damaged one is found out when it is loaded.
    """
    return tuple(
        sorted(
            name
            for name, card in NETWORKS.items()
            if all(entry in files and (folder / files[entry]).is_file() for entry in card.files)
        )
    )


STYLE_METRICS = frozenset({Metric.STYLE_ADHERENCE})
