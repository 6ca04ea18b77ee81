"""Eyes and brows: layered irises, lash wings, lids that close, and what each expression does to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workers.renderers.toon.brush import Brush, Point, ellipse, gradient, polygon, smooth
from workers.renderers.toon.palette import Rgb, ink, lighter, mix, scaled, skin_shadow

if TYPE_CHECKING:
    from workers.renderers.toon.design import Design
    from workers.renderers.toon.moment import Moment
    from workers.renderers.toon.turn import Turn


@dataclass(frozen=True, slots=True)
class _Mien:
    """What an expression does to eyes and brows."""

    open: float = 1.0
    lower: float = 0.0  #: how far the lower lid rises, 0..1
    brow_inner: float = 0.0  #: units, down positive
    brow_outer: float = 0.0
    smile: bool = False  #: eyes shut in an arc upwards


_MIENS = {
    "neutral": _Mien(),
    "happy": _Mien(0.95, 0.16, -4, -2),
    "laughing": _Mien(1.0, 0.0, -7, -4, smile=True),
    "sad": _Mien(0.78, 0.0, -9, 6),
    "angry": _Mien(0.82, 0.1, 10, -5),
    "surprised": _Mien(1.14, 0.0, -11, -11),
    "shy": _Mien(0.82, 0.08, -7, 3),
    "sleepy": _Mien(0.46, 0.0, -1, 3),
    "smug": _Mien(0.66, 0.2, 2, -6),
    "determined": _Mien(0.9, 0.12, 8, -6),
}
_SHAPES = {  # outer corner drop, height, width, lash wing
    "round": (0.02, 1.07, 1.0, 1.0), "almond": (-0.08, 0.93, 1.05, 1.05), "sharp": (-0.3, 0.86, 1.08, 1.25),
    "droopy": (0.22, 0.95, 1.02, 0.9), "narrow": (-0.12, 0.7, 1.06, 0.8),
}  # fmt: skip
_LASH: Rgb = (46, 26, 42)


@dataclass(frozen=True, slots=True)
class _Eye:
    """One eye's place and size on the mirrored canvas; `out` points to its outer corner."""

    x: float
    y: float
    w: float
    h: float
    out: float
    drop: float
    lower: float

    def at(self, u: float, v: float) -> Point:
        """Local (u, v), -1..1 inner to outer and top to bottom, on the canvas."""
        v = v + self.drop * 0.5 * (u + 1) * 0.9
        return (self.x + u * self.w * self.out, self.y + v * self.h)


def draw_eyes(brush: Brush, design: Design, turn: Turn, moment: Moment, gaze: tuple[float, float]) -> None:
    """Both eyes and brows on the mirrored canvas; in profile the near one only."""
    mien = _MIENS[moment.expression]
    drop, tall, wide, wing = _SHAPES[design.eye_shape]
    wing *= design.lashes
    gap = design.eye_gap
    y = 27 + turn.nod * 0.4
    sides = [(-1.0, turn.keyed(-45 * gap, 2, 57), turn.keyed(1, 0.96, 0.62))]
    if abs(turn.yaw) < 72:
        sides.append((1.0, turn.keyed(45 * gap, 59, 76), turn.keyed(1, 0.74, 0.4)))
    openness = mien.open * (1 - moment.blink)
    for out, x, squeeze in sides:
        size = design.eye_size
        eye = _Eye(x, y, 27 * squeeze * wide * size, 32 * tall * size * openness, out, drop, mien.lower)
        if openness < 0.18 or mien.smile:
            _shut(brush, design, eye, 27 * squeeze * wide * size, mien.smile and moment.blink < 0.5)
        else:
            _open(brush, design, eye, squeeze, gaze, wing, 32 * tall * size * mien.open)
    if design.mole:
        side = sides[0] if design.mole < 0 or len(sides) == 1 else sides[1]
        brush.fill(ellipse(side[1] + side[0] * 15 * side[2], y + 38, 2.0, 2.0), (92, 50, 50))


