"""The character sheet: views, expressions and colours of one character on a neutral ground."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import skia

from workers.renderers.toon.attributes import normalise
from workers.renderers.toon.brush import Brush, box
from workers.renderers.toon.chance import chance
from workers.renderers.toon.design import design
from workers.renderers.toon.figure import HEAD_BOX, Figure
from workers.renderers.toon.moment import Moment
from workers.renderers.toon.palette import shadow

if TYPE_CHECKING:
    from models.recipe import Recipe

_VIEWS = (0.0, 42.0, 90.0, 180.0)
_EXPRESSIONS = ("neutral", "happy", "sad", "angry", "surprised", "laughing")


def _cells(recipe: Recipe) -> list[tuple[float, float, float, Moment]]:
    """(x, y, scale, moment) of every portrait: views above, expressions below."""
    w, h = recipe.width, recipe.height
    pose = "standing"
    if recipe.characters:
        pose = normalise(recipe.characters[0].attributes).get("pose", pose)
    cells = []
    columns = len(_VIEWS)
    tall = h * 0.56
    scale = min(tall / 1400, w / columns / 440)
    for i, yaw in enumerate(_VIEWS):
        x = w * (i + 0.5) / columns
        cells.append(
            (
                x,
                h * 0.05 + 150 * scale,
                scale,
                Moment(yaw=yaw, body_yaw=yaw, pose=pose if i == 0 else "standing"),
            )
        )
    small = min(h * 0.3 / 330, w / len(_EXPRESSIONS) / 290)
    # The views are a standard; how far the portraits turn is the seed's, so that a retake is another sheet.
    turns = chance("sheet", recipe.seed).uniform(16.0, 30.0, len(_EXPRESSIONS))
    for i, expression in enumerate(_EXPRESSIONS):
        x = w * (i + 0.5) / len(_EXPRESSIONS)
        cells.append(
            (
                x,
                h * 0.66 + 140 * small,
                small,
                Moment(yaw=float(turns[i]) * (-1, 1)[i % 2], body_yaw=0, expression=expression),
            )
        )
    return cells


def draw_sheet(canvas: Any, recipe: Recipe) -> None:
    """Draw the first character's sheet over the whole canvas."""
    from workers.renderers.toon.composite import brush_for

    w, h = recipe.width, recipe.height
    canvas.clear(skia.Color(238, 240, 244))
    if not recipe.characters:
        return
    model = design(recipe.characters[0], recipe.style)
    figure = Figure(model)
    brush = Brush(canvas)
    for i, (x, y, scale, moment) in enumerate(_cells(recipe)):
        canvas.save()
        if i >= len(_VIEWS):
            frame = box(x - 138 * scale, y - 174 * scale, x + 138 * scale, y + 180 * scale, 16 * scale)
            brush.fill(frame, (222, 228, 238))
            canvas.clipPath(frame, skia.ClipOp.kIntersect, True)
        canvas.translate(x, y)
        canvas.scale(scale, scale)
        figure.draw(brush_for(canvas, recipe.style), moment)
        canvas.restore()
    colors = (model.hair, shadow(model.hair), model.eyes, model.skin, model.cloth, model.accent)
    side = min(w, h) * 0.035
    for i, color in enumerate(colors):
        x = w * 0.5 + (i - len(colors) / 2) * side * 1.35
        brush.fill(box(x, h - side * 1.35, x + side, h - side * 0.35, side * 0.2), color)


def head_boxes(recipe: Recipe) -> list[tuple[float, float, float, float]]:
    """Head rectangles of the sheet's portraits in pixels."""
    x0, y0, x1, y1 = HEAD_BOX
    return [(x + x0 * s, y + y0 * s, x + x1 * s, y + y1 * s) for x, y, s, _ in _cells(recipe)]
