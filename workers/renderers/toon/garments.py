"""The front of every outfit: collars, bows, lapels, zips, plates, drawn on the turned trunk."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from workers.renderers.toon.brush import Brush, box, ellipse, polygon, smooth
from workers.renderers.toon.outfits import WHITE
from workers.renderers.toon.palette import Rgb, ink, lighter, scaled, shadow
from workers.renderers.toon.tailoring import bow, draw_blossoms, patch, skin_v, squeeze

if TYPE_CHECKING:
    from workers.renderers.toon.design import Design
    from workers.renderers.toon.moment import Moment
    from workers.renderers.toon.torso import Torso

_CLOTH_SHADE: Rgb = (206, 204, 228)


def draw_front(brush: Brush, design: Design, torso: Torso, moment: Moment, trunk: Any) -> None:
    """The outfit's details inside `trunk`, the torso's path; from behind only what is seen there."""
    if torso.back:
        _from_behind(brush, design, torso, trunk)
    else:
        _FRONTS[design.outfit](brush, design, torso, moment, trunk)


def draw_scarf(brush: Brush, design: Design, torso: Torso, moment: Moment) -> None:
    """The scarf goes over every outfit."""
    color = design.accent
    swing = 10 * math.sin(moment.sway - 0.8) * moment.sway_size
    tail = smooth([torso.at(0.1, 186), torso.at(0.42, 192), (torso.at(0.44, 0)[0] + swing, 390),
                   (torso.at(0.14, 0)[0] + swing, 396)], tension=0.5)  # fmt: skip
    patch(brush, tail, color)
    for y in (340, 362):
        brush.ink(
            [(torso.at(0.1, 0)[0] + swing, y), (torso.at(0.45, 0)[0] + swing, y)],
            lighter(color, 0.6),
            7,
            clip=tail,
        )
    x = torso.turn.keyed(0, -4, -6)
    wrap = smooth(
        [(x - 62, 128), (x - 70, 168), (x - 30, 200), (x + 34, 200), (x + 70, 166), (x + 60, 126), (x, 146)]
    )
    patch(brush, wrap, color)
    brush.shade(
        smooth([(x - 60, 180), (x, 176), (x + 66, 160), (x + 50, 210), (x - 40, 210)]), shadow(color), clip=wrap
    )
    for dx in (-34, 4, 40):
        brush.ink([(x + dx - 10, 146), (x + dx + 4, 168), (x + dx, 190)], ink(color), 3, 0.8, clip=wrap)


def _sailor(brush: Brush, design: Design, torso: Torso, moment: Moment, trunk: Any) -> None:
    skin_v(brush, design, torso, 250, 0.42)
    at = torso.at
    for side in (1, -1):
        flap = smooth(
            [
                at(0.36 * side, 158),
                at(0.8 * side, 170),
                at(0.98 * side, 196),
                at(0.56 * side, 262),
                at(0, 306),
                at(0.05 * side, 262),
                at(0.28 * side, 206),
            ],
            tension=0.5,
        )
        brush.fill(flap, WHITE)
        brush.shade(
            smooth([at(0, 250), at(0.6 * side, 236), at(0.9 * side, 220), at(0.5 * side, 300), at(0, 320)]),
            _CLOTH_SHADE,
            clip=flap,
        )
        brush.outline(flap, ink(design.cloth), 3.0)
        for k in (0.0, 0.08):
            brush.ink(
                [
                    at((0.88 - k) * side, 200),
                    at((0.52 - k) * side, 254 - k * 60),
                    at(0.06 * side, 290 - k * 90),
                ],
                design.cloth,
                3.4,
                clip=flap,
                head=0.8,
            )
    bow(brush, design.accent, at(0, 300), 4 * math.sin(moment.sway) * moment.sway_size, squeeze(torso))


def _blazer(brush: Brush, design: Design, torso: Torso, moment: Moment, trunk: Any) -> None:
    at = torso.at
    shirt = smooth([at(-0.42, 156), at(0.42, 156), at(0.24, 300), at(0, 390), at(-0.24, 300)], tension=0.4)
    patch(brush, shirt, WHITE)
    tie = polygon([at(-0.09, 204), at(0.09, 204), at(0.15, 350), at(0, 382), at(-0.15, 350)])
    patch(brush, tie, design.accent, clip=shirt)
    for y in (250, 290, 330):
        brush.ink([at(-0.16, y + 18), at(0.16, y - 8)], lighter(design.accent, 0.5), 6, clip=tie)
    patch(brush, polygon([at(-0.13, 186), at(0.13, 186), at(0.08, 214), at(-0.08, 214)]), shadow(design.accent))
    for side in (1, -1):
        wing = smooth(
            [at(0.04 * side, 192), at(0.16 * side, 160), at(0.42 * side, 158), at(0.34 * side, 210)],
            tension=0.2,
        )
        patch(brush, wing, WHITE)
        lapel = smooth(
            [
                at(0.4 * side, 160),
                at(0.62 * side, 176),
                at(0.66 * side, 250),
                at(0.5 * side, 262),
                at(0.56 * side, 282),
                at(0.02 * side, 402),
                at(0.26 * side, 270),
            ],
            tension=0.3,
        )
        patch(brush, lapel, lighter(design.cloth, 0.12))
    brush.ink([at(0, 398), at(0.02, 470), at(0.05, 530)], ink(design.cloth), 3.4, clip=trunk, head=0.8)
    for y in (424, 474):
        patch(brush, ellipse(*at(-0.12, y), 7, 7), (224, 190, 104), 2.2)


def _hoodie(brush: Brush, design: Design, torso: Torso, moment: Moment, trunk: Any) -> None:
    at = torso.at
    cloth = design.cloth
    pocket = smooth([at(-0.46, 404), at(0.46, 404), at(0.66, 486), at(-0.66, 486)], tension=0.2)
    patch(brush, pocket, shadow(cloth, 0.4), clip=trunk)
    patch(brush, smooth([at(-0.34, 152), at(0.34, 152), at(0.24, 194), at(0, 210), at(-0.24, 194)]), WHITE)
    hood = smooth(
        [
            at(-0.42, 128),
            at(-0.84, 158),
            at(-0.76, 208),
            at(-0.3, 236),
            at(0, 244),
            at(0.3, 236),
            at(0.76, 208),
            at(0.84, 158),
            at(0.42, 128),
            at(0.36, 176),
            at(0, 206),
            at(-0.36, 176),
        ]
    )
    brush.fill(hood, lighter(cloth, 0.14))
    brush.shade(
        smooth([at(-0.6, 206), at(0, 226), at(0.7, 196), at(0.5, 260), at(-0.5, 260)]), shadow(cloth), clip=hood
    )
    brush.outline(hood, ink(cloth), 3.2)
    for side in (-1, 1):
        swing = 5 * math.sin(moment.sway + side) * moment.sway_size
        x, y = at(0.22 * side, 232)
        brush.ink([(x, y), (x + swing * 0.4, y + 50), (x + swing, y + 96)], ink(cloth), 8.6, head=0.9)
        brush.ink([(x, y), (x + swing * 0.4, y + 50), (x + swing, y + 96)], WHITE, 5.2, head=0.9)
    stripe = smooth([at(-1.1, 322), at(0, 334), at(1.1, 322), at(1.1, 350), at(0, 362), at(-1.1, 350)])
    brush.fill(stripe, design.accent, clip=trunk)


def _kimono(brush: Brush, design: Design, torso: Torso, moment: Moment, trunk: Any) -> None:
    at = torso.at
    draw_blossoms(brush, design, [at(-0.6, 300), at(0.66, 272), at(-0.72, 216), at(0.4, 350)], trunk)
    skin_v(brush, design, torso, 226, 0.36)
    for color, inset in ((WHITE, 0.0), (design.accent, 0.1)):
        for side in (-1, 1):
            band = smooth([at((0.3 + inset) * side, 152), at((0.46 + inset) * side, 156), at(-0.2 * side, 392),
                           at(-0.42 * side, 380)], tension=0.2)  # fmt: skip
            patch(brush, band, color, 2.8, clip=trunk)
    obi = smooth(
        [at(-1.1, 372), at(0, 380), at(1.1, 372), at(1.14, 486), at(0, 494), at(-1.14, 486)], tension=0.2
    )
    brush.fill(obi, design.accent, clip=trunk)
    brush.shade(
        smooth([at(-1.2, 456), at(1.2, 456), at(1.2, 500), at(-1.2, 500)]), shadow(design.accent), clip=trunk
    )
    brush.outline(obi, ink(design.accent), 3.2, clip=trunk)
    cord = smooth([at(-1.1, 424), at(0, 432), at(1.1, 424), at(1.1, 438), at(0, 446), at(-1.1, 438)])
    patch(brush, cord, lighter(design.accent, 0.55), 2.4, clip=trunk)
    patch(brush, ellipse(*at(0, 437), 11, 11), WHITE, 2.4)


def _armor(brush: Brush, design: Design, torso: Torso, moment: Moment, trunk: Any) -> None:
    at = torso.at
    metal = design.cloth
    under = smooth([at(-1, 380), at(1, 380), at(1, 540), at(-1, 540)])
    brush.fill(under, (62, 62, 80), clip=trunk)
    _plate(brush, design, torso)
    for i, u in enumerate((-0.66, 0.0, 0.66)):
        tasset = smooth(
            [at(u - 0.36, 436), at(u + 0.36, 436), at(u + 0.34, 540), at(u, 572), at(u - 0.34, 540)],
            tension=0.4,
        )
        patch(brush, tasset, lighter(metal, 0.2 if i != 2 else 0.0), 3.2)
    patch(brush, smooth([at(-1, 424), at(1, 424), at(1, 450), at(-1, 450)], tension=0.2), design.accent, 3)
    collar = smooth([at(-0.42, 146), at(0, 172), at(0.42, 146), at(0.5, 186), at(0, 208), at(-0.5, 186)])
    patch(brush, collar, metal, 3.2)


def _plate(brush: Brush, design: Design, torso: Torso) -> None:
    """The breastplate with its gleam, its ridge and its gem."""
    at = torso.at
    metal = design.cloth
    plate = smooth(
        [
            at(-0.86, 190),
            at(-0.3, 178),
            at(0, 196),
            at(0.3, 178),
            at(0.86, 190),
            at(0.92, 300),
            at(0.5, 400),
            at(0, 424),
            at(-0.5, 400),
            at(-0.92, 300),
        ]
    )
    brush.fill(plate, lighter(metal, 0.25))
    brush.shade(
        smooth([at(0.06, 200), at(0.9, 190), at(1, 320), at(0.4, 430), at(0.02, 430), at(0.2, 320)]),
        shadow(metal),
        clip=plate,
    )
    brush.fill(smooth([at(-0.7, 210), at(-0.5, 204), at(-0.56, 330), at(-0.66, 310)]), WHITE, 0.7, clip=plate)
    brush.outline(plate, ink(metal), 3.4)
    brush.ink([at(0, 198), at(0.04, 310), at(0, 420)], ink(metal), 3.4, head=0.7)
    brush.ink(
        [at(-0.84, 300), at(-0.3, 344), at(0, 350), at(0.3, 344), at(0.84, 300)],
        design.accent,
        9,
        clip=plate,
        head=0.8,
    )
    gem = polygon([at(0, 214), at(0.12, 236), at(0, 262), at(-0.12, 236)])
    patch(brush, gem, design.eyes, 2.8)


def _dress(brush: Brush, design: Design, torso: Torso, moment: Moment, trunk: Any) -> None:
    at = torso.at
    skin_v(brush, design, torso, 214, 0.5)
    for side in (-1, 1):
        collar = smooth(
            [
                at(0.02 * side, 212),
                at(0.3 * side, 168),
                at(0.62 * side, 172),
                at(0.66 * side, 216),
                at(0.3 * side, 244),
            ]
        )
        patch(brush, collar, WHITE, 3)
    for y in (270, 304, 338):
        patch(brush, ellipse(*at(0, y), 6, 6), WHITE, 2)
    sash = smooth([at(-1, 376), at(0, 384), at(1, 376), at(1, 408), at(0, 416), at(-1, 408)], tension=0.2)
    patch(brush, sash, design.accent, 3, clip=trunk)
    bow(brush, design.accent, at(0, 226), 3 * math.sin(moment.sway), squeeze(torso), 0.62)


def _casual(brush: Brush, design: Design, torso: Torso, moment: Moment, trunk: Any) -> None:
    at = torso.at
    neck = smooth([at(-0.4, 150), at(0.4, 150), at(0.26, 196), at(0, 212), at(-0.26, 196)])
    brush.fill(neck, design.skin)
    brush.ink(
        [at(-0.42, 152), at(-0.28, 196), at(0, 214), at(0.28, 196), at(0.42, 152)],
        scaled(design.cloth, 0.7),
        9,
        head=0.8,
    )
    for y in (286, 318):
        band = smooth(
            [at(-1.1, y), at(0, y + 10), at(1.1, y), at(1.1, y + 18), at(0, y + 28), at(-1.1, y + 18)]
        )
        brush.fill(band, design.accent if y < 300 else WHITE, clip=trunk)
    brush.ink([at(-0.9, 420), at(-0.4, 436), at(-0.1, 426)], ink(design.cloth), 3, 0.8, clip=trunk)
    brush.ink([at(0.9, 440), at(0.5, 452), at(0.2, 446)], ink(design.cloth), 3, 0.8, clip=trunk)


def _maid(brush: Brush, design: Design, torso: Torso, moment: Moment, trunk: Any) -> None:
    at = torso.at
    bib = smooth([at(-0.5, 236), at(0.5, 236), at(0.46, 410), at(-0.46, 410)], tension=0.3)
    patch(brush, bib, WHITE)
    for side in (-1, 1):
        points = [at(0.5 * side, 168), at(0.82 * side, 190), at(0.74 * side, 240), at(0.5 * side, 250)]
        patch(brush, smooth(points), WHITE, 3)
        collar = smooth(
            [at(0, 196), at(0.28 * side, 156), at(0.46 * side, 166), at(0.3 * side, 214)], tension=0.5
        )
        patch(brush, collar, WHITE, 3)
    patch(brush, smooth([at(-1, 384), at(1, 384), at(1, 410), at(-1, 410)], tension=0.2), WHITE, 3, clip=trunk)
    bow(brush, design.accent, at(0, 208), 3 * math.sin(moment.sway), squeeze(torso), 0.74)


def _coat(brush: Brush, design: Design, torso: Torso, moment: Moment, trunk: Any) -> None:
    at = torso.at
    inner = smooth([at(-0.4, 150), at(0.4, 150), at(0.2, 230), at(0, 262), at(-0.2, 230)])
    patch(brush, inner, lighter(design.accent, 0.3))
    for side in (1, -1):
        lapel = smooth(
            [
                at(0.3 * side, 146),
                at(0.66 * side, 160),
                at(0.78 * side, 214),
                at(0.44 * side, 262),
                at(0.02 * side, 290),
                at(0.2 * side, 226),
            ],
            tension=0.4,
        )
        patch(brush, lapel, shadow(design.cloth, 0.5))
    brush.ink([at(0, 288), at(0.02, 350), at(0, 410)], ink(design.cloth), 3.6, head=0.8)
    for y in (312, 360):
        for u in (-0.3, 0.3):
            patch(brush, ellipse(*at(u, y), 9, 9), (84, 60, 52), 2.4)
    belt = smooth([at(-1, 388), at(0, 396), at(1, 388), at(1, 418), at(0, 426), at(-1, 418)], tension=0.2)
    patch(brush, belt, scaled(design.cloth, 0.72), 3, clip=trunk)
    bx, by = at(0, 410)
    brush.outline(box(bx - 17, by - 15, bx + 17, by + 15, 3), (228, 196, 116), 5)


def _sporty(brush: Brush, design: Design, torso: Torso, moment: Moment, trunk: Any) -> None:
    at = torso.at
    yoke = smooth(
        [at(-1.1, 160), at(1.1, 160), at(1.1, 246), at(0.4, 262), at(0, 290), at(-0.4, 262), at(-1.1, 246)],
        tension=0.3,
    )
    patch(brush, yoke, WHITE, 3, clip=trunk)
    collar = smooth(
        [
            at(-0.44, 132),
            at(-0.5, 176),
            at(0, 214),
            at(0.5, 176),
            at(0.44, 132),
            at(0.3, 160),
            at(0, 182),
            at(-0.3, 160),
        ]
    )
    patch(brush, collar, design.cloth, 3)
    brush.ink([at(0, 196), at(0.01, 370), at(0, 520)], (236, 236, 244), 6, clip=trunk, head=0.9)
    brush.ink([at(0.02, 196), at(0.03, 370), at(0.02, 520)], ink(design.cloth), 2.4, clip=trunk, head=0.9)
    brush.fill(smooth([at(0.4, 306), at(0.76, 300), at(0.76, 318), at(0.4, 324)]), design.accent, clip=trunk)
    brush.fill(
        smooth([at(-1, 500), at(1, 500), at(1, 540), at(-1, 540)]), shadow(design.cloth, 1.2), clip=trunk
    )


def _from_behind(brush: Brush, design: Design, torso: Torso, trunk: Any) -> None:
    """The sailor's square collar, the hood, the obi's knot; other backs are plain."""
    at = torso.at
    brush.ink([at(0, 240), at(0.02, 330), at(0, 400)], ink(design.cloth), 2.8, 0.6, clip=trunk)
    if design.outfit == "sailor":
        square = smooth(
            [at(-0.4, 152), at(0.4, 152), at(0.86, 180), at(0.8, 300), at(-0.8, 300), at(-0.86, 180)],
            tension=0.2,
        )
        patch(brush, square, WHITE)
        brush.ink(
            [at(-0.7, 200), at(-0.68, 282), at(0.68, 282), at(0.7, 200)], design.cloth, 4, clip=square, head=0.8
        )
    elif design.outfit == "hoodie":
        hood = smooth([at(-0.7, 150), at(0.7, 150), at(0.56, 270), at(0, 312), at(-0.56, 270)])
        patch(brush, hood, lighter(design.cloth, 0.12))
    elif design.outfit in ("kimono", "maid", "dress"):
        bow(brush, design.accent if design.outfit != "maid" else WHITE, at(0, 410), 0.0, 1.2, 1.3)


_FRONTS = {
    "sailor": _sailor,
    "blazer": _blazer,
    "hoodie": _hoodie,
    "kimono": _kimono,
    "armor": _armor,
    "dress": _dress,
    "casual": _casual,
    "maid": _maid,
    "coat": _coat,
    "sporty": _sporty,
}
