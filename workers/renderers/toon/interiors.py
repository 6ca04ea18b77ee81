"""Sets with a ceiling, and the plain studio."""

from __future__ import annotations

from typing import TYPE_CHECKING

import skia

from workers.renderers.toon.brush import box, ellipse, gradient, polygon, smooth
from workers.renderers.toon.palette import Rgb, mix

if TYPE_CHECKING:
    from workers.renderers.toon.brush import Brush
    from workers.renderers.toon.scenery import Scenery


def _outside(set_: Scenery) -> None:
    """What is seen through windows."""
    set_.paint_sky()
    brush = set_.layer(0.2)
    set_.hills(brush, set_.horizon + 20, 90, set_.tone((128, 186, 150), 0.3), 7)


def _wall(
    set_: Scenery, brush: Brush, color: Rgb, holes: list[tuple[float, float, float, float]], foot: float
) -> None:
    """A wall down to `foot` with the window `holes` cut out and framed."""
    path = skia.Path()
    path.addRect(skia.Rect.MakeLTRB(-set_.half - 60, -300, set_.half + 60, foot))
    for hole in holes:
        path.addRect(skia.Rect.MakeLTRB(*hole))
    path.setFillType(skia.PathFillType.kEvenOdd)
    dim = 0.8 if set_.is_night else 1.0
    top, low = (
        set_.tone(color),
        set_.tone((color[0] * 0.88 * dim, color[1] * 0.86 * dim, color[2] * 0.92 * dim)),
    )
    brush.wash(path, gradient((0, 0), (0, foot), [(0, top, 1), (1, low, 1)]))
    frame = set_.tone((250, 248, 244))
    for x0, y0, x1, y1 in holes:
        brush.fill(
            polygon([(x0 + 30, y1), (x0 + 110, y0), (x0 + 150, y0), (x0 + 70, y1)]), (255, 255, 255), 0.16
        )
        for a, b, c, d in (
            (x0 - 12, y0 - 12, x1 + 12, y0 + 6),
            (x0 - 12, y1 - 6, x1 + 12, y1 + 18),
            (x0 - 12, y0, x0 + 6, y1),
            (x1 - 6, y0, x1 + 12, y1),
            ((x0 + x1) / 2 - 6, y0, (x0 + x1) / 2 + 6, y1),
        ):
            brush.fill(box(a, b, c, d), frame)
        brush.fill(box(x0 - 12, y1 + 14, x1 + 12, y1 + 24), set_.tone((176, 168, 178)))


def _boards(set_: Scenery, brush: Brush, top: float, color: Rgb) -> None:
    """A wooden floor in perspective."""
    dark = set_.tone((color[0] * 0.8, color[1] * 0.76, color[2] * 0.76))
    brush.wash(set_.area(top, 1500), gradient((0, top), (0, 1100), [(0, dark, 1), (1, set_.tone(color), 1)]))
    for i in range(-16, 17):
        brush.ink([(i * 70, top), (i * 190, 1300)], dark, 3.2, 0.8, head=0.8)
    brush.fill(set_.area(top - 22, top + 4), set_.tone((236, 228, 220)))


def _shafts(set_: Scenery, brush: Brush, holes: list[tuple[float, float, float, float]]) -> None:
    """Beams from the windows, where there is sun."""
    if set_.words.time_of_day in ("night", "rain"):
        return
    color: Rgb = (255, 214, 150) if set_.words.time_of_day == "sunset" else (255, 250, 226)
    for x0, y0, x1, y1 in holes:
        lean = -set_.light.side * 300
        brush.fill(polygon([(x0, y0), (x1, y0), (x1 + lean, y1 + 500), (x0 + lean, y1 + 500)]), color, 0.13)


def _curtain(set_: Scenery, brush: Brush, x: float, top: float, low: float, color: Rgb, side: int) -> None:  # noqa: PLR0917 - one drawing, its whole context
    cloth = smooth(
        [
            (x, top),
            (x + side * 92, top),
            (x + side * 74, (top + low) / 2),
            (x + side * 96, low),
            (x - side * 8, low),
        ],
        tension=0.5,
    )
    brush.fill(cloth, set_.tone(color))
    for k in (18, 42, 66):
        brush.ink([(x + side * k, top), (x + side * k * 0.8, (top + low) / 2), (x + side * k, low)],
                  set_.tone((color[0] * 0.84, color[1] * 0.82, color[2] * 0.9)), 10, clip=cloth)  # fmt: skip


