"""The bare face: contour, ear, nose, mouth, cheeks and the hair's shadow, from front to profile."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from workers.renderers.toon.brush import Brush, Point, ellipse, polygon, smooth
from workers.renderers.toon.palette import ink, lighter, mix, skin_shadow

if TYPE_CHECKING:
    from workers.renderers.toon.design import Design
    from workers.renderers.toon.moment import Moment
    from workers.renderers.toon.turn import Turn

# The same eighteen points of the contour drawn three times, facing right: from the forehead down the far cheek
# (in profile: nose, lips) to the chin and up the jaw.
_FRONT = [(0, -84), (78, -64), (93, -28), (95, 2), (93, 26), (87, 50), (79, 69), (65, 86), (45, 102), (22, 113),
          (0, 117), (-22, 113), (-45, 102), (-65, 86), (-79, 69), (-87, 50), (-95, 2), (-93, -28)]  # fmt: skip
_QUARTER = [
    (24, -84),
    (72, -64),
    (85, -30),
    (79, 2),
    (82, 24),
    (84, 42),
    (80, 60),
    (72, 79),
    (60, 97),
    (45, 110),
    (30, 115),
    (12, 111),
    (-8, 102),
    (-28, 90),
    (-46, 74),
    (-57, 50),
    (-64, 2),
    (-70, -28),
]
_SIDE = [(42, -84), (72, -64), (86, -30), (80, 2), (92, 26), (101, 41), (89, 50), (92, 61), (85, 68), (88, 77),
         (81, 86), (82, 103), (66, 116), (38, 106), (10, 88), (-8, 62), (-16, 2), (-20, -28)]  # fmt: skip
_JAW = {  # share of width at the cheek, at the jaw, at the chin; share of length
    "oval": (1.0, 1.0, 1.0, 1.0),
    "round": (1.03, 1.09, 1.14, 0.93),
    "heart": (1.03, 0.95, 0.8, 1.0),
    "sharp": (0.96, 0.88, 0.7, 1.05),
    "square": (0.98, 1.1, 1.28, 1.0),
}


def contour(design: Design, turn: Turn) -> list[Point]:
    """The face outline facing right, in head units."""
    cheek, jaw, chin, length = _JAW[design.face]
    points = []
    for front, quarter, side in zip(_FRONT, _QUARTER, _SIDE, strict=True):
        x = turn.keyed(front[0], quarter[0], side[0])
        y = turn.keyed(front[1], quarter[1], side[1])
        middle = turn.keyed(0, 30, 50) * max(0.0, y) / 120
        down = max(0.0, min(1.0, y / 118))
        width = cheek + (jaw - cheek) * min(1.0, down * 1.6) + (chin - jaw) * max(0.0, down - 0.6) / 0.4
        strength = turn.keyed(1.0, 0.8, 0.25)
        x = middle + (x - middle) * (1 + (width - 1) * strength)
        if y > 30:
            y = 30 + (y - 30) * (1 + (length * design.chin - 1))
        points.append((x, y + turn.nod * 0.25 * down))
    return points


def draw_face(brush: Brush, design: Design, turn: Turn, *, light: float, jaw_drop: float) -> Any:
    """Skin, ear, cel shadow and ink of the face, canvas already mirrored to face right; gives the face path.

    `light` is -1 when the light falls from the left of the mirrored canvas; `jaw_drop` lowers the chin, units.
    """
    points = [(x, y + jaw_drop * max(0.0, (y - 60) / 60)) for x, y in contour(design, turn)]
    path = smooth(points)
    line = ink(design.skin)
    yaw = abs(turn.yaw)
    if yaw < 14:
        _ear(brush, design, 97, -1.0)
    if yaw < 22:
        _ear(brush, design, turn.keyed(-97, -62, -16), 1.0)
    brush.fill(path, design.skin)
    shade = skin_shadow(design.skin)
    if light < 0:
        inner = [(x - 13 - 8 * math.sin(i), y - 3) for i, (x, y) in enumerate(points[2:11])]
        brush.shade(smooth([*points[2:11], *inner[::-1]], tension=0.8), shade, clip=path)
    else:
        inner = [(x + 12 + 3 * math.sin(i), y - 4) for i, (x, y) in enumerate(points[10:17])]
        brush.shade(smooth([*points[10:17], *inner[::-1]], tension=0.8), shade, clip=path)
    brush.outline(path, line, 2.6)
    if yaw >= 22:
        _ear(brush, design, turn.keyed(-97, -62, -16), 1.0 if yaw < 70 else 1.25)
    return path


def _ear(brush: Brush, design: Design, x: float, facing: float) -> None:
    k = facing
    ear = smooth([(x + 8 * k, 2), (x - 10 * k, -4), (x - 17 * k, 12), (x - 12 * k, 34), (x + 2 * k, 46),
                  (x + 9 * k, 40)])  # fmt: skip
    brush.fill(ear, design.skin)
    brush.fill(
        smooth([(x + 4 * k, 10), (x - 9 * k, 6), (x - 8 * k, 24), (x, 34)]), skin_shadow(design.skin), clip=ear
    )
    brush.outline(ear, ink(design.skin), 2.2)


def hair_shadow(brush: Brush, design: Design, face: Any, fringe: Any, light: float) -> None:
    """The fringe's shadow on the forehead: its own shape, a little lower, inside the face."""
    moved = _moved(fringe, -5.0 * light, 12.0)
    brush.shade(moved, skin_shadow(design.skin), 0.95, clip=face)


