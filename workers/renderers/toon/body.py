"""Neck, torso, arms and legs with what is worn on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.renderers.toon.brush import smooth
from workers.renderers.toon.palette import ink, shadow, skin_shadow

if TYPE_CHECKING:
    from workers.renderers.toon.brush import Brush
    from workers.renderers.toon.design import Design
    from workers.renderers.toon.moment import Moment


def draw_body(brush: Brush, design: Design, moment: Moment, light: float) -> None:
    """Everything below the chin."""
    canvas = brush.canvas
    canvas.save()
    canvas.translate(0, moment.breath * 1.2 - moment.lift)
    neck = smooth([(-28, 88), (-27, 140), (-44, 168), (44, 168), (27, 140), (28, 88)])
    brush.fill(neck, design.skin)
    brush.shade(
        smooth([(-30, 96), (0, 136), (30, 96), (32, 130), (4, 152), (-30, 132)]),
        skin_shadow(design.skin),
        clip=neck,
    )
    brush.outline(neck, ink(design.skin), 2.6)
    b = design.build
    torso = smooth([(-50, 160), (-112 * b, 184), (-132 * b, 240), (-128 * b, 480), (-134 * b, 760), (134 * b, 760),
                    (128 * b, 480), (132 * b, 240), (112 * b, 184), (50, 160), (0, 172)])  # fmt: skip
    brush.outline(torso, ink(design.cloth), 5.2)
    brush.fill(torso, design.cloth)
    k = -light
    brush.shade(
        smooth([(k * 20, 190), (k * 120, 180), (k * 180, 400), (k * 150, 800), (k * 60, 800), (k * 80, 400)]),
        shadow(design.cloth),
        clip=torso,
    )
    canvas.restore()
