"""Sets under the open sky: park, forest, street, rooftop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workers.renderers.toon.brush import box, ellipse, gradient, polygon, smooth
from workers.renderers.toon.palette import Rgb, mix

if TYPE_CHECKING:
    from workers.renderers.toon.brush import Brush, Point
    from workers.renderers.toon.scenery import Scenery

SAKURA: Rgb = (250, 190, 210)
LEAF: Rgb = (104, 176, 104)
_FRONTS: tuple[Rgb, ...] = (
    (236, 206, 176),
    (206, 182, 190),
    (182, 204, 206),
    (240, 226, 190),
    (198, 178, 160),
)
_SIGNS: tuple[Rgb, ...] = ((222, 84, 84), (70, 140, 190), (240, 180, 70), (90, 160, 120))


def park(set_: Scenery) -> None:
    """Hills, cherry trees, a path and a bench."""
    set_.paint_sky()
    h = set_.horizon
    brush = set_.layer(0.2)
    set_.hills(brush, h - 10, 110, set_.tone((140, 186, 190), 0.45))
    set_.hills(brush, h + 10, 60, set_.tone((112, 178, 140), 0.2))
    brush = set_.layer(0.42)
    x = -set_.half
    while x < set_.half:
        set_.tree(
            brush,
            x,
            h + 40,
            float(set_.draw.uniform(190, 270)),
            SAKURA if set_.draw.uniform() < 0.5 else LEAF,
            0.18,
        )
        x += float(set_.draw.uniform(90, 170))
    brush = set_.layer(0.65)
    set_.ground(brush, (120, 188, 96), (160, 210, 120))
    path = smooth(
        [(-30, h + 12), (40, h + 12), (190, h + 160), (420, 1300), (-420, 1300), (-150, h + 170)], tension=0.7
    )
    brush.fill(path, set_.tone((226, 208, 176)))
    for _ in range(70):
        gx, gy = float(set_.draw.uniform(-set_.half, set_.half)), float(set_.draw.uniform(h + 30, 1100))
        k = 5 + 20 * (gy - h) / 500
        brush.ink(
            [(gx - k * 0.3, gy), (gx, gy - k), (gx + k * 0.4, gy - k * 1.2)], set_.tone((92, 160, 80)), k * 0.28
        )
    brush = set_.layer(0.85)
    for side in (-1, 1):
        set_.tree(brush, side * set_.half * 0.86, h + 230, 640, SAKURA)


def forest(set_: Scenery) -> None:
    """Rows of trunks sinking into the haze, with beams of light."""
    brush = set_.layer(0.06)
    low, top = set_.tone((206, 232, 190), 0.15), set_.tone((96, 150, 110))
    brush.wash(set_.area(-300, 1500), gradient((0, -100), (0, set_.horizon), [(0, top, 1), (1, low, 1)]))
    for row, (depth, count, wide) in enumerate(((0.2, 16, 26), (0.4, 10, 46), (0.7, 6, 84))):
        brush = set_.layer(depth)
        far = 0.5 - row * 0.22
        set_.hills(brush, set_.horizon + 20 + row * 70, 26, set_.tone((92, 150, 88), far), 7)
        for i in range(count):
            x = -set_.half + (i + float(set_.draw.uniform(0.1, 0.9))) * 2 * set_.half / count
            w = wide * float(set_.draw.uniform(0.7, 1.2))
            _trunk(set_, brush, (x, set_.horizon + 40 + row * 80), w, far)
        leaf = set_.tone((84, 156, 92), far * 0.8)
        for _ in range(34):
            x, y = (
                float(set_.draw.uniform(-set_.half, set_.half)),
                float(set_.draw.uniform(-180, 90 - row * 30)),
            )
            brush.fill(ellipse(x, y, 90, 54), leaf)
    if not set_.is_night:
        _beams(set_, brush)


def _trunk(set_: Scenery, brush: Brush, at: Point, w: float, far: float) -> None:
    """A leaning trunk of half width `w` on its foot `at`, dark on the side away from the light."""
    x, foot = at
    lean = float(set_.draw.uniform(-30, 30))
    trunk = smooth(
        [
            (x - w * 0.8, foot),
            (x - w * 0.45, foot - 140),
            (x - w * 0.4 + lean, -260),
            (x + w * 0.4 + lean, -260),
            (x + w * 0.45, foot - 140),
            (x + w * 0.9, foot),
        ],
        tension=0.6,
    )
    brush.fill(trunk, set_.tone((124, 96, 78), far))
    side = set_.light.side
    shade = [
        (x - side * w * 0.1, -260),
        (x - side * w, -260),
        (x - side * w, foot),
        (x - side * w * 0.15, foot),
    ]
    brush.fill(polygon(shade), set_.tone((86, 66, 72), far), 0.8, clip=trunk)


def _beams(set_: Scenery, brush: Brush) -> None:
    for i in range(4):
        x = -set_.half * 0.7 + i * set_.half * 0.44
        foot = x - 170 * set_.light.side
        beam = polygon([(x, -250), (x + 60, -250), (foot + 130, 1100), (foot - 40, 1100)])
        brush.fill(beam, (255, 252, 214), 0.12)


def street(set_: Scenery) -> None:
    """A street between shops towards a bright end, with wires overhead."""
    set_.paint_sky(0.7)
    h = set_.horizon
    brush = set_.layer(0.2)
    x = -set_.half
    while x < set_.half:
        w, tall = float(set_.draw.uniform(70, 130)), float(set_.draw.uniform(140, 330))
        brush.fill(box(x, h - tall, x + w, h + 40), set_.tone((158, 172, 198), 0.45))
        set_.windows(brush, x, h - tall + 10, (w, tall - 30), (4, 8), 0.5)
        x += w + float(set_.draw.uniform(0, 20))
    brush = set_.layer(0.5)
    set_.ground(brush, (132, 132, 144), (168, 168, 178))
    brush.fill(polygon([(-36, h), (36, h), (330, 1300), (-330, 1300)]), set_.tone((104, 106, 120)))
    for i in range(6):
        y = h + 20 + i * i * 26
        k = (y - h) / 500
        brush.fill(
            polygon(
                [(-7 * k - 1, y), (7 * k + 1, y), (10 * k + 1, y + 60 * k + 4), (-10 * k - 1, y + 60 * k + 4)]
            ),
            set_.tone((246, 244, 236)),
        )
    _shop_rows(set_, brush)
    _wires(set_, set_.layer(0.72))


def _shop_rows(set_: Scenery, brush: Brush) -> None:
    """House fronts in one-point perspective on both sides."""
    edges = [90, 150, 240, 370, 560, 860, 1300]
    for side in (-1, 1):
        for i, (near_x, far_x) in enumerate(zip(edges[1:], edges, strict=False)):
            _shop(set_, brush, side, (far_x, near_x), max(0.0, 0.32 - i * 0.07))


def _shop(set_: Scenery, brush: Brush, side: int, span: tuple[int, int], far: float) -> None:
    """A front with two windows and a sign; `span` is how far off the middle it begins and ends."""
    far_x, near_x = span
    h = set_.horizon

    def front(top: tuple[float, float], foot: tuple[float, float], inset: float = 0.0) -> Any:
        """A piece of the front between heights (at the far end, at the near end)."""
        a, b = far_x + (near_x - far_x) * inset, far_x + (near_x - far_x) * (1 - inset)
        return polygon([(side * a, top[0]), (side * b, top[1]), (side * b, foot[1]), (side * a, foot[0])])

    color = _FRONTS[int(set_.draw.integers(5))]
    roof = float(set_.draw.uniform(0.86, 1.2))
    y0, y1 = h - far_x * roof, h - near_x * roof
    f0, f1 = h + far_x * 0.3, h + near_x * 0.3
    tone = color if side == -set_.light.side else mix(color, (110, 100, 150), 0.25)
    brush.fill(front((y0, y1), (f0, f1)), set_.tone(tone, far))
    for t in (0.18, 0.5):
        top = (y0 + (f0 - y0) * t, y1 + (f1 - y1) * t)
        foot = (top[0] + (f0 - y0) * 0.18, top[1] + (f1 - y1) * 0.18)
        lit = set_.is_dim and set_.draw.uniform() < 0.75
        glass: Rgb = (255, 220, 140) if lit else set_.tone((120, 148, 176), far)
        brush.fill(front(top, foot, 0.18), glass, 0.9)
    sign = front((h - far_x * 0.12, h - near_x * 0.12), (h - far_x * 0.02, h - near_x * 0.02))
    brush.fill(sign, set_.tone(_SIGNS[int(set_.draw.integers(4))], far))
    if set_.is_dim:
        middle = side * (far_x + near_x) / 2
        set_.lamp(brush, (middle, h + near_x * 0.12), near_x * 0.5, (255, 214, 140), 0.4)


def _wires(set_: Scenery, brush: Brush) -> None:
    h = set_.horizon
    pole = set_.tone((92, 88, 100))
    for side, reach in ((-1, 0.62), (1, 0.74)):
        x = side * set_.half * reach
        brush.fill(polygon([(x - 9, -300), (x + 9, -300), (x + 13, h + 330), (x - 13, h + 330)]), pole)
        for y in (20, 60):
            brush.fill(box(x - 80, y, x + 80, y + 9), pole)
        for k in (-70, 0, 70):
            brush.ink([(x + k, 20), (x * 0.5, 200 + k * 0.2), (side * 20, h - 130)], pole, 3.2, head=0.8)


def rooftop(set_: Scenery) -> None:
    """A city below a wide sky behind a wire fence."""
    set_.paint_sky(1.3)
    h = set_.horizon
    for depth, far, tall in ((0.16, 0.62, 180), (0.28, 0.4, 120)):
        brush = set_.layer(depth)
        x = -set_.half
        while x < set_.half:
            w, up = float(set_.draw.uniform(50, 120)), float(set_.draw.uniform(tall * 0.3, tall))
            brush.fill(box(x, h - up, x + w, h + 120), set_.tone((150, 164, 196), far))
            set_.windows(brush, x, h - up + 8, (w, up + 40), (4, 6), 0.45)
            x += w * float(set_.draw.uniform(0.9, 1.3))
    brush = set_.layer(0.62)
    floor = h + 150
    shades = [(0, set_.tone((188, 190, 200)), 1), (1, set_.tone((158, 160, 174)), 1)]
    brush.wash(set_.area(floor, 1500), gradient((0, floor), (0, 1100), shades))
    for i in range(-9, 10):
        brush.ink([(i * 90, floor), (i * 240, 1200)], set_.tone((146, 148, 162)), 4, head=0.8)
    brush.fill(set_.area(floor - 34, floor + 6), set_.tone((206, 206, 214)))
    brush.fill(set_.area(floor - 2, floor + 6), set_.tone((140, 142, 160)))
    wire = set_.tone((92, 120, 116))
    top = floor - 300
    for i in range(int(set_.half / 14) * 2):
        x = -set_.half + i * 28
        brush.outline(polygon([(x, top), (x + 300, floor - 34)]), wire, 1.8, 0.5)
        brush.outline(polygon([(x + 300, top), (x, floor - 34)]), wire, 1.8, 0.5)
    x = -set_.half
    while x < set_.half:
        brush.fill(box(x - 5, top - 12, x + 5, floor - 30), wire)
        x += 210
    brush.fill(set_.area(top - 16, top - 4), wire)
