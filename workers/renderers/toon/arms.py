"""Arms by pose: joints, skin, hands and sleeves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.renderers.toon.brush import Brush, Point, curve, ellipse, ribbon, smooth
from workers.renderers.toon.palette import Rgb, ink, lighter, shadow, skin_shadow

if TYPE_CHECKING:
    from workers.renderers.toon.design import Design
    from workers.renderers.toon.moment import Moment
    from workers.renderers.toon.outfits import Outfit
    from workers.renderers.toon.torso import Torso


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm's joints on the mirrored canvas; `out` is -1 for the near arm and 1 for the far one."""

    shoulder: Point
    elbow: Point
    hand: Point
    out: float
    behind: bool  #: drawn before the trunk


# pose -> (near elbow, near hand, far elbow, far hand) relative to the shoulder, x outwards, y down
_POSES: dict[str, tuple[Point, Point, Point, Point]] = {
    "standing": ((30, 156), (34, 304), (30, 156), (34, 304)),
    "hands_on_hips": ((88, 128), (8, 254), (88, 128), (8, 254)),
    "arms_crossed": ((20, 150), (-150, 132), (20, 150), (-140, 152)),
    "waving": ((30, 156), (34, 304), (72, 96), (92, -74)),
    "thinking": ((14, 158), (-104, -38), (26, 152), (-112, 140)),
    "hands_behind_back": ((38, 150), (-40, 258), (38, 150), (-40, 258)),
    "walking": ((28, 156), (38, 296), (28, 156), (38, 296)),
    "pointing": ((30, 156), (34, 304), (96, 64), (224, 4)),
    "hands_clasped": ((30, 146), (-84, 66), (30, 146), (-84, 66)),
}


def arms(torso: Torso, moment: Moment) -> tuple[Arm, Arm]:
    """The near and the far arm of `moment`."""
    near_elbow, near_hand, far_elbow, far_hand = _POSES[moment.pose]
    near, far = torso.shoulders
    squeeze = torso.turn.keyed(1.0, 0.85, 0.5)
    swing = math.sin(moment.stride) if moment.pose == "walking" else 0.0
    wave = moment.wave * 34 if moment.pose == "waving" else 0.0
    out = []
    for joint, elbow, hand, side in ((near, near_elbow, near_hand, -1.0), (far, far_elbow, far_hand, 1.0)):
        forward = swing * side * torso.turn.keyed(10, 52, 84)
        lifted = abs(swing) * 14 if swing * side > 0 else 0.0
        shift = wave if side > 0 else 0.0
        bent = (joint[0] + side * elbow[0] * squeeze + forward * 0.4, joint[1] + elbow[1])
        grip = (joint[0] + side * (hand[0] * squeeze + shift) + forward, joint[1] + hand[1] - lifted)
        hangs = elbow[0] < 40 and hand[0] > -60
        turned = torso.turn.keyed(0, 1, 1) > 0.4
        behind = moment.pose == "hands_behind_back" or (hangs and (side > 0 or not turned))
        out.append(Arm(joint, bent, grip, side, behind))
    return (out[0], out[1])


def draw_arm(brush: Brush, design: Design, wear: Outfit, arm: Arm, light: float) -> None:
    """Skin, hand and sleeve of one arm."""
    k = 0.85 + 0.15 * design.build
    line = curve([arm.shoulder, arm.elbow, arm.hand], 5)
    half = [k * (24 - 9 * i / (len(line) - 1)) for i in range(len(line))]
    skin = smooth(ribbon(line, half), tension=0.9)
    brush.fill(skin, design.skin)
    brush.shade(smooth(_shadow_side(line, half, light), tension=0.8), skin_shadow(design.skin), clip=skin)
    brush.outline(skin, ink(design.skin), 2.4)
    _hand(brush, design, arm)
    _SLEEVES[wear.sleeve_length](brush, wear.sleeve, line, k, light)
    if wear.sleeve_length == "plate":
        _pauldron(brush, design.accent, arm)
    if design.outfit == "sporty":
        stripe = [(x + arm.out * 12, y) for x, y in line[1:-1]]
        brush.ink(stripe, WHITE_STRIPE, 7.0, head=0.9)


WHITE_STRIPE: Rgb = (250, 250, 252)


def _shadow_side(line: list[Point], half: list[float], light: float) -> list[Point]:
    """The half of a limb away from the light."""
    outer = ribbon(line, half)
    count = len(line)
    side = outer[:count] if light > 0 else outer[count:][::-1]
    mid = [(x + (sx - x) * 0.25, y + (sy - y) * 0.25) for (x, y), (sx, sy) in zip(line, side, strict=True)]
    return [*side, *mid[::-1]]


#: shapes of a hand, pixels along the forearm and across it
_PALM = ((-8, -14), (10, -18), (30, -17), (46, -11), (50, 0), (44, 12), (26, 18), (8, 16), (-8, 13))
_THUMB = ((2, -12), (12, -24), (28, -29), (34, -24), (24, -15))


