"""Turning a head: three-dimensional head points onto the picture plane, and drawn keys between views."""

from __future__ import annotations

import math
from dataclasses import dataclass

VIEWS = {
    "front": 0.0,
    "three_quarter_right": 42.0,
    "three_quarter_left": -42.0,
    "side_right": 90.0,
    "side_left": -90.0,
    "back": 180.0,
}
CENTER_Y, CENTER_Z = -22.0, -8.0
RADII = (103.0, 104.0, 106.0)
"""The hair-covered skull: an ellipsoid in head units (the face is about 190 wide, the chin at y = 121)."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Which way a head faces: `yaw` in degrees, right positive; `nod` in units, down positive."""

    yaw: float
    nod: float = 0.0

    @property
    def mirror(self) -> float:
        """1 when facing right or front, -1 when facing left."""
        return -1.0 if self.yaw < 0 else 1.0

    def project(self, x: float, y: float, z: float) -> tuple[float, float, float]:
        """Picture x, picture y and depth (positive towards the viewer) of a head point."""
        angle = math.radians(self.yaw)
        s, c = math.sin(angle), math.cos(angle)
        depth = -x * s + z * c
        return (x * c + z * s, y + self.nod * depth / 100, depth)

    def scalp(self, azimuth: float, y: float, inflate: float = 1.0) -> tuple[float, float, float]:
        """The point of the hair ellipsoid at `azimuth` degrees (0 over the nose, 90 on the picture's right)."""
        x, z = scalp_point(azimuth, y, inflate)
        return self.project(x, y, z)

    def keyed(self, front: float, quarter: float, side: float) -> float:
        """A value drawn for 0, 45 and 90 degrees, between them in proportion."""
        a = min(abs(self.yaw), 90.0)
        if a <= 45:
            return front + (quarter - front) * a / 45
        return quarter + (side - quarter) * (a - 45) / 45


def scalp_point(azimuth: float, y: float, inflate: float = 1.0) -> tuple[float, float]:
    """(x, z) on the hair ellipsoid at height `y`; below its equator the hair hangs straight."""
    rise = min(0.0, (y - CENTER_Y) / (RADII[1] * inflate))
    radius = math.sqrt(max(0.0, 1 - rise * rise)) * inflate
    angle = math.radians(azimuth)
    return (math.sin(angle) * RADII[0] * radius, math.cos(angle) * RADII[2] * radius + CENTER_Z)
