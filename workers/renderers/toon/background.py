"""The set behind the characters, painted once per take as layers of different depth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.renderers.toon import exteriors, interiors, landmarks
from workers.renderers.toon.chance import chance
from workers.renderers.toon.scenery import Layer, Scenery

if TYPE_CHECKING:
    from workers.renderers.toon.stage import Stage

_SETS = {
    "classroom": interiors.classroom,
    "bedroom": interiors.bedroom,
    "cafe": interiors.cafe,
    "library": interiors.library,
    "studio": interiors.studio,
    "rooftop": exteriors.rooftop,
    "park": exteriors.park,
    "street": exteriors.street,
    "shrine": landmarks.shrine,
    "beach": landmarks.beach,
    "forest": exteriors.forest,
    "station": landmarks.station,
}


def paint_layers(stage: Stage) -> list[Layer]:
    """The layers of the take's location, the farthest first; its layout comes from the scene's seed alone."""
    recipe, words = stage.recipe, stage.words
    horizon = {"wide": 560.0, "medium": 590.0, "close_up": 600.0}[stage.framing.shot]
    horizon += {"low": 150.0, "high": -150.0}.get(words.tilt, 0.0)
    scenery = Scenery(
        recipe.width,
        recipe.height,
        words,
        stage.light,
        horizon,
        {"wide": 1.0, "medium": 1.25, "close_up": 1.6}[stage.framing.shot],
        chance("set", words.location, recipe.scene.background_seed),
        chance("weather", words.location, recipe.scene.background_seed, recipe.seed),
    )
    _SETS[words.location](scenery)
    scenery.close()
    return scenery.layers
