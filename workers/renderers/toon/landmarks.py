"""Sets with a view: the shrine, the beach, the station."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from workers.renderers.toon.brush import box, ellipse, gradient, polygon, smooth

if TYPE_CHECKING:
    from workers.renderers.toon.brush import Brush
    from workers.renderers.toon.palette import Rgb
    from workers.renderers.toon.scenery import Scenery


def shrine(set_: Scenery) -> None:
    """A red gate above stone steps between cedars and lanterns."""
    set_.paint_sky(0.8)
    h = set_.horizon
    brush = set_.layer(0.2)
    set_.hills(brush, h - 60, 160, set_.tone((120, 168, 160), 0.4))
    brush = set_.layer(0.4)
    x = -set_.half
    while x < set_.half:
        if abs(x) > 120:
            set_.tree(brush, x, h + 50, float(set_.draw.uniform(300, 400)), (84, 146, 104), 0.15)
        x += float(set_.draw.uniform(60, 110))
    _steps(set_, brush)
    brush = set_.layer(0.6)
    _gate(set_, brush)
    for side in (-1, 1):
        _lantern(set_, brush, side * min(430, set_.half * 0.62), h + 190)


def _gate(set_: Scenery, brush: Brush) -> None:
    """Two posts, a beam between them, and a curved double roof with a name plate."""
    h = set_.horizon
    red, dark = set_.tone((214, 70, 54)), set_.tone((60, 48, 60))
    for side in (-1, 1):
        post = [(side * 236, h - 330), (side * 272, h - 330), (side * 292, h + 190), (side * 244, h + 190)]
        brush.fill(polygon(post), red)
        edge = [(side * 262, h - 330), (side * 272, h - 330), (side * 292, h + 190), (side * 276, h + 190)]
        brush.fill(polygon(edge), set_.tone((160, 44, 48)))
        brush.fill(box(side * 266 - 36, h + 150, side * 266 + 36, h + 200), dark)
    brush.fill(box(-320, h - 258, 320, h - 222), red)
    lintel = [(-400, h - 392), (0, h - 366), (400, h - 392), (392, h - 336), (0, h - 320), (-392, h - 336)]
    brush.fill(smooth(lintel, tension=0.8), red)
    roof = [(-420, h - 418), (0, h - 388), (420, h - 418), (404, h - 386), (0, h - 362), (-404, h - 386)]
    brush.fill(smooth(roof, tension=0.8), dark)
    brush.fill(box(-34, h - 324, 34, h - 226), dark)
    brush.fill(box(-24, h - 314, 24, h - 236), set_.tone((226, 190, 100)))


def _steps(set_: Scenery, brush: Brush) -> None:
    h = set_.horizon
    set_.ground(brush, (176, 178, 168), (150, 164, 140))
    for i in range(12):
        y0 = h - 40 + i * i * 3.6 + i * 10
        y1 = h - 40 + (i + 1) ** 2 * 3.6 + (i + 1) * 10
        w = 130 + i * 22
        brush.fill(box(-w, y0, w, y1), set_.tone((202, 200, 196)))
        brush.fill(box(-w, y0 + (y1 - y0) * 0.55, w, y1), set_.tone((160, 160, 168)))


def _lantern(set_: Scenery, brush: Brush, x: float, foot: float) -> None:
    stone, shade = set_.tone((182, 182, 180)), set_.tone((138, 138, 150))
    brush.fill(polygon([(x - 40, foot), (x + 40, foot), (x + 22, foot - 30), (x - 22, foot - 30)]), shade)
    brush.fill(box(x - 15, foot - 130, x + 15, foot - 24), stone)
    brush.fill(box(x - 36, foot - 196, x + 36, foot - 126), stone)
    brush.fill(
        box(x - 20, foot - 184, x + 20, foot - 138), (255, 220, 140) if set_.is_dim else set_.tone((96, 90, 96))
    )
    brush.fill(
        smooth([(x - 66, foot - 190), (x, foot - 250), (x + 66, foot - 190), (x, foot - 200)], tension=0.5),
        shade,
    )
    if set_.is_dim:
        set_.lamp(brush, (x, foot - 160), 170)


def beach(set_: Scenery) -> None:
    """Sea to the horizon, surf, sand and a headland."""
    set_.paint_sky(1.2)
    h = set_.horizon
    brush = set_.layer(0.14)
    deep, shallow = set_.tone((40, 122, 190), 0.1), set_.tone((104, 204, 214))
    brush.wash(set_.area(h, 1500), gradient((0, h), (0, h + 230), [(0, deep, 1), (1, shallow, 1)]))
    head = [
        (set_.half + 50, h + 2),
        (set_.half * 0.3, h + 2),
        (set_.half * 0.5, h - 40),
        (set_.half * 0.8, h - 96),
        (set_.half + 60, h - 120),
    ]
    brush.fill(smooth(head, tension=0.6), set_.tone((112, 160, 150), 0.4))
    glitter = (255, 240, 200) if set_.is_dim else (255, 255, 255)
    for _ in range(120):
        y = h + float(set_.draw.uniform(0, 1)) ** 1.6 * 200
        x, k = float(set_.draw.uniform(-set_.half, set_.half)), 6 + (y - h) * 0.16
        brush.fill(ellipse(x, y, k * 2.4, k * 0.14 + 0.8), glitter, float(set_.draw.uniform(0.2, 0.7)))
    brush = set_.layer(0.5)
    edge = [
        (-set_.half - 60 + i * (set_.half * 2 + 120) / 12, h + 190 + 22 * math.sin(i * 1.3)) for i in range(13)
    ]
    corners = [(set_.half + 90, 1500.0), (-set_.half - 90, 1500.0)]
    brush.fill(
        smooth([*((x, y - 20) for x, y in edge), *corners], tension=0.7), set_.tone((246, 252, 255)), 0.92
    )
    brush.fill(smooth([*((x, y + 6) for x, y in edge), *corners], tension=0.7), set_.tone((206, 178, 136)))
    brush.fill(smooth([*((x, y + 44) for x, y in edge), *corners], tension=0.7), set_.tone((246, 224, 178)))
    for _ in range(60):
        x, y = float(set_.draw.uniform(-set_.half, set_.half)), float(set_.draw.uniform(h + 260, 1150))
        brush.fill(ellipse(x, y, 5 + (y - h) * 0.02, 2.4), set_.tone((222, 192, 142)))


def station(set_: Scenery) -> None:
    """A platform with a waiting train under a roof."""
    set_.paint_sky(0.8)
    h = set_.horizon
    brush = set_.layer(0.3)
    set_.hills(brush, h - 20, 90, set_.tone((124, 176, 150), 0.3))
    _train(set_, set_.layer(0.5))
    _platform(set_, set_.layer(0.75))


def _train(set_: Scenery, brush: Brush) -> None:
    h = set_.horizon
    body, stripe = set_.tone((236, 238, 242)), set_.tone((66, 150, 110))
    brush.fill(set_.area(h - 200, h + 170), body)
    brush.fill(set_.area(h - 226, h - 194), set_.tone((176, 182, 192)))
    brush.fill(set_.area(h + 66, h + 110), stripe)
    brush.fill(set_.area(h + 150, h + 210), set_.tone((78, 78, 92)))
    glass: Rgb = (255, 232, 170) if set_.is_dim else set_.tone((126, 176, 204))
    x = -set_.half - 100
    while x < set_.half:
        for k in (0, 150):
            brush.fill(box(x + k, h - 140, x + k + 126, h + 26, 14), glass)
            brush.fill(
                polygon(
                    [(x + k + 20, h + 26), (x + k + 70, h - 140), (x + k + 100, h - 140), (x + k + 50, h + 26)]
                ),
                (255, 255, 255),
                0.25,
            )
        brush.fill(box(x + 300, h - 160, x + 420, h + 150, 8), set_.tone((206, 212, 220)))
        brush.fill(box(x + 312, h - 136, x + 408, h + 20, 8), glass)
        brush.fill(box(x + 358, h - 160, x + 362, h + 150), set_.tone((120, 124, 138)))
        x += 440


def _platform(set_: Scenery, brush: Brush) -> None:
    """The floor with its yellow line, the roof, its pillars and the name board."""
    floor = set_.horizon + 190
    brush.wash(
        set_.area(floor, 1500),
        gradient(
            (0, floor), (0, 1100), [(0, set_.tone((170, 170, 176)), 1), (1, set_.tone((198, 196, 198)), 1)]
        ),
    )
    brush.fill(set_.area(floor + 26, floor + 56), set_.tone((246, 204, 74)))
    brush.fill(set_.area(-300, 46), set_.tone((110, 116, 130)))
    brush.fill(set_.area(40, 56), set_.tone((74, 78, 94)))
    for side in (-1, 1):
        x = side * set_.half * 0.66
        brush.fill(box(x - 17, 40, x + 17, floor + 130), set_.tone((132, 150, 150)))
        brush.fill(box(x - 17, 40, x - 6, floor + 130), set_.tone((176, 192, 190)))
    x = -set_.half * 0.34
    brush.fill(box(x - 120, 90, x + 120, 158, 6), set_.tone((60, 92, 150)))
    brush.fill(box(x - 96, 108, x + 40, 122), (250, 250, 252))
    brush.fill(box(x - 96, 132, x + 90, 140), (250, 250, 252), 0.7)
