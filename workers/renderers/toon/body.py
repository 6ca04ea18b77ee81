"""Everything below the chin in drawing order: legs, neck, trunk, clothes, arms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.renderers.toon import garments
from workers.renderers.toon.arms import arms, draw_arm
from workers.renderers.toon.brush import smooth
from workers.renderers.toon.legs import draw_legs, draw_lower
from workers.renderers.toon.outfits import outfit
from workers.renderers.toon.palette import ink, shadow, skin_shadow
from workers.renderers.toon.torso import Torso, torso

if TYPE_CHECKING:
    from workers.renderers.toon.brush import Brush
    from workers.renderers.toon.design import Design
    from workers.renderers.toon.moment import Moment
    from workers.renderers.toon.outfits import Outfit


def draw_body(brush: Brush, design: Design, moment: Moment, light: float) -> None:
    """The body of `moment`, the middle of the head at the origin."""
    canvas = brush.canvas
    mirror = -1.0 if -120 < moment.body_yaw < 0 else 1.0
    frame = torso(moment.body_yaw, design.build)
    wear = outfit(design.outfit, design.cloth, design.accent)
    near, far = arms(frame, moment)
    lit = light * mirror
    canvas.save()
    canvas.scale(mirror, 1)
    canvas.translate(0, -moment.lift)
    draw_legs(brush, design, wear, frame, moment, lit)
    canvas.translate(0, moment.breath * 1.2)
    for arm in (far, near):
        if arm.behind:
            draw_arm(brush, design, wear, arm, lit)
    _neck(brush, design, frame)
    _trunk(brush, design, wear, frame, moment, lit)
    for arm in (far, near):
        if not arm.behind:
            draw_arm(brush, design, wear, arm, lit)
    if design.accessory == "scarf":
        garments.draw_scarf(brush, design, frame, moment)
    canvas.restore()


def _neck(brush: Brush, design: Design, frame: Torso) -> None:
    a, b = frame.turn.keyed(-26, -34, -34), frame.turn.keyed(26, 16, 12)
    neck = smooth([(a, 80), (a - 1, 138), (a - 6, 166), (b + 6, 166), (b + 1, 138), (b, 80)])
    brush.outline(neck, ink(design.skin), 5.0)
    brush.fill(neck, design.skin)
    if not frame.back:
        middle = (a + b) / 2
        shade = smooth([(a - 4, 90), (b + 14, 90), (b + 6, 128), (middle + 4, 152), (a - 2, 128)])
        brush.shade(shade, skin_shadow(design.skin), clip=neck)


def _trunk(brush: Brush, design: Design, wear: Outfit, frame: Torso, moment: Moment, light: float) -> None:  # noqa: PLR0917 - one drawing, its whole context
    points = frame.outline
    path = smooth(points, tension=0.85)
    line, shade = ink(wear.top), shadow(wear.top)
    brush.outline(path, line, 5.2)
    brush.fill(path, wear.top)
    edge = frame.far if light < 0 else frame.near
    inner = [(x - (26 if light < 0 else -26) - (x - frame.middle) * 0.16, y) for x, y in edge]
    brush.shade(smooth([*edge, *inner[::-1]], tension=0.7), shade, clip=path)
    for side, bend in ((0.8, 0.35), (-0.8, -0.42)):
        brush.ink(
            [frame.at(side, 292), frame.at(side * 0.7, 316), frame.at(bend, 326)], line, 2.6, 0.7, clip=path
        )
    draw_lower(brush, design, wear, frame, moment, light)
    garments.draw_front(brush, design, frame, moment, path)
