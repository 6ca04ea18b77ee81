"""Every hair style as locks in space: fringe, strands beside the face, the mass behind, tails."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from workers.renderers.toon.chance import chance
from workers.renderers.toon.hair import Lock
from workers.renderers.toon.turn import scalp_point

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from workers.renderers.toon.design import Design

_Space = tuple[float, float, float]


def locks(design: Design) -> list[Lock]:
    """All locks of `design`, the same for equal names and attributes."""
    draw = chance("hair", design.name, design.hair_style)
    build = _STYLES[design.hair_style]
    return [*_fringe(design, draw), *build(design, draw)]


def _fall(
    azimuth: float, heights: list[float], inflate: float, flare: float, turn_by: float = 0.0
) -> tuple[_Space, ...]:
    """A centre line down the scalp at `azimuth` and on below it, flaring outwards by `flare` at its tip."""
    points = []
    last = len(heights) - 1
    for i, y in enumerate(heights):
        t = i / last
        az = azimuth + turn_by * t
        x, z = scalp_point(az, y, inflate)
        out = 1 + flare * t * t
        points.append((x * out, y, z * out))
    return tuple(points)


def _tapered(width: float, count: int, root: float = 0.55, belly: float = 0.45) -> tuple[float, ...]:
    """Half-widths from `root` of `width` over the full belly to a point."""
    out = []
    for i in range(count):
        t = i / (count - 1)
        k = (
            root + (1 - root) * math.sin(min(1.0, t / belly) * math.pi / 2)
            if t < belly
            else (math.cos((t - belly) / (1 - belly) * math.pi / 2) ** 0.75)
        )
        out.append(max(0.4, width * k))
    return tuple(out)


# azimuth, tip height, half-width, sideways turn: clumps of each fringe, before the character's own variation
_FRINGES: dict[str, list[tuple[float, float, float, float]]] = {
    "full": [
        (-62, 30, 21, 4),
        (-40, 4, 20, 5),
        (-20, -8, 19, 5),
        (0, -2, 18, 4),
        (20, -8, 19, 2),
        (41, 6, 20, -3),
        (62, 30, 21, -4),
    ],
    "parted": [
        (-66, 40, 22, -6),
        (-48, 14, 22, -14),
        (-28, -14, 20, -18),
        (-10, -36, 15, -17),
        (12, -34, 15, 18),
        (30, -10, 21, 19),
        (50, 16, 22, 14),
        (67, 42, 22, 5),
    ],
    "swept": [
        (-64, 36, 20, -6),
        (-46, 10, 17, -14),
        (-34, -22, 14, -16),
        (-14, -16, 21, 22),
        (6, -4, 23, 26),
        (28, 4, 24, 24),
        (50, 20, 22, 14),
        (68, 40, 20, 2),
    ],
    "m_shape": [
        (-64, 34, 21, 0),
        (-44, 0, 21, -8),
        (-24, -22, 17, -10),
        (0, 22, 15, 1),
        (24, -22, 17, 10),
        (44, 0, 21, 8),
        (64, 34, 21, 0),
    ],
    "wispy": [
        (-64, 44, 17, 4),
        (-50, 8, 15, -6),
        (-34, -4, 16, 8),
        (-17, -16, 15, -8),
        (0, 4, 13, 8),
        (15, -14, 15, 10),
        (33, -2, 16, -8),
        (50, 10, 15, 6),
        (65, 44, 17, -4),
    ],
    "blunt": [
        (-54, -2, 17, 0),
        (-36, -3, 17, 0),
        (-18, -4, 17, 0),
        (0, -4, 17, 0),
        (18, -4, 17, 0),
        (36, -3, 17, 0),
        (54, -2, 17, 0),
    ],
}


def _fringe(design: Design, draw: np.random.Generator) -> list[Lock]:
    flip = -1.0 if design.parting < 0 else 1.0
    out = []
    for azimuth, tip, width, lean in _FRINGES[design.bangs]:
        tip_y = tip + float(draw.uniform(-7, 7)) * (0.2 if design.bangs == "blunt" else 1.0)
        az = flip * (azimuth + float(draw.uniform(-3, 3)))
        heights = [-116.0, -96.0, -62.0, tip_y * 0.55 - 24, tip_y]
        root = az * 0.62 + design.parting * 9
        points = []
        for i, y in enumerate(heights):
            t = i / 4
            a = root + (az - root) * min(1.0, t * 1.5) + flip * lean * t * t
            x, z = scalp_point(a, y, 1.0 + 0.05 * math.sin(t * math.pi * 0.8))
            points.append((x, y, z))
        half = (5.0, width * 0.75, width, width * 0.98, width * 0.85) if design.bangs == "blunt" else (
            5.0, width * 0.72, width, width * 0.66, 0.5)  # fmt: skip
        out.append(Lock(tuple(points), half, flex=3.0, lag=abs(az) / 60, layer="fringe"))
    if design.bangs != "blunt" and float(draw.uniform()) < 0.4:
        # A cowlick: some names have one, and keep it for good.
        tip = flip * float(draw.uniform(34, 56))
        ahoge = (
            (0.0, -112.0, 0.0),
            (tip * 0.2, -142.0, 4.0),
            (tip * 0.8, -158.0, 8.0),
            (tip * 1.5, -146.0, 10.0),
        )
        out.append(Lock(ahoge, (8, 7, 5, 0.5), flex=9, layer="front"))
    return out


def _sides(
    draw: np.random.Generator, tip: float, width: float = 15.0, flare: float = 0.03, flex: float = 8.0
) -> list[Lock]:
    """The strands in front of the ears, on both sides."""
    out = []
    for side in (-1, 1):
        y = tip + float(draw.uniform(-10, 10))
        heights = [-98.0, -56.0, 10.0, 10 + (y - 10) * 0.45, 10 + (y - 10) * 0.75, y]
        points = list(_fall(side * 80, heights, 1.02, flare, side * -4))
        points[0], points[1] = _tucked(points[0], 0.86), _tucked(points[1], 0.96)
        out.append(
            Lock(tuple(points), (4, width * 0.8, width, width * 0.95, width * 0.65, 0.5), flex=flex, lag=0.4)
        )
    return out


def _mass(
    draw: np.random.Generator,
    tip: float,
    *,
    count: int = 9,
    width: float = 30.0,
    flare: float = 0.15,
    flex: float = 14.0,
    spread: float = 15.0,
    curl: Callable[[int], float] | None = None,
    first: float = 98.0,
) -> list[Lock]:
    """The hair behind: `count` locks from ear to ear round the back, down to about `tip`."""
    out = []
    for i in range(count):
        azimuth = first + (360 - 2 * first) * i / (count - 1)
        edge = abs(2 * i / (count - 1) - 1)
        y = tip + float(draw.uniform(-spread, spread)) - edge * 10
        steps = 7
        heights = [-104.0, -84.0, *(-52.0 + (y + 52) * k / (steps - 2) for k in range(steps - 1))]
        points = list(_fall(azimuth, heights, 1.01, flare))
        points[0], points[1] = _tucked(points[0], 0.84), _tucked(points[1], 0.91)
        if curl:
            points = [(x + curl(k) * (1 if i % 2 else -1), yy, z) for k, (x, yy, z) in enumerate(points)]
        out.append(Lock(tuple(points), _tapered(width, steps + 1, 0.25, 0.5), flex=flex, lag=i * 0.12))
    return out


def _tucked(point: _Space, k: float) -> _Space:
    """`point` moved inwards, so that a root never bulges out of the skull."""
    return (point[0] * k, point[1], point[2] * k)


def _short(design: Design, draw: np.random.Generator) -> list[Lock]:
    return [*_sides(draw, 52, 13, flex=3), *_mass(draw, 74, count=9, width=27, flare=-0.12, flex=3)]


def _bob(design: Design, draw: np.random.Generator) -> list[Lock]:
    return [
        *_sides(draw, 112, 18, -0.12, 4),
        *_mass(draw, 122, count=9, width=31, flare=-0.02, flex=5, spread=6),
    ]


def _long(design: Design, draw: np.random.Generator) -> list[Lock]:
    return [*_sides(draw, 190, 16, 0.06), *_mass(draw, 430, count=10, width=33, flare=0.42, flex=20)]


def _hime(design: Design, draw: np.random.Generator) -> list[Lock]:
    cheeks = []
    for side in (-1, 1):
        for k, az in enumerate((70, 82)):
            points = _fall(side * az, [-90, -40, 10, 60, 104], 1.03, 0.0)
            cheeks.append(Lock(points, (6, 15, 15, 15, 13), flex=4, lag=0.2 * k))
    return [*cheeks, *_mass(draw, 470, count=11, width=34, flare=0.25, flex=15, spread=4)]


def _wavy(design: Design, draw: np.random.Generator) -> list[Lock]:
    waves = _mass(
        draw, 380, count=11, width=34, flare=0.5, flex=18, curl=lambda k: 13 * math.sin(k * 1.7) * (k > 1)
    )
    sides = [
        Lock(tuple((x + 7 * math.sin(k * 2.1), y, z) for k, (x, y, z) in enumerate(lock.points)), lock.widths,
             lock.flex, lock.lag)
        for lock in _sides(draw, 180, 17, 0.1)
    ]  # fmt: skip
    return [*sides, *waves]


def _messy(design: Design, draw: np.random.Generator) -> list[Lock]:
    out = [*_sides(draw, 60, 14, 0.08, 4), *_mass(draw, 96, count=11, width=25, flare=0.22, flex=5, spread=18)]
    for azimuth in range(-150, 181, 33):
        tilt = float(draw.uniform(-26, 26))
        y = float(draw.uniform(-52, -16))
        x1, z1 = scalp_point(azimuth, -104, 1.0)
        x2, z2 = scalp_point(azimuth + tilt * 0.5, -66, 1.05)
        x3, z3 = scalp_point(azimuth + tilt, y, 1.34)
        out.append(Lock(((x1, -110, z1), (x2, -76, z2), (x3, y, z3)), (8, 20, 0.5), flex=3, lag=0.3))
    return out


def _spiky(design: Design, draw: np.random.Generator) -> list[Lock]:
    out = [*_sides(draw, 40, 13, 0.1, 2), *_mass(draw, 62, count=9, width=26, flare=0.3, flex=3, spread=14)]
    for azimuth in range(-165, 181, 30):
        for rise, reach in ((-118, 1.42), (-70, 1.5)):
            az = azimuth + (15 if rise > -100 else 0) + float(draw.uniform(-7, 7))
            if rise > -100 and abs(az) < 62:
                continue
            x0, z0 = scalp_point(az, -40 if rise > -100 else -88, 0.9)
            x1, z1 = scalp_point(az, rise * 0.8, 1.06)
            lift = rise - (36 if rise < -100 else 18) + float(draw.uniform(-12, 12))
            x2, z2 = scalp_point(az, rise * 0.62, reach)
            out.append(
                Lock(
                    ((x0, -46 if rise > -100 else -70, z0), (x1, rise * 0.8, z1), (x2, lift, z2)),
                    (24, 24, 0.5),
                    flex=2,
                )
            )
    return out


def _tail(  # noqa: PLR0917 - one drawing, its whole context
    draw: np.random.Generator, root: _Space, out_by: _Space, length: float, count: int, width: float
) -> list[Lock]:
    """A bundle of locks from one knot: out, over and down."""
    locks_ = []
    for i in range(count):
        k = (i - (count - 1) / 2) / max(1, count - 1) * 2
        x, y, z = root
        ox, oy, oz = out_by
        end = length * (1 - 0.12 * abs(k)) + float(draw.uniform(-14, 14))
        spread = 34 * k
        points = (
            (x, y, z),
            (x + ox * 0.7, y + oy, z + oz * 0.7),
            (x + ox * 1.15 + spread * 0.5, y + end * 0.3, z + oz * 1.1 + spread * 0.3),
            (x + ox * 1.2 + spread, y + end * 0.66, z + oz * 1.1 + spread * 0.3),
            (x + ox * 1.0 + spread * 0.8, y + end, z + oz * 0.9),
        )
        locks_.append(
            Lock(points, (13, width * 0.8, width, width * 0.78, 0.5), flex=30, lag=0.25 * abs(k), tail=True)
        )
    return locks_


def _nape(draw: np.random.Generator) -> list[Lock]:
    return _mass(draw, 72, count=8, width=27, flare=-0.3, flex=1, spread=4)


def _ponytail(design: Design, draw: np.random.Generator) -> list[Lock]:
    tail = _tail(draw, (0, -84, -92), (10 * (design.parting or 1), -16, -62), 400, 4, 30)
    return [*_sides(draw, 104, 12), *_nape(draw), *tail]


def _twintails(design: Design, draw: np.random.Generator) -> list[Lock]:
    out = [*_sides(draw, 108, 13), *_nape(draw)]
    for side in (-1, 1):
        out += _tail(draw, (side * 84, -62, -36), (side * 66, -16, -18), 400, 4, 29)
    return out


def _side_tail(design: Design, draw: np.random.Generator) -> list[Lock]:
    side = -1 if design.parting < 0 else 1
    return [
        *_sides(draw, 108, 13),
        *_nape(draw),
        *_tail(draw, (side * 90, -34, -34), (side * 44, 4, 6), 330, 4, 27),
    ]


def _braid(design: Design, draw: np.random.Generator) -> list[Lock]:
    side = -1 if design.parting < 0 else 1
    out = [*_sides(draw, 104, 13), *_nape(draw)]
    for i in range(9):
        y = 104 + i * 33
        x = side * (80 + 8 * math.sin(i * 0.6))
        width = 23 - i * 0.9
        for k in (-1, 1):
            points = ((x + k * 19, y - 22, -2.0), (x + k * 10, y + 2, 2.0), (x - k * 6, y + 24, -2.0))
            out.append(Lock(points, (5, width * 0.72, 2), flex=2 + i * 1.6, lag=i * 0.16))
    x, y = side * 82, 104 + 9 * 33
    out.append(Lock(((x, y - 14, -2), (x, y + 22, -2), (x, y + 60, -4)), (9, 17, 0.5), flex=20, lag=1.5))
    return out


def _bun(design: Design, draw: np.random.Generator) -> list[Lock]:
    out = [*_sides(draw, 96, 11), *_nape(draw)]
    for i, (dx, dy, width) in enumerate(((-15, 4, 22), (15, 4, 22), (0, -2, 27), (4, 6, 17))):
        points = (
            (dx - 24.0, dy - 132.0, -46.0),
            (dx + 0.0, dy - 146.0 - 4 * i, -46.0),
            (dx + 24.0, dy - 132.0, -46.0),
        )
        out.append(Lock(points, (width * 0.55, width, width * 0.55), layer="front"))
    return out


_STYLES: dict[str, Callable[[Design, np.random.Generator], list[Lock]]] = {
    "short": _short, "bob": _bob, "long": _long, "wavy": _wavy, "ponytail": _ponytail, "twintails": _twintails,
    "braid": _braid, "spiky": _spiky, "bun": _bun, "hime": _hime, "messy": _messy, "side_tail": _side_tail,
}  # fmt: skip