def _hand(brush: Brush, design: Design, arm: Arm) -> None:
    """A mitten with finger lines, along the forearm; an open palm when it is raised."""
    dx, dy = arm.hand[0] - arm.elbow[0], arm.hand[1] - arm.elbow[1]
    length = math.hypot(dx, dy) or 1.0
    dx, dy = dx / length, dy / length
    nx, ny = -dy, dx
    x, y = arm.hand
    s = arm.out if dy > 0 else -arm.out

    def at(along: float, across: float) -> Point:
        return (x + dx * along + nx * across * s, y + dy * along + ny * across * s)

    for shape in (_THUMB, _PALM):
        path = smooth([at(*point) for point in shape])
        brush.outline(path, ink(design.skin), 4.4)
        brush.fill(path, design.skin)
    # The forearm points up.
    if dy < -0.55:
        for across in (-12, -4, 4, 12):
            finger = smooth(
                ribbon([at(36, across * 0.9), at(58 - abs(across) * 0.5, across * 1.35)], [6.4, 5.2]),
                tension=0.6,
            )
            brush.outline(finger, ink(design.skin), 4.0)
            brush.fill(finger, design.skin)
        brush.fill(ellipse(*at(18, 0), 14, 14), design.skin)
        return
    for across in (-8, 0, 8):
        brush.ink([at(28, across), at(46 - abs(across) * 0.4, across * 0.8)], ink(design.skin), 2.2, 0.8)


def _cloth_tube(brush: Brush, color: Rgb, line: list[Point], half: list[float], light: float) -> None:
    path = smooth(ribbon(line, half), tension=0.85)
    brush.outline(path, ink(color), 5.0)
    brush.fill(path, color)
    brush.shade(smooth(_shadow_side(line, half, light), tension=0.8), shadow(color), clip=path)
    bend = line[len(line) // 2]
    for dx, dy in ((-12, -8), (-10, 6)):
        brush.ink([(bend[0] + dx, bend[1] + dy), (bend[0], bend[1] + dy + 4), (bend[0] + 12, bend[1] + dy)],
                  ink(color), 2.6, 0.8, clip=path)  # fmt: skip


def _shouldered(half: list[float]) -> list[float]:
    """`half` rounded off at the shoulder, so that a sleeve grows out of the trunk."""
    return [half[0] * 0.5, half[1] * 0.95, *half[2:]]


def _long(brush: Brush, color: Rgb, line: list[Point], k: float, light: float) -> None:
    tube = line[:-1]
    half = _shouldered([k * (36 - 11 * i / (len(tube) - 1)) for i in range(len(tube))])
    _cloth_tube(brush, color, tube, half, light)
    cuff = smooth(ribbon(line[-3:-1], [k * 27, k * 27]), tension=0.4)
    brush.fill(cuff, lighter(color, 0.18))
    brush.outline(cuff, ink(color), 2.6)


def _short(brush: Brush, color: Rgb, line: list[Point], k: float, light: float) -> None:
    _cloth_tube(brush, color, line[:5], _shouldered([k * (37 + 1.2 * i) for i in range(5)]), light)


def _puff(brush: Brush, color: Rgb, line: list[Point], k: float, light: float) -> None:
    _cloth_tube(brush, color, line[:4], [k * 22, k * 46, k * 46, k * 30], light)
    cuff = smooth(ribbon(line[3:5], [k * 29, k * 28]), tension=0.4)
    brush.fill(cuff, (250, 249, 252))
    brush.outline(cuff, ink(color), 2.6)


def _wide(brush: Brush, color: Rgb, line: list[Point], k: float, light: float) -> None:
    """A kimono sleeve: the cloth hangs from the forearm."""
    top = line[:-1]
    last = top[-1]
    drop = 118.0
    fall = [
        (last[0], last[1] + 22),
        (last[0] * 0.9 + top[5][0] * 0.1, last[1] + drop),
        (top[4][0], top[4][1] + drop * 1.05),
    ]
    half = _shouldered([k * (36 - 6 * i / (len(top) - 1)) for i in range(len(top))])
    band = ribbon(top, half)
    hang = smooth([top[3], *top[5:], *fall], tension=0.5)
    brush.outline(hang, ink(color), 5.0)
    brush.fill(hang, color)
    brush.shade(smooth([fall[1], fall[2], top[4], top[6]], tension=0.6), shadow(color), clip=hang)
    path = smooth(band, tension=0.85)
    brush.outline(path, ink(color), 3.0, 0.7)
    brush.fill(path, color)
    brush.fill(hang, color, 0.0)
    brush.shade(smooth(_shadow_side(top, half, light), tension=0.8), shadow(color), clip=path)


def _pauldron(brush: Brush, color: Rgb, arm: Arm) -> None:
    x, y = arm.shoulder
    for dy, size in ((30, 40), (6, 48)):
        plate = smooth(
            [
                (x - arm.out * size * 0.9, y + dy - 26),
                (x, y + dy - 44),
                (x + arm.out * size, y + dy - 12),
                (x + arm.out * size * 0.9, y + dy + 26),
                (x - arm.out * size * 0.5, y + dy + 14),
            ]
        )
        brush.fill(plate, color)
        brush.shade(
            smooth([(x - 60, y + dy + 8), (x + 60, y + dy - 4), (x + 60, y + dy + 40), (x - 60, y + dy + 40)]),
            shadow(color),
            clip=plate,
        )
        brush.ink([(x - arm.out * 20, y + dy - 30), (x + arm.out * 18, y + dy - 30)], lighter(color, 0.7), 5)
        brush.outline(plate, ink(color), 3)


_SLEEVES = {"long": _long, "short": _short, "puff": _puff, "wide": _wide, "plate": _long}
