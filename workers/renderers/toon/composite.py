"""One frame put together: layers with parallax, figures under the camera, light and vignette."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import skia

from workers.renderers.toon import acting
from workers.renderers.toon.brush import Brush
from workers.renderers.toon.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.recipe import StyleLook
    from workers.renderers.toon.background import Layer
    from workers.renderers.toon.camera import Eye
    from workers.renderers.toon.stage import Stage

_WEIGHT = {"thin": 0.7, "medium": 1.0, "bold": 1.5}


def brush_for(canvas: Any, style: StyleLook) -> Brush:
    """A brush with the show's line weight and shading; unknown words mean the medium cel look."""
    weight = next((k for word, k in _WEIGHT.items() if word in style.line_weight.lower()), 1.0)
    shading = next((word for word in ("flat", "soft") if word in style.shading_style.lower()), "cel")
    return Brush(canvas, weight, shading)


def world_matrix(stage: Stage, eye: Eye) -> Any:
    """World units to pixels under the camera's move."""
    recipe, frame = stage.recipe, stage.framing
    matrix = skia.Matrix()
    matrix.setTranslate(recipe.width / 2, recipe.height / 2)
    matrix.preScale(frame.scale * eye.zoom, frame.scale * eye.zoom)
    shift_x, shift_y = eye.dx * recipe.width / frame.scale, eye.dy * recipe.height / frame.scale
    matrix.preTranslate(-frame.center_x - shift_x, -frame.center_y - shift_y)
    return matrix


def draw_frame(canvas: Any, stage: Stage, layers: Sequence[Layer], frame: int, eye: Eye) -> None:
    """Everything of one frame onto `canvas`."""
    canvas.clear(skia.ColorWHITE)
    for layer in layers:
        _draw_layer(canvas, stage, layer, eye)
    canvas.save()
    canvas.concat(world_matrix(stage, eye))
    for one in stage.people:
        canvas.save()
        canvas.translate(one.x, one.y)
        canvas.scale(one.scale, one.scale)
        now = acting.moment(stage.recipe, stage.words, one.role, frame)
        Figure(one.design, stage.light.side).draw(brush_for(canvas, stage.recipe.style), now)
        canvas.restore()
    canvas.restore()


def _draw_layer(canvas: Any, stage: Stage, layer: Layer, eye: Eye) -> None:
    recipe = stage.recipe
    canvas.save()
    canvas.translate(recipe.width / 2, recipe.height / 2)
    zoom = 1 + (eye.zoom - 1) * (0.25 + 0.75 * layer.depth)
    canvas.scale(zoom, zoom)
    canvas.translate(-eye.dx * recipe.width * layer.depth, -eye.dy * recipe.height * layer.depth)
    image = layer.image
    canvas.drawImage(
        image, -image.width() / 2, -image.height() / 2, skia.SamplingOptions(skia.FilterMode.kLinear)
    )
    canvas.restore()