def draw_brows(brush: Brush, design: Design, turn: Turn, moment: Moment, alpha: float = 1.0) -> None:
    """The brows on the mirrored canvas; a faint second pass over the fringe lets a mood read."""
    mien = _MIENS[moment.expression]
    y = 27 + turn.nod * 0.4 - 50 - 4 * (_SHAPES[design.eye_shape][1] - 0.9)
    gap = design.eye_gap
    _brow(brush, design, (turn.keyed(-45 * gap, 2, 57), y, -1.0, turn.keyed(1, 0.96, 0.62)), mien, alpha)
    if abs(turn.yaw) < 72:
        _brow(brush, design, (turn.keyed(45 * gap, 59, 76), y, 1.0, turn.keyed(1, 0.74, 0.4)), mien, alpha)


#: what the upper lid throws on the white, -1 to 1 across the eye and down it
_LID_SHADOW = ((-1.1, -1.2), (1.1, -1.2), (1.1, -0.2), (0.5, -0.52), (0, -0.62), (-0.6, -0.3), (-1.1, 0.2))


def _open(  # noqa: PLR0917 - one drawing, its whole context
    brush: Brush, design: Design, eye: _Eye, squeeze: float, gaze: tuple[float, float], wing: float, full: float
) -> None:
    low = 1 - eye.lower * 1.1
    white = smooth(
        [
            eye.at(-1, 0.2),
            eye.at(-0.62, -0.62),
            eye.at(0.05, -1),
            eye.at(0.68, -0.76),
            eye.at(1, -0.1),
            eye.at(0.8, 0.6 * low),
            eye.at(0.1, 0.96 * low),
            eye.at(-0.65, 0.78 * low),
        ]
    )
    brush.fill(white, (253, 252, 255))
    gx = gaze[0] * 6.5 * squeeze
    _iris(
        brush,
        design,
        eye,
        white,
        (eye.x + gx - eye.out * 1.5 * squeeze, eye.y + 2 + gaze[1] * 5),
        squeeze,
        full,
    )
    brush.fill(smooth([eye.at(*point) for point in _LID_SHADOW]), (96, 84, 150), 0.3, clip=white)
    _lashes(brush, design, eye, wing, low)


def _iris(  # noqa: PLR0917 - one drawing, its whole context
    brush: Brush, design: Design, eye: _Eye, white: Any, center: Point, squeeze: float, full: float
) -> None:
    """Rim, gradient, pupil, reflected light below and two highlights, clipped to the eye's opening."""
    x, y = center
    rx, ry = 19.5 * squeeze * design.eye_size, max(22.0, full * 0.88)
    color = design.eyes
    disc = ellipse(x, y, rx, ry)
    top, rim = mix(scaled(color, 0.3), (40, 16, 60), 0.35), mix(scaled(color, 0.36), (40, 10, 50), 0.3)
    stops = [
        (0.0, top, 1.0),
        (0.42, scaled(color, 0.78), 1.0),
        (0.68, color, 1.0),
        (1.0, lighter(color, 0.55), 1.0),
    ]
    brush.wash(disc, gradient((x, y - ry), (x, y + ry), stops), clip=white)
    brush.fill(ellipse(x, y + ry * 0.62, rx * 0.66, ry * 0.3), lighter(color, 0.5), 0.75, clip=white)
    brush.fill(ellipse(x, y + ry * 0.42, rx * 0.6, ry * 0.3), color, 0.9, clip=white)
    brush.fill(
        ellipse(x, y - ry * 0.04, rx * 0.46, ry * 0.46), mix(scaled(color, 0.16), (24, 8, 34), 0.4), clip=white
    )
    brush.outline(disc, rim, 3.0, clip=white)
    brush.fill(ellipse(x, y - ry, rx * 1.1, ry * 0.55), top, 0.55, clip=white)
    brush.fill(ellipse(x - rx * 0.42, y - ry * 0.42, rx * 0.36, ry * 0.25), (255, 255, 255), clip=white)
    brush.fill(ellipse(x + rx * 0.42, y + ry * 0.44, rx * 0.19, ry * 0.13), (255, 255, 255), 0.92, clip=white)
    brush.fill(ellipse(x + rx * 0.46, y - ry * 0.34, rx * 0.12, ry * 0.08), (255, 255, 255), 0.8, clip=white)


