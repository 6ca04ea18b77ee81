"""How a shape gets onto the canvas: smooth paths, fills, cel shadows and tapered ink."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import skia

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.renderers.toon.palette import Rgb

Point: TypeAlias = tuple[float, float]


def smooth(points: Sequence[Point], *, closed: bool = True, tension: float = 1.0) -> Any:
    """A Catmull-Rom curve through `points` as a skia path; `tension` 0 makes it a polygon."""
    path = skia.Path()
    count = len(points)
    k = tension / 6
    path.moveTo(*points[0])
    for i in range(count if closed else count - 1):
        if closed:
            a, b, c, d = points[i - 1], points[i], points[(i + 1) % count], points[(i + 2) % count]
        else:
            a, b, c, d = points[max(i - 1, 0)], points[i], points[i + 1], points[min(i + 2, count - 1)]
        path.cubicTo(
            b[0] + (c[0] - a[0]) * k, b[1] + (c[1] - a[1]) * k,
            c[0] - (d[0] - b[0]) * k, c[1] - (d[1] - b[1]) * k,
            c[0], c[1],
        )  # fmt: skip
    if closed:
        path.close()
    return path


def polygon(points: Sequence[Point]) -> Any:
    """A closed path with straight sides."""
    path = skia.Path()
    path.moveTo(*points[0])
    for point in points[1:]:
        path.lineTo(*point)
    path.close()
    return path


def ellipse(x: float, y: float, rx: float, ry: float) -> Any:
    """An axis-parallel ellipse around (x, y)."""
    path = skia.Path()
    path.addOval(skia.Rect.MakeLTRB(x - rx, y - ry, x + rx, y + ry))
    return path


def box(x0: float, y0: float, x1: float, y1: float, radius: float = 0.0) -> Any:
    """A rectangle, with rounded corners when `radius` is above 0."""
    path = skia.Path()
    if radius:
        path.addRoundRect(skia.Rect.MakeLTRB(x0, y0, x1, y1), radius, radius)
    else:
        path.addRect(skia.Rect.MakeLTRB(x0, y0, x1, y1))
    return path


def ribbon(points: Sequence[Point], widths: Sequence[float]) -> list[Point]:
    """The outline of a band of half-widths `widths` around the centre line `points`, always clockwise alike."""
    left: list[Point] = []
    right: list[Point] = []
    last = len(points) - 1
    for i, (x, y) in enumerate(points):
        ax, ay = points[max(i - 1, 0)]
        bx, by = points[min(i + 1, last)]
        dx, dy = bx - ax, by - ay
        length = math.hypot(dx, dy) or 1.0
        nx, ny = -dy / length * widths[i], dx / length * widths[i]
        left.append((x + nx, y + ny))
        right.append((x - nx, y - ny))
    return left + right[::-1]


def curve(points: Sequence[Point], steps: int = 4) -> list[Point]:
    """`points` with `steps` Catmull-Rom points per piece, for centre lines that must bend softly."""
    out: list[Point] = []
    last = len(points) - 1
    for i in range(last):
        a, b, c, d = points[max(i - 1, 0)], points[i], points[i + 1], points[min(i + 2, last)]
        for step in range(steps):
            t = step / steps
            w = (
                -0.5 * t + t * t - 0.5 * t**3, 1 - 2.5 * t * t + 1.5 * t**3,
                0.5 * t + 2 * t * t - 1.5 * t**3, -0.5 * t * t + 0.5 * t**3,
            )  # fmt: skip
            out.append((
                w[0] * a[0] + w[1] * b[0] + w[2] * c[0] + w[3] * d[0],
                w[0] * a[1] + w[1] * b[1] + w[2] * c[1] + w[3] * d[1],
            ))  # fmt: skip
    out.append(points[-1])
    return out


def taper(points: Sequence[Point], width: float, *, steps: int = 3, head: float = 0.0) -> Any:
    """An ink stroke as a shape: thick in the middle, thin at both ends; `head` 1 keeps the start thick."""
    line = curve(points, steps)
    last = len(line) - 1
    half = [
        width / 2 * max(math.sin(math.pi * i / last) ** 0.65, head * (1 - i / last)) for i in range(len(line))
    ]
    return smooth(ribbon(line, half))


def paint(color: Rgb, alpha: float = 1.0) -> Any:
    """An antialiased fill paint; colour channels 0..255, alpha 0..1."""
    r, g, b = (int(min(255.0, max(0.0, c)) + 0.5) for c in color)
    return skia.Paint(AntiAlias=True, Color=skia.Color(r, g, b, int(255 * min(1.0, max(0.0, alpha)) + 0.5)))


def gradient(start: Point, end: Point, stops: Sequence[tuple[float, Rgb, float]]) -> Any:
    """A linear gradient of (position 0..1, colour, alpha) stops."""
    colors = [paint(color, alpha).getColor() for _, color, alpha in stops]
    return skia.GradientShader.MakeLinear([skia.Point(*start), skia.Point(*end)], colors, [s[0] for s in stops])


def glow(center: Point, radius: float, stops: Sequence[tuple[float, Rgb, float]]) -> Any:
    """A radial gradient of (position 0..1, colour, alpha) stops."""
    colors = [paint(color, alpha).getColor() for _, color, alpha in stops]
    return skia.GradientShader.MakeRadial(skia.Point(*center), radius, colors, [s[0] for s in stops])


@dataclass(frozen=True, slots=True)
class Brush:
    """A canvas with the show's line weight and shading style."""

    canvas: Any
    weight: float = 1.0  #: factor on every ink line
    shading: str = "cel"  #: `cel`, `soft` or `flat`

    def fill(self, path: Any, color: Rgb, alpha: float = 1.0, *, clip: Any = None, blur: float = 0.0) -> None:
        """Fill `path`, inside `clip` if given, its edge softened over `blur` units."""
        ink = paint(color, alpha)
        if blur:
            ink.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, blur))
        self._draw(path, ink, clip)

    def wash(self, path: Any, shader: Any, *, clip: Any = None, alpha: float = 1.0) -> None:
        """Fill `path` with a gradient."""
        ink = paint((0, 0, 0), alpha)
        ink.setShader(shader)
        self._draw(path, ink, clip)

    def shade(self, path: Any, color: Rgb, alpha: float = 1.0, *, clip: Any = None) -> None:
        """A shadow in the show's shading style: a hard cel edge, a soft one, or barely any."""
        if self.shading == "flat":
            self.fill(path, color, alpha * 0.22, clip=clip)
        elif self.shading == "soft":
            self.fill(path, color, alpha * 0.92, clip=clip, blur=7.0)
        else:
            self.fill(path, color, alpha, clip=clip)

    def outline(
        self, path: Any, color: Rgb, width: float = 3.0, alpha: float = 1.0, *, clip: Any = None
    ) -> None:
        """Stroke the edge of `path` evenly."""
        ink = paint(color, alpha)
        ink.setStyle(skia.Paint.kStroke_Style)
        ink.setStrokeWidth(width * self.weight)
        ink.setStrokeJoin(skia.Paint.kRound_Join)
        ink.setStrokeCap(skia.Paint.kRound_Cap)
        self._draw(path, ink, clip)

    def ink(
        self, points: Sequence[Point], color: Rgb, width: float = 3.0, alpha: float = 1.0,
        *, clip: Any = None, head: float = 0.0,
    ) -> None:  # fmt: skip
        """A tapered pen line through `points`."""
        self.fill(taper(points, width * self.weight, head=head), color, alpha, clip=clip)

    def _draw(self, path: Any, ink: Any, clip: Any) -> None:
        if clip is None:
            self.canvas.drawPath(path, ink)
            return
        self.canvas.save()
        self.canvas.clipPath(clip, skia.ClipOp.kIntersect, True)
        self.canvas.drawPath(path, ink)
        self.canvas.restore()
