"""The painter of a set: its units, its light and its layers, shared by every location.

Set units: the frame is 1000 high with y downwards from its top, x runs from its middle; layers reach beyond the
frame on every side so that a moving camera finds paint.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import skia

from workers.renderers.toon.brush import Brush, Point, box, ellipse, gradient, smooth
from workers.renderers.toon.palette import Light, Rgb, mix

if TYPE_CHECKING:
    import numpy as np

    from workers.renderers.toon.scene_words import SceneWords

MARGIN = 1.36
"""Layers are this much larger than the frame."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One painted depth; `depth` 0 is infinitely far, 1 moves with the characters."""

    image: Any
    depth: float


@dataclass(slots=True)
class Scenery:
    """A set being painted; `draw` is seeded by the scene, `weather` by the take."""

    width_px: int
    height_px: int
    words: SceneWords
    light: Light
    horizon: float  #: y of the eye line, set units
    zoom: float  #: above 1 for close shots
    draw: np.random.Generator
    weather: np.random.Generator
    layers: list[Layer] = field(default_factory=list)
    _surface: Any = None
    _depth: float = 0.0

    @property
    def half(self) -> float:
        """Half the painted width, set units."""
        return 500.0 * self.width_px / self.height_px * MARGIN / self.zoom + 20

    @property
    def is_night(self) -> bool:
        return self.words.time_of_day == "night"

    @property
    def is_dim(self) -> bool:
        return self.words.time_of_day in ("night", "sunset", "rain")

    def layer(self, depth: float) -> Brush:
        """Close the layer before and open one at `depth`."""
        self.close()
        self._depth = depth
        self._surface = skia.Surface(int(self.width_px * MARGIN) + 2, int(self.height_px * MARGIN) + 2)
        canvas = self._surface.getCanvas()
        canvas.translate(self._surface.width() / 2, self._surface.height() / 2)
        scale = self.height_px / 1000 * self.zoom
        canvas.scale(scale, scale)
        canvas.translate(0, -500 - (self.horizon - 500) * (1 - 1 / self.zoom) * 0.5)
        return Brush(canvas)

    def close(self) -> None:
        """Keep the open layer."""
        if self._surface is not None:
            self.layers.append(Layer(self._surface.makeImageSnapshot(), self._depth))
            self._surface = None

    def tone(self, color: Rgb, far: float = 0.0) -> Rgb:
        """`color` under the set's light, sunk into the air by `far` (0..1)."""
        tint = self.light.tint
        lit = (color[0] * tint[0] / 255, color[1] * tint[1] / 255, color[2] * tint[2] / 255)
        if self.is_night:
            lit = mix((lit[0] * 0.42, lit[1] * 0.45, lit[2] * 0.62), (44, 52, 110), 0.24)
        elif self.words.time_of_day == "sunset":
            lit = mix(lit, (236, 126, 96), 0.2)
        lit = mix(lit, self.light.ambient, self.light.ambient_share)
        return mix(lit, self.light.sky[2], far)

    def ground(self, brush: Brush, near: Rgb, far: Rgb) -> None:
        """Level ground from the eye line to the frame's foot."""
        h = self.horizon
        stops = [(0.0, self.tone(far), 1.0), (1.0, self.tone(near), 1.0)]
        brush.wash(self.area(h, 1500), gradient((0, h), (0, 1050), stops))

    def area(self, top: float, bottom: float) -> Any:
        """The whole width between two heights."""
        return box(-self.half - 60, top, self.half + 60, bottom)

    def lamp(
        self, brush: Brush, at: Point, radius: float, color: Rgb = (255, 224, 150), strength: float = 0.5
    ) -> None:
        """A soft glow."""
        from workers.renderers.toon.brush import glow

        shader = glow(at, radius, [(0.0, color, strength), (0.35, color, strength * 0.4), (1.0, color, 0.0)])
        brush.wash(ellipse(at[0], at[1], radius, radius), shader)

    def windows(  # noqa: PLR0917 - one drawing, its whole context
        self, brush: Brush, left: float, top: float, size: Point, grid: tuple[int, int], lit: float
    ) -> None:
        """A house front's windows; a share `lit` of them glows at night."""
        columns, rows = grid
        w, h = size[0] / columns, size[1] / rows
        for i in range(columns):
            for j in range(rows):
                glowing = self.is_dim and float(self.draw.uniform()) < lit
                color = (255, 222, 140) if glowing else self.tone((126, 152, 178), 0.15)
                x, y = left + i * w, top + j * h
                brush.fill(
                    box(x + w * 0.22, y + h * 0.24, x + w * 0.78, y + h * 0.76), color, 0.95 if glowing else 0.7
                )

    def paint_sky(self, cloudy: float = 1.0) -> None:
        """Sky, sun or moon, stars and flat-shaded clouds."""
        brush = self.layer(0.06)
        top, middle, low = self.light.sky
        base = max(self.horizon + 60, 400)
        sky = gradient((0, -180), (0, base), [(0, top, 1), (0.55, middle, 1), (1, low, 1)])
        brush.wash(self.area(-300, 1400), sky)
        if self.is_night:
            self._stars(brush)
        elif self.words.time_of_day != "rain":
            x, y = self.light.side * self.half * 0.52, 150.0 if self.words.time_of_day == "day" else base - 210
            self.lamp(brush, (x, y), 360, (255, 250, 226), 0.75)
            if self.words.time_of_day != "day":
                brush.fill(ellipse(x, y, 56, 56), (255, 250, 226))
        count = int(self.half / 150 * cloudy) + 2
        for i in range(count):
            x = -self.half + (i + float(self.weather.uniform(0, 1))) * 2 * self.half / count
            y = float(self.weather.uniform(0.06, 0.72)) * (base - 60)
            self._cloud(brush, x, y, float(self.weather.uniform(60, 150)) * (0.4 + 0.6 * (1 - y / base)))

    def _stars(self, brush: Brush) -> None:
        for _ in range(110):
            x, y = (
                float(self.weather.uniform(-self.half, self.half)),
                float(self.weather.uniform(-150, self.horizon)),
            )
            size = float(self.weather.uniform(0.8, 2.6))
            brush.fill(ellipse(x, y, size, size), (240, 244, 255), float(self.weather.uniform(0.3, 0.95)))
        x, y = self.half * 0.42, 130.0
        self.lamp(brush, (x, y), 240, (214, 226, 255), 0.6)
        brush.fill(ellipse(x, y, 50, 50), (250, 248, 228))
        brush.fill(ellipse(x + 14, y - 8, 13, 13), (226, 226, 216))

    def _cloud(self, brush: Brush, x: float, y: float, size: float) -> None:
        """A heap of discs with a flat foot, white above, tinted below."""
        whole, lit = skia.Path(), skia.Path()
        for i in range(7):
            k = (i - 3) / 3
            r = size * (0.62 - 0.34 * abs(k)) * float(self.weather.uniform(0.85, 1.2))
            whole.addCircle(x + k * size * 1.5, y - r * 0.5, r)
            lit.addCircle(
                x + k * size * 1.5 + self.light.side * size * 0.1, y - r * 0.66 - size * 0.05, r * 0.92
            )
        foot = box(x - size * 2.2, y - size * 2, x + size * 2.2, y + size * 0.06)
        white = mix((255, 255, 255), self.light.sky[1], 0.75 if self.is_night else 0.12)
        if self.words.time_of_day == "rain":
            white = (172, 180, 192)
        under = mix(white, self.light.sky[1], 0.5)
        canvas = brush.canvas
        canvas.save()
        canvas.clipPath(foot, skia.ClipOp.kIntersect, True)
        brush.fill(whole, under, 0.95)
        brush.fill(lit, white, 0.95, clip=whole)
        canvas.restore()

    def hills(self, brush: Brush, base: float, rise: float, color: Rgb, waves: int = 5) -> None:
        """A rolling ridge from edge to edge."""
        points: list[Point] = [(-self.half - 80, 1500)]
        for i in range(waves * 2 + 1):
            x = -self.half - 60 + i * (self.half * 2 + 120) / (waves * 2)
            points.append((x, base - float(self.draw.uniform(0, 1)) * rise))
        points.append((self.half + 80, 1500))
        brush.fill(smooth(points, tension=0.8), color)

    def tree(self, brush: Brush, x: float, foot: float, size: float, leaf: Rgb, far: float = 0.0) -> None:  # noqa: PLR0917 - one drawing, its whole context
        """A trunk under a crown of three tones of leaf clusters."""
        bark = self.tone((112, 82, 70), far)
        brush.fill(
            smooth(
                [
                    (x - size * 0.09, foot),
                    (x - size * 0.05, foot - size * 0.7),
                    (x + size * 0.05, foot - size * 0.7),
                    (x + size * 0.1, foot),
                ],
                tension=0.4,
            ),
            bark,
        )
        spots = [
            (float(self.draw.uniform(-0.46, 0.46)), float(self.draw.uniform(-0.36, 0.32))) for _ in range(15)
        ]
        for tone, dx, dy, r in ((0.76, 0.0, 0.05, 0.19), (1.0, 0.04, -0.02, 0.14), (1.16, 0.08, -0.07, 0.07)):
            color = self.tone(
                (min(255, leaf[0] * tone), min(255, leaf[1] * tone), min(255, leaf[2] * tone)), far
            )
            for sx, sy in spots:
                k = r * size * (1 - 0.7 * abs(sx)) * (1.0 if size < 400 else 0.66)
                side = self.light.side
                brush.fill(
                    ellipse(
                        x + (sx + dx * side) * size, foot - size * (0.98 - sy * 0.8) + dy * size, k, k * 0.9
                    ),
                    color,
                )
