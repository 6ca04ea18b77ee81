"""Train the scene network: what stays of a place and its light when people and camera change.

`python -m tests.training.scene --networks FOLDER` draws random scenes several times, in pictures of every
shape, learns what separates them, tries it on scenes it has not seen, and writes `toon_scene.npz` and
`toon_scene.json` beside the scoring package. How often faultless cuts are refused is tried on others again, by
`make false-rejects`.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.vocabulary import JobType
from tests.training.fitting import fit_projection
from tests.training.small_networks import learn_and_try
from workers.renderers.toon.random_scenes import Cast, picture
from workers.renderers.toon.scene_words import MOVES
from workers.scoring.metrics import scene_continuity
from workers.scoring.networks import scene_toon
from workers.scoring.networks.scene_toon import SceneToon

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from workers.scoring.networks.efficientnet_lite0 import EfficientNetLite0

#: width : height -> sizes of pictures of that shape, pixels
SHAPES = {
    "16:9": ((832, 480), (640, 360)),
    "4:3": ((640, 480), (768, 576)),
    "1:1": ((640, 640), (512, 512)),
    "9:16": ((480, 832), (432, 768)),
    "2:3": ((512, 768),),
    "2.39": ((1152, 480), (864, 360)),
}
#: shape -> continuity of each try
_Values = dict[str, list[float]]
_CUTS_EACH = 5
_VIDEO_FRAMES = 120
#: share of cuts of one scene that the mark may refuse, in the shape in which most are
_FALSE_REJECTS = 0.02


def main(argv: list[str] | None = None) -> int:
    """Train, try, write; exit code 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=Path, required=True, help="folder that holds efficientnet-lite0")
    parser.add_argument("--scenes", type=int, default=240)
    parser.add_argument("--unseen", type=int, default=180)
    parser.add_argument("--into", type=Path, default=scene_toon.FILE.parent)
    options = parser.parse_args(argv)
    learn_and_try(
        options.networks,
        options.into / scene_toon.FILE.name,
        learn=lambda lite0: train(lite0, options.scenes),
        try_unseen=lambda lite0, file: try_unseen(SceneToon(lite0, file), options.unseen),
        learnt_from={"trained_on_scenes": options.scenes},
    )
    return 0


def train(lite0: EfficientNetLite0, scenes: int) -> dict[str, NDArray[np.float32]]:
    """The projection's arrays: each scene is a label, people and camera are what varies inside it."""
    described, labels = [], []
    for scene in range(scenes):
        for cut in range(_CUTS_EACH):
            described.append(SceneToon.describe(lite0, in_scene(scene, cut, "scene-seen").draw()))
            labels.append(scene)
    return fit(np.stack(described), np.array(labels))


def fit(described: NDArray[np.float32], labels: NDArray[np.int64]) -> dict[str, NDArray[np.float32]]:
    """The projection's arrays from descriptions `(n, F)` of pictures of these scenes `(n,)`."""
    return fit_projection(described, labels, size=32, kept=700)


def try_unseen(network: SceneToon, scenes: int) -> dict[str, Any]:
    """The mark that refuses few cuts of one scene, and how many cuts of another scene pass it."""
    return figures(
        np.stack([network.embed(in_scene(scene, cut, "scene-unseen").draw()) for cut in range(_CUTS_EACH)])
        for scene in range(scenes)
    )


def figures(scenes: Iterable[NDArray[np.float32]]) -> dict[str, Any]:
    """The figures of a trial from the vectors `(cuts, D)` of each unseen scene, in their order.

    Scenes are held against others of their own shape, as the farm holds them.
    """
    own: _Values = defaultdict(list)
    foreign: _Values = defaultdict(list)
    by_shape: dict[str, list[NDArray[np.float32]]] = defaultdict(list)
    for scene, vectors in enumerate(scenes):
        by_shape[_shape(scene)].append(vectors)
    for shape, all_vectors in by_shape.items():
        for at, cuts in enumerate(all_vectors):
            others = [other for index, other in enumerate(all_vectors) if index != at]
            for cut, vector in enumerate(cuts):
                own[shape].append(_continuity(cuts, cut, vector))
                foreign[shape] += [_continuity(cuts, cut, other[cut]) for other in others]
    mark = min(float(np.quantile(values, _FALSE_REJECTS)) for values in own.values())
    return _told(mark, own, foreign) | {"unseen_scenes": sum(map(len, by_shape.values())), "neighbours": 2}


def _told(mark: float, own: _Values, foreign: _Values) -> dict[str, Any]:
    right, wrong = (np.concatenate(list(each.values())) for each in (own, foreign))
    return {
        "network": scene_toon.NAME,
        "mark": round(mark, 4),
        "false_rejects": round(float((right < mark).mean()), 4),
        "false_rejects_by_shape": {
            shape: round(float((np.array(values) < mark).mean()), 4) for shape, values in own.items()
        },
        "foreign_scene_passes": round(float((wrong >= mark).mean()), 4),
        "own": {f"p{q}": round(float(np.percentile(right, q)), 4) for q in (1, 5, 50)},
        "foreign": {f"p{q}": round(float(np.percentile(wrong, q)), 4) for q in (50, 95, 99)},
    }


def _continuity(cuts: NDArray[np.float32], at: int, vector: NDArray[np.float32]) -> float:
    """Of a picture between the cuts before and after the `at`-th of a scene."""
    return scene_continuity(np.stack([cuts[at - 1], vector, cuts[(at + 1) % len(cuts)]]), 1).value


def in_scene(scene: int, cut: int, series: str) -> Cast:
    """The first frame of the `cut`-th cut of a random scene: one place and light, other people and camera."""
    place = picture((5 * scene,), series, 0).recipe.scene
    people = ((5 * scene,), (5 * scene, 5 * scene + 1), (5 * scene + 1,))[cut % 3]
    draw = np.random.default_rng([scene, cut, *series.encode()])
    framing = str(draw.choice(("close up", "medium", "medium", "wide")))
    tilt = str(draw.choice(("", "", "", " low angle", " high angle")))
    move = str(draw.choice(("static", "static", *MOVES)))
    width, height = _size(scene)
    recipe = replace(
        picture(people, series, cut + 1).recipe,
        job_type=JobType.FULL_VIDEO,
        frame_count=_VIDEO_FRAMES,
        width=width,
        height=height,
        scene=replace(place, camera_angle=framing + tilt, camera_move=move),
    )
    return Cast(recipe, people)


def _shape(scene: int) -> str:
    return tuple(SHAPES)[scene % len(SHAPES)]


def _size(scene: int) -> tuple[int, int]:
    sizes = SHAPES[_shape(scene)]
    return sizes[scene // len(SHAPES) % len(sizes)]


if __name__ == "__main__":
    sys.exit(main())