def _lashes(brush: Brush, design: Design, eye: _Eye, wing: float, low: float) -> None:
    """The heavy upper lash with its wing, a thin lower one at the outer corner, and the lid's crease."""
    lash = mix(_LASH, scaled(design.hair, 0.3), 0.4)
    upper = [
        eye.at(-1.08, 0.3),
        eye.at(-0.95, 0.02),
        eye.at(-0.6, -0.66),
        eye.at(0.05, -1.04),
        eye.at(0.7, -0.8),
        eye.at(1.04, -0.16),
        eye.at(1.16, 0.02),
    ]
    under = [
        eye.at(1.0, -0.1),
        eye.at(0.66, -0.6),
        eye.at(0.05, -0.8),
        eye.at(-0.58, -0.5),
        eye.at(-0.94, 0.04),
    ]
    brush.fill(smooth(upper + under, tension=0.9), lash)
    # Plain lids keep no wings at all: a stub of one would read as a smudge.
    for u, v, long in () if wing < 0.2 else ((0.98, -0.25, 1.0), (0.84, -0.52, 0.8)):
        x, y = eye.at(u, v)
        tip = (x + eye.out * 11 * wing * long * min(1.0, eye.w / 22), y - 8 * wing * long)
        brush.fill(polygon([eye.at(u - 0.2, v - 0.12), tip, eye.at(u + 0.04, v + 0.26)]), lash)
    brush.ink([eye.at(1.0, 0.05), eye.at(0.84, 0.62 * low), eye.at(0.42, 0.94 * low)], lash, 3.2)
    brush.ink(
        [eye.at(-0.55, 0.84 * low), eye.at(0, 1.0 * low), eye.at(0.5, 0.9 * low)],
        mix(lash, design.skin, 0.45),
        2.0,
    )
    crease = [eye.at(-0.6, -1.0), eye.at(0.05, -1.3), eye.at(0.75, -1.04)]
    brush.ink(crease, mix(ink(design.skin), skin_shadow(design.skin), 0.4), 2.2)


def _shut(brush: Brush, design: Design, eye: _Eye, width: float, smile: bool) -> None:
    lash = mix(_LASH, scaled(design.hair, 0.3), 0.4)
    bend = -15.0 if smile else 7.0
    y = eye.y + (10 if smile else 12)
    points = [
        (eye.x - eye.out * width, y - bend * 0.25),
        (eye.x - eye.out * width * 0.45, y + bend * 0.75),
        (eye.x + eye.out * width * 0.35, y + bend * 0.8),
        (eye.x + eye.out * width * 1.06, y - bend * 0.35),
    ]
    brush.ink(points, lash, 7.5)
    if not smile:
        for k in (0.55, 0.95):
            x = eye.x + eye.out * width * k
            brush.ink([(x, y + 4 - k * 3), (x + eye.out * 5, y + 9 - k * 3)], lash, 3.4)


def _brow(
    brush: Brush, design: Design, place: tuple[float, float, float, float], mien: _Mien, alpha: float
) -> None:
    """One brow; `place` is x, y, the direction outwards and the width's share."""
    x, y, out, squeeze = place
    color = mix(scaled(design.hair, 0.62), (70, 40, 60), 0.3)
    w = 25 * squeeze
    points = [
        (x - out * w * 0.9, y + 3 + mien.brow_inner),
        (x - out * w * 0.1, y - 3 + mien.brow_inner * 0.35),
        (x + out * w * 0.5, y - 4 + mien.brow_outer * 0.5),
        (x + out * w * 1.15, y + 3 + mien.brow_outer),
    ]
    brush.ink(points, color, 5.4 * design.brow, alpha, head=0.35)
