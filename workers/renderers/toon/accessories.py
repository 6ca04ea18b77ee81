"""What is worn on the head: pinned to the skull in space, so that it turns with it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from workers.renderers.toon.brush import Brush, Point, ellipse, polygon, ribbon, smooth
from workers.renderers.toon.palette import Rgb, ink, lighter, mix, scaled, shadow

if TYPE_CHECKING:
    from workers.renderers.toon.design import Design
    from workers.renderers.toon.turn import Turn


#: where tails are tied, head units
_KNOTS: dict[str, tuple[tuple[float, float, float], ...]] = {
    "twintails": ((-108, -70, -42), (108, -70, -42)),
    "ponytail": ((0, -90, -112),),
    "side_tail": ((106, -33, -32),),
}


def draw_behind(brush: Brush, design: Design, turn: Turn) -> None:
    """What the head hides: the far sides of ears and horns, the back of a bow."""
    for root in _KNOTS.get(design.hair_style, ()):
        side = -1.0 if design.parting < 0 else 1.0
        x, y, _ = turn.project(root[0] * (side if design.hair_style == "side_tail" else 1.0), root[1], root[2])
        tie = ellipse(x, y, 15, 19)
        brush.fill(tie, design.accent)
        brush.fill(ellipse(x - 4, y - 6, 5, 6), lighter(design.accent, 0.5))
        brush.outline(tie, ink(design.accent), 2.8)
    if design.accessory == "cat_ears":
        for side in _by_depth(turn):
            _cat_ear(brush, design, turn, side)
    elif design.accessory == "ribbon" and abs(turn.yaw) < 90:
        _bow(brush, design.accent, turn.project(0, -104, -70)[:2], 1.5)


def draw_on_face(brush: Brush, design: Design, turn: Turn) -> None:
    """Glasses and eyepatch, on the mirrored canvas, under the fringe."""
    if design.accessory == "glasses":
        _glasses(brush, turn)
    elif design.accessory == "eyepatch":
        _eyepatch(brush, turn)


def draw_over(brush: Brush, design: Design, turn: Turn, light: float) -> None:
    """What sits on top of the hair; `light` is the side it is lit from."""
    kind = design.accessory
    side = -1.0 if design.parting < 0 else 1.0
    if kind == "hairclip":
        for azimuth, y in ((50, -30), (44, -12)):
            _clip(brush, design.accent, turn.scalp(side * azimuth, y, 1.07))
    elif kind == "flower":
        _flower(brush, design.accent, turn.scalp(side * 62, -48, 1.08))
    elif kind == "headband":
        _band(brush, design.accent, turn)
    elif kind == "headphones":
        _headphones(brush, design, turn)
    elif kind == "horns":
        for one in _by_depth(turn):
            _horn(brush, turn, one)
    elif kind == "cap":
        _cap(brush, design, turn, light)
    elif kind == "ribbon" and abs(turn.yaw) >= 90:
        _bow(brush, design.accent, turn.project(0, -84, -104)[:2], 1.6)
    elif kind == "ribbon":
        _bow(brush, design.accent, turn.scalp(side * 62, -86, 1.06)[:2], 0.72)


def _by_depth(turn: Turn) -> tuple[float, float]:
    """The two sides of the head, the farther one first."""
    return (1.0, -1.0) if turn.yaw > 0 else (-1.0, 1.0)


def _cat_ear(brush: Brush, design: Design, turn: Turn, side: float) -> None:
    base = [
        turn.project(side * x, y, -6)[:2]
        for x, y in ((26, -112), (50, -172), (72, -186), (92, -140), (94, -72))
    ]
    ear = smooth([*base, turn.project(side * 30, -60, -6)[:2]], tension=0.7)
    brush.outline(ear, ink(design.hair), 5.4)
    brush.fill(ear, design.hair)
    inner = [
        turn.project(side * x, y, 0)[:2] for x, y in ((44, -116), (58, -156), (70, -164), (80, -132), (78, -96))
    ]
    brush.fill(smooth(inner, tension=0.6), mix(design.skin, (240, 140, 150), 0.45))


def _bow(brush: Brush, color: Rgb, center: Point, size: float) -> None:
    x, y = center
    for side in (-1, 1):
        tail = smooth([(x, y), (x + side * 20 * size, y + 30 * size), (x + side * 34 * size, y + 62 * size),
                       (x + side * 14 * size, y + 54 * size)], tension=0.7)  # fmt: skip
        brush.fill(tail, shadow(color))
        brush.outline(tail, ink(color), 2.4)
        loop = smooth(
            [
                (x, y),
                (x + side * 26 * size, y - 30 * size),
                (x + side * 58 * size, y - 28 * size),
                (x + side * 56 * size, y + 22 * size),
                (x + side * 26 * size, y + 16 * size),
            ]
        )
        brush.fill(loop, color)
        fold = [(x, y), (x + side * 40 * size, y + 4 * size), (x + side * 56 * size, y + 22 * size)]
        brush.shade(smooth([*fold, (x + side * 26 * size, y + 18 * size)]), shadow(color), clip=loop)
        brush.outline(loop, ink(color), 2.6)
        brush.ink([(x + side * 8 * size, y - 2 * size), (x + side * 34 * size, y - 8 * size)], ink(color), 2.4)
    knot = ellipse(x, y, 10 * size, 12 * size)
    brush.fill(knot, lighter(color, 0.15))
    brush.outline(knot, ink(color), 2.4)


def _glasses(brush: Brush, turn: Turn) -> None:
    frame: Rgb = (62, 48, 66)
    yaw = abs(turn.yaw)
    lenses = [(turn.keyed(-46, 3, 62), turn.keyed(1, 0.96, 0.5))]
    if yaw < 72:
        lenses.append((turn.keyed(46, 60, 80), turn.keyed(1, 0.72, 0.3)))
    y = 31.0
    for x, squeeze in lenses:
        w, h = 39 * squeeze, 33.0
        lens = smooth(
            [
                (x - w, y - h * 0.7),
                (x, y - h * 0.86),
                (x + w, y - h * 0.7),
                (x + w * 0.94, y + h * 0.5),
                (x, y + h),
                (x - w * 0.94, y + h * 0.5),
            ]
        )
        brush.fill(lens, (226, 240, 255), 0.16)
        glint = [(x - w * 0.8, y + h), (x - w * 0.1, y - h), (x + w * 0.3, y - h), (x - w * 0.4, y + h)]
        brush.fill(polygon(glint), (255, 255, 255), 0.2, clip=lens)
        brush.outline(lens, frame, 4.0)
    near = lenses[0]
    if len(lenses) > 1:
        far = lenses[1]
        bridge = [
            (near[0] + 38 * near[1], y - 8),
            ((near[0] + far[0]) / 2 + 6, y - 13),
            (far[0] - 38 * far[1], y - 8),
        ]
        brush.ink(bridge, frame, 4.4)
    brush.ink([(near[0] - 38 * near[1], y - 12), (turn.keyed(-98, -58, -14), y - 14)], frame, 5.0, head=0.8)


def _eyepatch(brush: Brush, turn: Turn) -> None:
    x, squeeze = turn.keyed(-45, 2, 57), turn.keyed(1, 0.96, 0.66)
    patch = smooth([(x - 36 * squeeze, 4), (x + 34 * squeeze, -4), (x + 36 * squeeze, 30), (x + 6, 66),
                    (x - 28 * squeeze, 54)])  # fmt: skip
    strap: Rgb = (60, 52, 64)
    brush.ink([(x - 30, 10), (turn.keyed(-96, -66, -20), -34)], strap, 6, head=0.9)
    brush.ink([(x + 26 * squeeze, 2), (turn.keyed(70, 80, 84), -60)], strap, 6, head=0.9)
    brush.fill(patch, (250, 250, 252))
    brush.shade(smooth([(x - 36, 34), (x + 36, 30), (x + 6, 70), (x - 30, 56)]), (206, 208, 226), clip=patch)
    brush.outline(patch, strap, 3)


def _clip(brush: Brush, color: Rgb, at: tuple[float, float, float]) -> None:
    x, y, depth = at
    if depth < 0:
        return
    bar = smooth([(x - 19, y - 6), (x + 17, y - 11), (x + 20, y - 3), (x - 17, y + 3)], tension=0.6)
    brush.fill(bar, color)
    brush.fill(ellipse(x - 6, y - 4, 7, 2), lighter(color, 0.7))
    brush.outline(bar, ink(color), 2.4)


def _flower(brush: Brush, color: Rgb, at: tuple[float, float, float]) -> None:
    x, y, depth = at
    if depth < -20:
        return
    for i in range(5):
        a = i * 2 * math.pi / 5 - 0.4
        petal = ellipse(x + 17 * math.cos(a), y + 17 * math.sin(a), 15, 15)
        brush.fill(petal, lighter(color, 0.3))
        brush.outline(petal, ink(color), 2.2)
    for i in range(5):
        a = i * 2 * math.pi / 5 - 0.4
        brush.fill(ellipse(x + 14 * math.cos(a), y + 14 * math.sin(a), 11, 11), lighter(color, 0.3))
    brush.fill(ellipse(x, y, 8, 8), (255, 222, 120))
    brush.outline(ellipse(x, y, 8, 8), (160, 110, 40), 1.8)


def _arc(turn: Turn, y_top: float, y_side: float, z: float, inflate: float) -> list[Point]:
    """A hoop over the head from ear to ear at depth `z`."""
    points = []
    for i in range(13):
        a = math.pi * i / 12
        x, y = -105 * inflate * math.cos(a), y_side + (y_top - y_side) * math.sin(a)
        px, py, depth = turn.project(x, y, z)
        if depth > -34 or y < y_top * 0.72:
            points.append((px, py))
    return points


def _band(brush: Brush, color: Rgb, turn: Turn) -> None:
    hoop = smooth(_arc(turn, -130, 10, 8, 1.0), closed=False)
    for tone, width in ((ink(color), 19.0), (color, 14.0)):
        brush.outline(hoop, tone, width / brush.weight)
    brush.outline(
        smooth(_arc(turn, -132, 8, 4, 1.0)[2:7], closed=False), lighter(color, 0.5), 4.0 / brush.weight
    )


def _headphones(brush: Brush, design: Design, turn: Turn) -> None:
    color = scaled(mix(design.accent, (60, 60, 74), 0.25), 0.95)
    hoop = smooth(_arc(turn, -134, 4, 0, 1.03), closed=False)
    for tone, width in (((30, 28, 40), 19.0), ((70, 70, 86), 14.0)):
        brush.outline(hoop, tone, width / brush.weight)
    for side in _by_depth(turn):
        x, y, depth = turn.project(side * 110, 16, -4)
        if depth < -50:
            continue
        wide = 15 + 22 * abs(math.sin(math.radians(turn.yaw)))
        for rx, ry, paint in ((wide + 4, 40, (66.0, 66.0, 80.0)), (wide - 3, 31, color)):
            cup = ellipse(x, y, rx, ry)
            brush.fill(cup, paint)
            brush.outline(cup, (30, 28, 40), 2.8)
        brush.fill(ellipse(x - 3, y - 11, wide * 0.34, 9), lighter(color, 0.5), 0.8)


def _horn(brush: Brush, turn: Turn, side: float) -> None:
    color: Rgb = (236, 224, 204)
    line = [
        turn.project(side * x, y, z)[:2]
        for x, y, z in ((46, -86, 44), (60, -132, 50), (58, -166, 40), (38, -196, 26))
    ]
    half = [17.0, 14.0, 9.0, 1.0]
    band = ribbon(line, half)
    horn = smooth(band, tension=0.9)
    brush.outline(horn, (74, 48, 52), 5.0)
    brush.fill(horn, color)
    brush.shade(smooth([*band[:4], *line[::-1]], tension=0.8), shadow(color), clip=horn)
    for k in (0.5, 1.0, 1.5):
        x, y = line[int(k)]
        nx, ny = line[int(k) + 1]
        t = k - int(k)
        x, y = x + (nx - x) * t, y + (ny - y) * t
        brush.ink([(x - 15, y), (x, y + 5), (x + 15, y - 1)], (120, 90, 84), 2.4, clip=horn)


def _cap(brush: Brush, design: Design, turn: Turn, light: float) -> None:
    color = design.accent
    rim = [
        turn.scalp(azimuth, -54 + 10 * math.cos(math.radians(azimuth)), 1.12)
        for azimuth in range(-180, 180, 20)
    ]
    near = sorted(((x, y) for x, y, depth in rim if depth > -30), key=lambda point: point[0])
    x, _, _ = turn.project(0, 0, -8)
    dome = [
        (x + 118, -62),
        (x + 104, -108),
        (x + 60, -146),
        (x, -156),
        (x - 60, -146),
        (x - 104, -108),
        (x - 118, -62),
    ]
    crown = smooth([*near, *dome], tension=0.7)
    brush.fill(crown, color)
    brush.shade(
        smooth(
            [
                (x - light * 20, -160),
                (x - light * 130, -130),
                (x - light * 130, -30),
                (x - light * 60, -40),
                (x - light * 66, -110),
            ]
        ),
        shadow(color),
        clip=crown,
    )
    brush.outline(crown, ink(color), 4)
    if abs(turn.yaw) < 130:
        _brim(brush, color, turn)
    top = turn.project(0, -158, -8)
    brush.fill(ellipse(top[0], top[1] + 4, 9, 5), shadow(color))


def _brim(brush: Brush, color: Rgb, turn: Turn) -> None:
    front = [turn.scalp(a, -58, 1.1)[:2] for a in range(-62, 63, 31)]
    peak = [turn.project(58, -46, 136)[:2], turn.project(0, -36, 156)[:2], turn.project(-58, -46, 136)[:2]]
    brim = smooth([*front, *peak], tension=0.9)
    brush.fill(brim, shadow(color, 0.7))
    brush.outline(brim, ink(color), 3.6)
