"""Hair as locks in space: one lock is a tapered band around a bent centre line, drawn in groups by depth.

A group is inked first and filled over, so that only its outer silhouette keeps a full line; inside it a lock
shows as a shadow strip and a thin tapered line, the way a cel painter separates strands.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import skia

from workers.renderers.toon.brush import Brush, Point, curve, gradient, polygon, ribbon, smooth
from workers.renderers.toon.palette import Rgb, ink, mix, shadow
from workers.renderers.toon.turn import CENTER_Y, RADII, Turn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.renderers.toon.design import Design
    from workers.renderers.toon.moment import Moment


@dataclass(frozen=True, slots=True)
class Lock:
    """One strand of hair in head space."""

    points: tuple[tuple[float, float, float], ...]  #: x, y, z from root to tip, units
    widths: tuple[float, ...]  #: half-width at each point, units
    flex: float = 0.0  #: how far its tip sways, units
    lag: float = 0.0  #: how late it follows, radians
    line: bool = True  #: whether its edge is inked inside the group
    tail: bool = False  #: hangs free beside the head, so the head throws no shade on it
    layer: str = ""  #: `fringe`, `front` or `back` pins it; empty lets its depth decide


@dataclass(frozen=True, slots=True)
class Strand:
    """A lock as one drawing sees it."""

    line: list[Point]
    half: list[float]
    outline: Any
    depth: float
    lock: Lock


def strands(locks: Sequence[Lock], turn: Turn, moment: Moment) -> list[Strand]:
    """Every lock projected, swayed and outlined, the farthest first."""
    out = []
    for lock in locks:
        flat: list[Point] = []
        depth = 0.0
        last = len(lock.points) - 1
        for i, point in enumerate(lock.points):
            x, y, z = turn.project(*point)
            t = i / last
            late = moment.sway - lock.lag - t * 1.3
            push = lock.flex * moment.sway_size * t * t
            flat.append((x + push * math.sin(late), y + 0.22 * push * math.cos(late)))
            depth += z * (0.35 if i == 0 else 1.0)
        line = curve(flat, 2)
        half = [lock.widths[0]]
        for a, b in zip(lock.widths, lock.widths[1:], strict=False):
            half += [(a + b) / 2, b]
        out.append(Strand(line, half, smooth(ribbon(line, half), tension=0.9), depth / len(lock.points), lock))
    return sorted(out, key=lambda strand: strand.depth)


def skull(turn: Turn, inflate: float = 1.0) -> Any:
    """The silhouette of the hair on the skull."""
    x, y, _ = turn.project(0, CENTER_Y, -8)
    angle = math.radians(turn.yaw)
    rx = math.hypot(RADII[0] * math.cos(angle), RADII[2] * math.sin(angle)) * inflate
    ry = RADII[1] * inflate
    path = skia.Path()
    path.addOval(skia.Rect.MakeLTRB(x - rx, y - ry, x + rx, y + ry))
    return path


def cap(turn: Turn, hairline: float) -> Any | None:
    """The part of the scalp in front of the ears and above the hairline; None from behind."""
    edge: list[Point] = []
    for azimuth in range(-104, 105, 8):
        k = abs(azimuth) / 104
        x, y, z = turn.scalp(azimuth, hairline + 74 * k**2.2, 0.985)
        if z > -12:
            edge.append((x, y))
    if len(edge) < 3:
        return None
    x0, y0, _ = turn.project(0, CENTER_Y, -8)
    bounds = skull(turn, 1.0).getBounds()
    rx, ry = bounds.width() / 2, bounds.height() / 2
    start = math.atan2((edge[-1][1] - y0) / ry, (edge[-1][0] - x0) / rx)
    end = math.atan2((edge[0][1] - y0) / ry, (edge[0][0] - x0) / rx)
    if end >= start:
        end -= 2 * math.pi
    arc = [start + (end - start) * i / 14 for i in range(15)]
    dome = [(x0 + rx * math.cos(a), y0 + ry * math.sin(a)) for a in arc]
    return polygon(edge + _dense(dome))


def _dense(points: list[Point]) -> list[Point]:
    return curve(points, 3)


def draw_group(
    brush: Brush, design: Design, group: Sequence[Strand], *, bodies: Sequence[Any] = (), light: float = -1.0,
    dark: float = 0.0,
) -> Any:  # fmt: skip
    """Ink, fill and shade `group` (and the plain shapes `bodies`) as one mass; gives its whole path.

    `dark` 0..1 pushes the group's colours back, for hair behind the head.
    """
    deep = shadow(design.hair, 1.15)
    base = mix(design.hair, deep, dark)
    line, shade = ink(design.hair), mix(shadow(design.hair), shadow(design.hair, 1.9), dark)
    whole = skia.Path()
    for path in [*bodies, *(s.outline for s in group)]:
        brush.outline(path, line, 5.6)
    for path in bodies:
        brush.fill(path, base)
        whole.addPath(path)
    for strand in group:
        brush.fill(strand.outline, mix(design.hair, deep, dark * 0.2) if strand.lock.tail else base)
        whole.addPath(strand.outline)
        _shadow_strip(brush, strand, shade, light)
        if strand.lock.line:
            _edge(brush, strand, line, light)
    return whole


def _shadow_strip(brush: Brush, strand: Strand, shade: Rgb, light: float) -> None:
    """The side of a lock away from the light, from its middle down to the tip."""
    start = len(strand.line) // 3
    line, half = strand.line[start:], strand.half[start:]
    if len(line) < 3:
        return
    outer = ribbon(line, half)
    count = len(line)
    # `ribbon` runs down one side and back up the other; down-hanging locks have the right side first.
    side = outer[:count] if light > 0 else outer[count:][::-1]
    grow = [min(1.0, i / (count - 1) * 1.6) for i in range(count)]
    inner = [(sx + (x - sx) * 0.85 * g, sy + (y - sy) * 0.85 * g)
             for (x, y), (sx, sy), g in zip(line, side, grow, strict=True)]  # fmt: skip
    # Unclipped: the strip lies inside the lock, and its outer edge meets ink that was drawn before it.
    brush.shade(smooth(side + inner[::-1], tension=0.8), shade)


def _edge(brush: Brush, strand: Strand, line: Rgb, light: float) -> None:
    """A thin pen line up each edge of a lock, long on its shadow side, fading out towards the root."""
    outer = ribbon(strand.line, strand.half)
    count = len(strand.line)
    right, left = outer[:count], outer[count:][::-1]
    dark, bright = (right, left) if light > 0 else (left, right)
    brush.ink(dark[int(count * 0.28) :], line, 2.5, 0.9)
    brush.ink(bright[int(count * 0.62) :], line, 2.0, 0.7)


def crown_shadow(brush: Brush, design: Design, turn: Turn, clip: Any, light: float) -> None:
    """The side of the head away from the light, as one hard crescent over all its hair."""
    bounds = skull(turn, 1.12).getBounds()
    x, y, r = bounds.centerX(), bounds.centerY(), bounds.width() / 2
    k = -light
    crescent = smooth(
        [
            (x + k * r * 0.34, y - r * 1.04),
            (x + k * r * 0.9, y - r * 0.7),
            (x + k * r * 1.2, y),
            (x + k * r * 1.1, y + r * 1.1),
            (x + k * r * 0.86, y + r),
            (x + k * r * 0.88, y + r * 0.3),
            (x + k * r * 0.74, y - r * 0.42),
        ]
    )
    brush.shade(crescent, shadow(design.hair, 1.2), 0.55, clip=clip)


def shine(brush: Brush, design: Design, turn: Turn, clip: Any, height: float) -> None:
    """The band of light around the crown, in spikes that follow its curve, inside `clip`."""
    upper: list[Point] = []
    lower: list[Point] = []
    for i, degrees in enumerate(range(-96, 97, 6)):
        azimuth = degrees - turn.yaw  # the band always faces the viewer
        spike = (i % 4 in (1, 2)) * 9 + (i * 7 % 5) * 1.6
        bend = 14 * math.cos(math.radians(azimuth + turn.yaw))
        x, y, _ = turn.scalp(azimuth, height + bend - 5 - spike * 0.5, 1.01)
        upper.append((x, y))
        x, y, _ = turn.scalp(azimuth, height + bend + 6 + spike, 1.01)
        lower.append((x, y))
    brush.fill(
        smooth(upper + lower[::-1], tension=0.35), mix(design.hair, (236, 240, 255), 0.52), 0.85, clip=clip
    )


def tips_tint(brush: Brush, design: Design, clip: Any, top: float, bottom: float) -> None:
    """The fringe takes a little of the skin's colour towards its tips."""
    warm = mix(design.skin, design.hair, 0.5)
    area = skia.Path()
    area.addRect(skia.Rect.MakeLTRB(-160, top, 160, bottom))
    brush.wash(area, gradient((0, top), (0, bottom), [(0.0, warm, 0.0), (1.0, warm, 0.3)]), clip=clip)
