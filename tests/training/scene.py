"""Train the scene network: what stays of a place and its light when people and camera change.

`python -m tests.training.scene --networks FOLDER` draws random scenes several times, learns
what separates them, tries it on scenes it has not seen, and writes `toon_scene.npz` and `toon_scene.json`
beside the scoring package.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.training.fitting import fit_projection
from tests.training.small_networks import learn_and_try
from workers.renderers.toon.random_scenes import Cast, picture
from workers.scoring.metrics import scene_continuity
from workers.scoring.networks import scene_toon
from workers.scoring.networks.style_toon import describe

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workers.scoring.networks.efficientnet_lite0 import EfficientNetLite0
    from workers.scoring.networks.scene_toon import SceneToon

_CUTS_EACH = 5
#: share of cuts of one scene that the mark may refuse
_FALSE_REJECTS = 0.02


def main(argv: list[str] | None = None) -> int:
    """Train, try, write; exit code 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=Path, required=True, help="folder that holds efficientnet-lite0")
    parser.add_argument("--scenes", type=int, default=150)
    parser.add_argument("--unseen", type=int, default=50)
    parser.add_argument("--into", type=Path, default=scene_toon.FILE.parent)
    options = parser.parse_args(argv)
    learn_and_try(
        options.networks,
        options.into / scene_toon.FILE.name,
        learn=lambda lite0: train(lite0, options.scenes),
        try_unseen=lambda lite0, file: try_unseen(scene_toon.SceneToon(lite0, file), options.unseen),
        learnt_from={"trained_on_scenes": options.scenes},
    )
    return 0


def train(lite0: EfficientNetLite0, scenes: int) -> dict[str, NDArray[np.float32]]:
    """The projection's arrays: each scene is a label, people and camera are what varies inside it."""
    described, labels = [], []
    for scene in range(scenes):
        for cut in range(_CUTS_EACH):
            described.append(describe(lite0, _in_scene(scene, cut, "scene-seen").draw()))
            labels.append(scene)
    return fit_projection(np.stack(described), np.array(labels), size=24, kept=300)


def try_unseen(network: SceneToon, scenes: int) -> dict[str, Any]:
    """The mark that refuses few cuts of one scene, and how many cuts of another scene pass it."""
    vectors = [
        np.stack([network.embed(_in_scene(scene, cut, "scene-unseen").draw()) for cut in range(_CUTS_EACH)])
        for scene in range(scenes)
    ]
    own, foreign = [], []
    for scene, cuts in enumerate(vectors):
        for cut in range(_CUTS_EACH):
            before, after = cuts[cut - 1], cuts[(cut + 1) % _CUTS_EACH]
            own.append(scene_continuity(np.stack([before, cuts[cut], after]), 1).value)
            foreign += [
                scene_continuity(np.stack([before, other[cut], after]), 1).value
                for at, other in enumerate(vectors)
                if at != scene
            ]
    mark = float(np.quantile(own, _FALSE_REJECTS))
    return {
        "network": network.name,
        "mark": round(mark, 4),
        "false_rejects": _FALSE_REJECTS,
        "foreign_scene_passes": round(float((np.array(foreign) >= mark).mean()), 4),
        "own": {f"p{q}": round(float(np.percentile(own, q)), 4) for q in (1, 5, 50)},
        "foreign": {f"p{q}": round(float(np.percentile(foreign, q)), 4) for q in (50, 95, 99)},
        "unseen_scenes": scenes,
        "neighbours": 2,
    }


def _in_scene(scene: int, cut: int, series: str) -> Cast:
    """The first frame of the `cut`-th cut of a random scene: one place and light, other people and camera."""
    place = picture((5 * scene,), series, 0).recipe.scene
    people = ((5 * scene,), (5 * scene, 5 * scene + 1), (5 * scene + 1,))[cut % 3]
    draw = np.random.default_rng([scene, cut, *series.encode()])
    here = replace(place, camera_angle=str(draw.choice(("close up", "medium", "medium", "wide"))))
    recipe = replace(picture(people, series, cut + 1).recipe, width=832, height=480, scene=here)
    return Cast(recipe, people)


if __name__ == "__main__":
    sys.exit(main())