def _moved(path: Any, dx: float, dy: float) -> Any:
    import skia

    copy = skia.Path(path)
    copy.offset(dx, dy)
    return copy


def draw_blush(brush: Brush, design: Design, turn: Turn, face: Any, strength: float) -> None:
    """Soft cheeks; `strength` 0..1, with the three small ink strokes of a strong blush."""
    rose = mix((255, 96, 110), design.skin, 0.15)
    for x, wide in (
        (turn.keyed(-58, -12, 40), turn.keyed(1, 0.9, 0.8)),
        (turn.keyed(58, 68, 400), turn.keyed(1, 0.55, 0.0)),
    ):
        if wide <= 0.05:
            continue
        brush.fill(ellipse(x, 62, 21 * wide, 9), rose, 0.22 + 0.33 * strength, clip=face, blur=6)
        if strength > 0.6:
            for i in (-1, 0, 1):
                brush.ink(
                    [(x + i * 8 * wide + 3, 56), (x + i * 8 * wide - 3, 67)], (214, 84, 96), 2.0, 0.8, clip=face
                )


def draw_nose(brush: Brush, design: Design, turn: Turn) -> None:
    """A tick of shadow in front view, a bridge in three quarters; the profile's nose is its contour."""
    x, y = turn.keyed(0, 56, 96), 52 + turn.nod * 0.5
    quarter = turn.keyed(0, 1, 0)
    if abs(turn.yaw) > 72:
        brush.ink([(86, 50), (91, 47), (94, 49)], skin_shadow(design.skin), 3)
        return
    brush.shade(
        polygon([(x - 1, y - 8), (x + 5 - quarter * 12, y + 2), (x - 2 - quarter * 2, y + 3)]),
        skin_shadow(design.skin),
    )
    line = ink(design.skin)
    if quarter > 0.4:
        brush.ink([(x - 3, y - 16), (x + 3, y - 3), (x + 4, y), (x - 3, y + 3)], line, 2.6)
    else:
        brush.ink([(x - 2, y - 2), (x + 2 + 3 * quarter, y + 2), (x - 1, y + 4)], line, 3.0)
    brush.fill(ellipse(x - 1, y - 12, 1.8, 3.2), lighter(design.skin, 0.8), 0.75)


_MOUTHS = {  # corner lift, width, resting opening, smile of the opening
    "neutral": (1.5, 14, 0.0, 0.0), "happy": (6, 20, 0.42, 1.0), "laughing": (8, 24, 0.85, 1.0),
    "sad": (-6, 13, 0.0, -0.6), "angry": (-5, 17, 0.2, -0.8), "surprised": (0, 10, 0.62, 0.0),
    "shy": (1, 9, 0.08, 0.0), "sleepy": (-1, 11, 0.12, 0.0), "smug": (7, 19, 0.0, 0.6),
    "determined": (-3, 17, 0.0, 0.0),
}  # fmt: skip


def draw_mouth(brush: Brush, design: Design, turn: Turn, moment: Moment) -> None:
    """Lips as a tapered line, or an open mouth with teeth and tongue, from the expression and the speech."""
    lift, width, rest, smile = _MOUTHS[moment.expression]
    opening = max(rest, moment.mouth)
    x, y = turn.keyed(0, 45, 84), 83 * design.chin + turn.nod * 0.5
    w = width * turn.keyed(1.0, 0.8, 0.55)
    if abs(turn.yaw) > 72:
        x, y, w = 80, 68 * (0.5 + design.chin / 2), width * 0.62
    far = 1 - 0.25 * turn.keyed(0, 1, 0)
    line = mix(ink(design.skin), (150, 40, 50), 0.35)
    if opening < 0.06:
        brush.ink([(x - w, y - lift), (x - w * 0.45, y + lift * 0.3), (x, y + lift * 0.5 + 0.6),
                   (x + w * 0.45 * far, y + lift * 0.3), (x + w * far, y - lift)], line, 3.2)  # fmt: skip
        brush.ink([(x - 5, y + 11), (x + 5 * far, y + 11)], skin_shadow(design.skin), 3.0)
        return
    drop = 5 + opening * 27
    wide = w * (0.82 + 0.25 * opening * (1 if smile > 0 else 0.2))
    top = y - 4 - lift * 0.25
    path = smooth([(x - wide, top - smile * 3), (x - wide * 0.4, top + 1 + smile), (x, top + 1 + smile * 1.4),
                   (x + wide * 0.4 * far, top + 1 + smile), (x + wide * far, top - smile * 3),
                   (x + wide * 0.72 * far, top + drop * (0.62 - 0.1 * smile)), (x, top + drop),
                   (x - wide * 0.72, top + drop * (0.62 - 0.1 * smile))])  # fmt: skip
    brush.fill(path, (146, 42, 58))
    if opening > 0.3:
        brush.fill(
            polygon(
                [
                    (x - wide, top - 6),
                    (x + wide, top - 6),
                    (x + wide * 0.7, top + 5.5),
                    (x - wide * 0.7, top + 5.5),
                ]
            ),
            (255, 252, 250),
            clip=path,
        )
    brush.fill(ellipse(x, top + drop * 1.02, wide * 0.66, drop * 0.42), (238, 118, 124), clip=path)
    brush.outline(path, line, 2.2)
