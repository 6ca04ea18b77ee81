"""The colours: what every word of the vocabulary looks like, its shadows and its ink."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Rgb: TypeAlias = tuple[float, float, float]

HAIR: dict[str, Rgb] = {
    "black": (62, 58, 78), "brown": (134, 88, 62), "blonde": (248, 216, 126), "silver": (176, 188, 206),
    "white": (240, 241, 246), "red": (198, 54, 56), "orange": (240, 142, 66), "pink": (248, 152, 184),
    "purple": (146, 104, 200), "blue": (78, 118, 212), "teal": (94, 196, 206), "green": (92, 166, 112),
}  # fmt: skip
EYES: dict[str, Rgb] = {
    "brown": (140, 86, 48), "blue": (52, 118, 222), "green": (46, 164, 98), "red": (214, 46, 58),
    "amber": (236, 164, 36), "purple": (142, 78, 210), "pink": (238, 96, 160), "teal": (30, 178, 190),
    "grey": (128, 140, 158), "black": (66, 58, 74),
}  # fmt: skip
SKIN: dict[str, Rgb] = {
    "pale": (255, 238, 230), "fair": (255, 227, 208), "beige": (248, 209, 178), "tan": (222, 168, 126),
    "brown": (158, 106, 78),
}  # fmt: skip
CLOTH: dict[str, Rgb] = {
    "navy": (46, 60, 112), "white": (244, 242, 246), "black": (58, 56, 68), "red": (198, 56, 68),
    "blue": (74, 136, 214), "green": (82, 148, 104), "yellow": (242, 200, 92), "pink": (244, 166, 188),
    "purple": (134, 100, 184), "orange": (238, 132, 78), "brown": (164, 122, 88), "grey": (150, 156, 170),
    "teal": (70, 168, 172),
}  # fmt: skip


def mix(a: Rgb, b: Rgb, k: float) -> Rgb:
    """`a` moved towards `b` by `k` (0..1)."""
    return (a[0] + (b[0] - a[0]) * k, a[1] + (b[1] - a[1]) * k, a[2] + (b[2] - a[2]) * k)


def scaled(color: Rgb, k: float) -> Rgb:
    """`color` times `k`, kept in 0..255."""
    return (min(255.0, color[0] * k), min(255.0, color[1] * k), min(255.0, color[2] * k))


def shadow(color: Rgb, depth: float = 1.0) -> Rgb:
    """The cel shadow of `color`: darker and towards violet, as painters mix it."""
    return mix(scaled(color, 1 - 0.22 * depth), (104, 74, 156), 0.16 * depth)


def skin_shadow(color: Rgb) -> Rgb:
    return mix(scaled(color, 0.88), (214, 96, 104), 0.17)


def lighter(color: Rgb, k: float = 0.5) -> Rgb:
    return mix(color, (255, 255, 255), k)


def ink(color: Rgb) -> Rgb:
    """The coloured line art around a `color` area."""
    return mix(scaled(color, 0.34), (44, 18, 48), 0.42)


def from_hex(text: str) -> Rgb | None:
    """`#rrggbb` as a colour; None for anything else."""
    digits = text.strip().lstrip("#")
    if len(digits) != 6 or any(c not in "0123456789abcdefABCDEF" for c in digits):
        return None
    return (float(int(digits[0:2], 16)), float(int(digits[2:4], 16)), float(int(digits[4:6], 16)))


@dataclass(frozen=True, slots=True)
class Light:
    """The light of a time of day: where it comes from and how it colours what it falls on."""

    side: float  #: -1 from the left, 1 from the right
    tint: Rgb  #: multiplied onto the characters, 255 leaves them alone
    ambient: Rgb
    ambient_share: float  #: 0..1: how far everything moves towards `ambient`
    rim: Rgb
    rim_strength: float  #: 0..1
    sky: tuple[Rgb, Rgb, Rgb]  #: top, middle, horizon


LIGHTS: dict[str, Light] = {
    "day": Light(-1, (255, 255, 255), (255, 255, 255), 0.0, (255, 255, 255), 0.0,
                 ((62, 138, 226), (132, 194, 246), (224, 242, 255))),
    "morning": Light(-1, (255, 251, 243), (255, 236, 200), 0.02, (255, 248, 220), 0.45,
                     ((112, 170, 226), (190, 216, 240), (255, 234, 206))),
    "sunset": Light(1, (255, 238, 224), (255, 150, 110), 0.03, (255, 224, 150), 0.85,
                    ((96, 98, 170), (244, 150, 120), (255, 214, 140))),
    "night": Light(1, (212, 214, 244), (60, 70, 150), 0.05, (170, 200, 255), 0.6,
                   ((18, 24, 66), (42, 54, 116), (92, 96, 164))),
    "rain": Light(-1, (240, 242, 250), (150, 160, 180), 0.03, (255, 255, 255), 0.0,
                  ((116, 128, 146), (150, 162, 178), (190, 198, 206))),
}  # fmt: skip