def classroom(set_: Scenery) -> None:
    """A wall of windows, a blackboard's edge, rows of desks."""
    _outside(set_)
    h = set_.horizon
    brush = set_.layer(0.55)
    holes = [(float(x), h - 420, x + 300.0, h + 20) for x in range(-1500, 1500, 350)]
    _wall(set_, brush, (246, 238, 220), holes, h + 190)
    for x in range(-1500, 1500, 700):
        _curtain(set_, brush, x - 30, h - 440, h + 40, (250, 246, 236), 1)
    brush.fill(set_.area(h + 90, h + 190), set_.tone((206, 186, 160)))
    _boards(set_, brush, h + 190, (206, 164, 116))
    _shafts(set_, brush, holes)
    brush = set_.layer(0.8)
    for row in range(2):
        y, k = h + 190 + row * 130, 1 + row * 0.5
        left = -set_.half - 100 + row * 90
        while left < set_.half + 100:
            _desk(set_, brush, left, y, k)
            left += 330 * k


def _desk(set_: Scenery, brush: Brush, x: float, y: float, k: float) -> None:
    wood, edge, steel = set_.tone((222, 176, 118)), set_.tone((168, 122, 82)), set_.tone((120, 124, 140))
    for dx in (10, 165):
        brush.fill(box(x + dx * k, y + 20 * k, x + (dx + 11) * k, y + 210 * k), steel)
    brush.fill(polygon([(x, y), (x + 186 * k, y), (x + 200 * k, y + 40 * k), (x - 14 * k, y + 40 * k)]), wood)
    brush.fill(box(x - 14 * k, y + 40 * k, x + 200 * k, y + 58 * k), edge)


def bedroom(set_: Scenery) -> None:
    """A window, a bookshelf, a bed and a poster."""
    _outside(set_)
    h = set_.horizon
    brush = set_.layer(0.55)
    holes = [(-170.0, h - 370, 190.0, h - 30)]
    wall = mix((238, 222, 232), (220, 232, 246), float(set_.draw.uniform()))
    _wall(set_, brush, wall, holes, h + 210)
    for y in range(int(h) - 800, int(h) + 200, 60):
        brush.fill(set_.area(y, y + 3), set_.tone((255, 255, 255)), 0.25)
    _curtain(set_, brush, -214, h - 404, h + 20, (244, 176, 176), 1)
    _curtain(set_, brush, 234, h - 404, h + 20, (244, 176, 176), -1)
    brush.fill(box(-250, h - 416, 270, h - 400, 8), set_.tone((150, 110, 90)))
    _boards(set_, brush, h + 210, (214, 172, 130))
    _shafts(set_, brush, holes)
    brush = set_.layer(0.72)
    _shelf(set_, brush, -min(set_.half * 0.8, 640), h - 260, 250, h + 250)
    x = min(set_.half * 0.42, 330)
    brush.fill(box(x, h + 40, x + 700, h + 290, 18), set_.tone((176, 126, 92)))
    brush.fill(
        smooth(
            [(x - 20, h + 150), (x + 60, h + 96), (x + 700, h + 90), (x + 700, h + 300), (x - 10, h + 300)],
            tension=0.5,
        ),
        set_.tone((136, 174, 220)),
    )
    brush.fill(box(x + 30, h + 60, x + 230, h + 136, 34), set_.tone((252, 250, 250)))
    if set_.is_dim:
        set_.lamp(brush, (-set_.half * 0.5, h - 330), 420, (255, 214, 150), 0.45)


def _shelf(set_: Scenery, brush: Brush, x: float, top: float, width: float, foot: float) -> None:  # noqa: PLR0917 - one drawing, its whole context
    brush.fill(box(x - 12, top - 12, x + width + 12, foot), set_.tone((150, 108, 80)))
    colors: tuple[Rgb, ...] = (
        (206, 92, 84),
        (84, 130, 176),
        (236, 192, 96),
        (110, 160, 120),
        (180, 140, 190),
        (240, 232, 214),
    )
    y = top
    while y < foot - 90:
        brush.fill(box(x, y, x + width, y + 96), set_.tone((92, 64, 56)))
        bx = x + 4
        while bx < x + width - 20:
            w, tall = float(set_.draw.uniform(12, 28)), float(set_.draw.uniform(60, 88))
            brush.fill(box(bx, y + 96 - tall, bx + w, y + 96), set_.tone(colors[int(set_.draw.integers(6))]))
            bx += w + 2
        y += 112


