"""One frame put together: layers with parallax, figures under the camera, light and vignette."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import skia

from workers.renderers.toon import acting, atmosphere, particles, scene_words
from workers.renderers.toon.background import paint_layers
from workers.renderers.toon.brush import Brush, ellipse, paint
from workers.renderers.toon.figure import Figure
from workers.renderers.toon.scenery import Layer
from workers.renderers.toon.stage import FEET_Y

if TYPE_CHECKING:
    from models.recipe import StyleLook
    from workers.renderers.toon.camera import Eye
    from workers.renderers.toon.stage import Placed, Stage


def brush_for(canvas: Any, style: StyleLook) -> Brush:
    """A brush with the show's line weight and shading; unknown words mean the medium cel look."""
    weight = scene_words.LINE_WEIGHTS[scene_words.line_weight(style.line_weight) or "medium"]
    return Brush(canvas, weight, scene_words.shading(style.shading_style) or "cel")


def world_matrix(stage: Stage, eye: Eye) -> Any:
    """World units to pixels under the camera's move."""
    recipe, frame = stage.recipe, stage.framing
    matrix = skia.Matrix()
    matrix.setTranslate(recipe.width / 2, recipe.height / 2)
    matrix.preScale(frame.scale * eye.zoom, frame.scale * eye.zoom)
    shift_x, shift_y = eye.dx * recipe.width / frame.scale, eye.dy * recipe.height / frame.scale
    matrix.preTranslate(-frame.center_x - shift_x, -frame.center_y - shift_y)
    return matrix


class FramePainter:
    """Paints the frames of one take; what a drawing on twos holds is recorded once and replayed."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._layers = [_softened(stage, layer) for layer in paint_layers(stage)]
        self._acting: tuple[int, Any] | None = None
        size = (stage.recipe.width, stage.recipe.height)
        self._figures, self._rim = skia.Surface(*size), skia.Surface(*size)

    def paint(self, canvas: Any, frame: int, eye: Eye) -> None:
        """Everything of one frame onto `canvas`."""
        stage = self._stage
        canvas.clear(skia.ColorWHITE)
        for layer in self._layers:
            _draw_layer(canvas, stage, layer, eye)
        canvas.save()
        canvas.concat(world_matrix(stage, eye))
        for one in stage.people:
            _foot_shadow(canvas, one)
        canvas.restore()
        if stage.people:
            self._paint_figures(canvas, frame, eye)
        particles.draw_particles(canvas, stage, acting.drawing_of(frame))
        atmosphere.draw_atmosphere(canvas, stage)

    def _paint_figures(self, canvas: Any, frame: int, eye: Eye) -> None:
        """The figures in the set's light, with a rim where the sun is low or the moon is out."""
        under = self._figures.getCanvas()
        under.clear(skia.ColorTRANSPARENT)
        under.save()
        under.concat(world_matrix(self._stage, eye))
        under.drawPicture(self._drawing(frame))
        under.restore()
        image = self._figures.makeImageSnapshot()
        light = self._stage.light
        canvas.drawImage(
            image, 0, 0, skia.SamplingOptions(), skia.Paint(ColorFilter=atmosphere.tint_filter(light))
        )
        if not light.rim_strength:
            return
        rim = self._rim.getCanvas()
        rim.clear(skia.ColorTRANSPARENT)
        rim.drawImage(image, 0, 0)
        reach = max(1.5, 4.2 * self._stage.framing.scale * eye.zoom)
        cut = skia.Paint(BlendMode=skia.BlendMode.kDstOut)
        rim.drawImage(
            image, -light.side * reach, reach * 0.55, skia.SamplingOptions(skia.FilterMode.kLinear), cut
        )
        glow = skia.Paint()
        glow.setAlphaf(light.rim_strength * 0.85)
        glow.setColorFilter(skia.ColorFilters.Blend(paint(light.rim).getColor(), skia.BlendMode.kSrcIn))
        canvas.drawImage(self._rim.makeImageSnapshot(), 0, 0, skia.SamplingOptions(), glow)

    def _drawing(self, frame: int) -> Any:
        """The drawing shown in `frame`, recorded in world units."""
        at = acting.drawing_of(frame)
        if self._acting is None or self._acting[0] != at:
            recorder = skia.PictureRecorder()
            canvas = recorder.beginRecording(skia.Rect.MakeLTRB(-9000, -9000, 9000, 9000))
            for one in self._stage.people:
                canvas.save()
                canvas.translate(one.x, one.y)
                canvas.scale(one.scale, one.scale)
                now = acting.moment(self._stage.recipe, self._stage.words, one.role, at)
                Figure(one.design, self._stage.light.side).draw(
                    brush_for(canvas, self._stage.recipe.style), now
                )
                canvas.restore()
            self._acting = (at, recorder.finishRecordingAsPicture())
        return self._acting[1]


def _softened(stage: Stage, layer: Layer) -> Layer:
    """A close shot's background lies slightly out of focus."""
    sigma = {"close_up": 0.0042, "medium": 0.0016, "wide": 0.0}[stage.framing.shot] * stage.recipe.height
    if sigma < 0.5:
        return layer
    surface = skia.Surface(layer.image.width(), layer.image.height())
    blur = skia.Paint(ImageFilter=skia.ImageFilters.Blur(sigma, sigma, skia.TileMode.kClamp))
    surface.getCanvas().drawImage(layer.image, 0, 0, skia.SamplingOptions(), blur)
    return Layer(surface.makeImageSnapshot(), layer.depth)


def _foot_shadow(canvas: Any, one: Placed) -> None:
    y = one.y + FEET_Y * one.scale
    Brush(canvas).fill(ellipse(one.x, y - 6, 150 * one.scale, 20 * one.scale), (40, 26, 70), 0.3, blur=9)


def _draw_layer(canvas: Any, stage: Stage, layer: Layer, eye: Eye) -> None:
    recipe = stage.recipe
    canvas.save()
    canvas.translate(recipe.width / 2, recipe.height / 2)
    zoom = 1 + (eye.zoom - 1) * (0.25 + 0.75 * layer.depth)
    canvas.scale(zoom, zoom)
    shift_x, shift_y = -eye.dx * recipe.width * layer.depth, -eye.dy * recipe.height * layer.depth
    image = layer.image
    left, top = shift_x - image.width() / 2, shift_y - image.height() / 2
    if zoom == 1:
        # Whole pixels: a pan then copies paint instead of resampling it, which keeps lines crisp and is quick.
        canvas.drawImage(
            image,
            round(left + recipe.width / 2) - recipe.width / 2,
            round(top + recipe.height / 2) - recipe.height / 2,
        )
    else:
        canvas.drawImage(image, left, top, skia.SamplingOptions(skia.FilterMode.kLinear))
    canvas.restore()
