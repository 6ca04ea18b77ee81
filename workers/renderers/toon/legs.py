"""Legs, shoes and what covers them: skirts, trousers, robes and coats."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from workers.renderers.toon.brush import Brush, Point, curve, ribbon, smooth
from workers.renderers.toon.palette import Rgb, ink, lighter, mix, shadow, skin_shadow
from workers.renderers.toon.tailoring import draw_blossoms

if TYPE_CHECKING:
    from workers.renderers.toon.design import Design
    from workers.renderers.toon.moment import Moment
    from workers.renderers.toon.outfits import Outfit
    from workers.renderers.toon.torso import Torso

_WHITE: Rgb = (250, 249, 252)
#: where a robe's flowers are: across the body, -1 to 1, and down it
_ROBE_BLOSSOMS = ((-0.5, 700), (0.5, 820), (-0.2, 940), (0.62, 1010), (-0.7, 1030), (0.3, 640))


def draw_legs(brush: Brush, design: Design, wear: Outfit, torso: Torso, moment: Moment, light: float) -> None:  # noqa: PLR0917 - one drawing, its whole context
    """Both legs, the far one first."""
    near, far = torso.hips
    swing = math.sin(moment.stride) if moment.pose == "walking" else 0.0
    for hip, side in ((far, 1.0), (near, -1.0)):
        step = swing * side * torso.turn.keyed(6, 60, 120)
        lifted = max(0.0, swing * side) * torso.turn.keyed(38, 26, 22)
        knee = (hip[0] + side * 2 + step * 0.45 + lifted * 0.3, 800 - lifted * 0.7)
        ankle = (hip[0] + side * 1 + step - lifted * 0.4, 1092 - lifted)
        _leg(brush, design, wear, [hip, knee, ankle], light)
        _shoe(brush, wear.shoes, ankle, torso.turn.keyed(side * 10, 34, 50))


def _leg(brush: Brush, design: Design, wear: Outfit, joints: list[Point], light: float) -> None:
    line = curve(joints, 5)
    k = design.build
    half = [k * w for w in (46, 45, 42, 38, 34, 31, 32, 30, 26, 21, 18)]
    bare = smooth(ribbon(line, half), tension=0.9)
    brush.outline(bare, ink(design.skin), 4.6)
    brush.fill(bare, design.skin)
    brush.shade(_side(line, half, light), skin_shadow(design.skin), clip=bare)
    if wear.socks is not None:
        _tube(brush, wear.socks, line[6:], [w + 2 for w in half[6:]], light)
    if wear.lower in ("trousers", "coat"):
        color: Rgb = (70, 70, 88) if wear.lower == "coat" else wear.lower_color
        _tube(brush, color, line[:10], [w + 5 + i * 1.1 for i, w in enumerate(half[:10])], light)
        x, y = line[5]
        brush.ink([(x - 22, y - 8), (x, y + 2), (x + 18, y - 4)], ink(color), 3.0)


def _tube(brush: Brush, color: Rgb, line: list[Point], half: list[float], light: float) -> None:
    path = smooth(ribbon(line, half), tension=0.7)
    brush.outline(path, ink(color), 5.0)
    brush.fill(path, color)
    brush.shade(_side(line, half, light), shadow(color), clip=path)


def _side(line: list[Point], half: list[float], light: float) -> object:
    outer = ribbon(line, half)
    count = len(line)
    edge = outer[:count] if light > 0 else outer[count:][::-1]
    mid = [(x + (sx - x) * 0.2, y) for (x, y), (sx, _) in zip(line, edge, strict=True)]
    return smooth([*edge, *mid[::-1]], tension=0.8)


def _shoe(brush: Brush, color: Rgb, ankle: Point, toe: float) -> None:
    x, y = ankle
    shoe = smooth(
        [
            (x - 22, y - 6),
            (x + 20, y - 6),
            (x + 24 + toe * 0.6, y + 24),
            (x + 22 + toe, y + 44),
            (x, y + 50),
            (x - 26 + min(0.0, toe), y + 44),
        ],
        tension=0.8,
    )
    brush.outline(shoe, ink(color), 5.0)
    brush.fill(shoe, color)
    brush.shade(
        smooth([(x - 40, y + 36), (x + 80, y + 36), (x + 80, y + 60), (x - 40, y + 60)]),
        shadow(color, 1.4),
        clip=shoe,
    )


def draw_lower(brush: Brush, design: Design, wear: Outfit, torso: Torso, moment: Moment, light: float) -> None:  # noqa: PLR0917 - one drawing, its whole context
    """What hangs from the waist over the legs, swaying late."""
    shape = {"skirt": (400.0, 655.0, 52.0, 9), "gown": (396.0, 790.0, 84.0, 8), "robe": (400.0, 1080.0, 2.0, 0),
             "coat": (400.0, 760.0, 34.0, 3)}.get(wear.lower)  # fmt: skip
    if shape is None:
        return
    top, hem, flare, pleats = shape
    swing = 8 * math.sin(moment.sway - 1.0) * moment.sway_size * (0.3 if wear.lower == "robe" else 1.0)
    far, near = torso.at(0.72, top)[0], torso.at(-0.72, top)[0]
    wide_far, wide_near = torso.at(0.96, 520)[0] + 6, torso.at(-0.96, 520)[0] - 6
    k = torso.turn.keyed(1, 1, 0.8)
    right, left = (wide_far + flare * k + swing, hem), (wide_near - flare * k + swing, hem)
    bottom = [
        (right[0] + (left[0] - right[0]) * i / 8, hem + 12 * math.sin(i / 8 * math.pi) + 3 * (i % 2))
        for i in range(9)
    ]
    body = smooth([(far, top), (wide_far, 500), *bottom, (wide_near, 500), (near, top)], tension=0.6)
    color = wear.lower_color
    brush.outline(body, ink(color), 5.2)
    brush.fill(body, color)
    edge = right if light < 0 else left
    mid = (right[0] + left[0]) / 2 - light * (right[0] - left[0]) * 0.22
    brush.shade(
        smooth(
            [(far if light < 0 else near, top), edge, (mid, hem + 30), (mid + light * 20, 560)], tension=0.5
        ),
        shadow(color),
        clip=body,
    )
    _folds(brush, color, body, ((near, top), (far, top)), (left, right), pleats)
    _trim(brush, design, wear, body, (left, right), torso)


def _folds(  # noqa: PLR0917 - one drawing, its whole context
    brush: Brush, color: Rgb, body: Any, waist: tuple[Point, Point], hem: tuple[Point, Point], pleats: int
) -> None:
    """The folds between `pleats` pleats, from waist to hem, each given as its (left, right) ends."""
    (near, top), (far, _) = waist
    left, right = hem
    for i in range(1, pleats):
        t = i / pleats
        foot = (left[0] + (right[0] - left[0]) * t, left[1] + 14)
        head = (near + (far - near) * t, top + 24)
        fold = smooth([head, (foot[0] - 7, foot[1]), (foot[0] + 9, foot[1])], tension=0.2)
        brush.shade(fold, shadow(color, 0.8), 0.85, clip=body)
        middle = ((head[0] + foot[0]) / 2, (head[1] + foot[1]) / 2 - 10)
        brush.ink([head, middle, foot], ink(color), 3.0, 0.85, clip=body)


def _trim(  # noqa: PLR0917 - one drawing, its whole context
    brush: Brush, design: Design, wear: Outfit, body: Any, hem_line: tuple[Point, Point], torso: Torso
) -> None:
    """The hem's ribbon, the maid's apron, the robe's overlap, the coat's."""
    if wear.lower == "gown":
        (left, hem), (right, _) = hem_line
        band = [(left, hem - 26), ((left + right) / 2, hem - 12), (right, hem - 26)]
        ribbon = lighter(design.accent, 0.2) if design.outfit == "dress" else _WHITE
        brush.ink(band, ribbon, 10, clip=body, head=0.9)
    if torso.back:
        return
    if design.outfit == "maid":
        _apron(brush, wear, body, torso)
    x = torso.middle
    if wear.lower == "robe":
        overlap = [(x + 10, 470), (x - 6, 760), (x - 26, 1084)]
        brush.ink(overlap, ink(wear.lower_color), 4.0, clip=body, head=0.8)
        draw_blossoms(brush, design, [(torso.at(u, 0)[0], y) for u, y in _ROBE_BLOSSOMS], body)
    if wear.lower == "coat":
        brush.ink([(x, 400), (x + 2, 580), (x - 4, 770)], ink(wear.lower_color), 3.6, clip=body, head=0.8)


def _apron(brush: Brush, wear: Outfit, body: Any, torso: Torso) -> None:
    apron = smooth(
        [
            torso.at(-0.5, 400),
            torso.at(0.5, 400),
            (torso.at(0.75, 600)[0] + 18, 640),
            (torso.at(0.5, 700)[0] + 10, 726),
            (torso.middle, 744),
            (torso.at(-0.5, 700)[0] - 10, 726),
            (torso.at(-0.75, 600)[0] - 18, 640),
        ]
    )
    brush.fill(apron, _WHITE, clip=body)
    brush.outline(apron, mix(ink(wear.lower_color), (120, 110, 140), 0.5), 3, clip=body)