def cafe(set_: Scenery) -> None:
    """A window front, hanging lamps, a counter and tables."""
    _outside(set_)
    h = set_.horizon
    brush = set_.layer(0.55)
    holes = [(-set_.half * 0.94, h - 330, -set_.half * 0.2, h + 60)]
    _wall(set_, brush, (214, 184, 156), holes, h + 210)
    brush.fill(set_.area(h + 96, h + 210), set_.tone((136, 92, 72)))
    x = set_.half * 0.05
    for y in (h - 300, h - 180):
        brush.fill(box(x, y + 78, x + 560, y + 92), set_.tone((106, 72, 58)))
        for i in range(11):
            tall = float(set_.draw.uniform(34, 70))
            color = ((236, 230, 220), (126, 168, 140), (196, 120, 90), (90, 110, 140))[
                int(set_.draw.integers(4))
            ]
            brush.fill(box(x + 14 + i * 48, y + 78 - tall, x + 44 + i * 48, y + 78, 8), set_.tone(color))
    brush.fill(box(x + 40, h - 30, x + 330, h + 70, 4), set_.tone((58, 66, 62)))
    for i in range(4):
        brush.fill(box(x + 64, h - 12 + i * 20, x + 150 + i * 28, h - 6 + i * 20), (240, 240, 232), 0.8)
    _boards(set_, brush, h + 210, (190, 140, 104))
    _shafts(set_, brush, holes)
    brush = set_.layer(0.78)
    for i in range(-3, 4):
        lx = i * 260 + 60
        brush.fill(box(lx - 2, -300, lx + 2, 90), set_.tone((70, 56, 56)))
        brush.fill(
            smooth([(lx - 56, 134), (lx - 20, 84), (lx + 20, 84), (lx + 56, 134)], tension=0.5),
            set_.tone((84, 120, 112)),
        )
        brush.fill(ellipse(lx, 136, 24, 12), (255, 236, 180))
        set_.lamp(brush, (lx, 146), 220, (255, 222, 150), 0.34)
    for side in (-1, 1):
        x = side * set_.half * 0.66
        brush.fill(box(x - 9, h + 190, x + 9, h + 420), set_.tone((82, 60, 56)))
        brush.fill(ellipse(x, h + 190, 170, 30), set_.tone((150, 104, 76)))
        brush.fill(ellipse(x, h + 182, 170, 28), set_.tone((214, 164, 120)))
        brush.fill(box(x - 24, h + 130, x + 20, h + 176, 8), set_.tone((252, 250, 246)))


def library(set_: Scenery) -> None:
    """Shelves to the ceiling on both sides of a tall window."""
    _outside(set_)
    h = set_.horizon
    brush = set_.layer(0.5)
    holes = [(-120.0, h - 470, 120.0, h + 40)]
    _wall(set_, brush, (216, 196, 170), holes, h + 200)
    _boards(set_, brush, h + 200, (176, 128, 98))
    _shafts(set_, brush, holes)
    brush = set_.layer(0.62)
    for side in (-1, 1):
        x = 200.0
        while x < set_.half + 100:
            _shelf(set_, brush, side * x if side > 0 else -x - 260, h - 560, 260, h + 230)
            x += 310
    brush = set_.layer(0.78)
    for side in (-1, 1):
        x = side * set_.half * 0.6
        brush.fill(box(x - 5, h + 20, x + 5, h + 190), set_.tone((110, 84, 60)))
        brush.fill(
            smooth([(x - 60, h + 30), (x - 34, h - 24), (x + 34, h - 24), (x + 60, h + 30)], tension=0.4),
            set_.tone((66, 130, 104)),
        )
        set_.lamp(brush, (x, h + 60), 210, (255, 226, 150), 0.5)
        brush.fill(box(x - 260, h + 190, x + 260, h + 224, 4), set_.tone((150, 104, 76)))


def studio(set_: Scenery) -> None:
    """A plain backdrop with a large disc and small marks."""
    brush = set_.layer(0.1)
    tints: tuple[Rgb, ...] = (
        (250, 214, 222),
        (208, 228, 248),
        (216, 240, 226),
        (246, 234, 206),
        (228, 216, 246),
    )
    color = tints[int(set_.draw.integers(5))]
    pale = mix(color, (255, 255, 255), 0.6)
    brush.wash(
        set_.area(-300, 1500),
        gradient((0, -100), (0, 1100), [(0, set_.tone(pale), 1), (1, set_.tone(color), 1)]),
    )
    brush = set_.layer(0.3)
    brush.fill(ellipse(0, 440, 400, 400), (255, 255, 255), 0.42)
    brush.outline(ellipse(0, 440, 430, 430), (255, 255, 255), 5, 0.6)
    for _ in range(26):
        x, y = float(set_.draw.uniform(-set_.half, set_.half)), float(set_.draw.uniform(-100, 1100))
        k = float(set_.draw.uniform(8, 20))
        brush.fill(
            polygon([(x, y - k), (x + k * 0.24, y), (x, y + k), (x - k * 0.24, y)]), (255, 255, 255), 0.65
        )
        brush.fill(
            polygon([(x - k, y), (x, y + k * 0.24), (x + k, y), (x, y - k * 0.24)]), (255, 255, 255), 0.65
        )
