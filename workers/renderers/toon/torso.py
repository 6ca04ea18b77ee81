"""The body's frame: where torso, shoulders and hips lie for every turn, on a canvas mirrored to face right."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from workers.renderers.toon.turn import Turn

if TYPE_CHECKING:
    from workers.renderers.toon.brush import Point

# (front, three-quarter, side) of x at a height: far edge and near edge of the trunk, from the neck down.
_FAR = [(38, 24, 10, 160), (74, 56, 26, 172), (104, 80, 40, 190), (100, 90, 62, 250), (86, 76, 56, 320),
        (72, 60, 44, 400), (84, 68, 48, 460), (96, 80, 54, 520)]  # fmt: skip
_NEAR = [(-38, -46, -40, 160), (-74, -74, -52, 172), (-104, -98, -62, 190), (-100, -94, -70, 250),
         (-86, -84, -62, 320), (-72, -74, -52, 400), (-84, -88, -66, 460), (-96, -98, -74, 520)]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Torso:
    """The trunk of one drawing."""

    turn: Turn
    build: float
    back: bool

    def edge(self, rows: list[tuple[int, int, int, int]]) -> list[Point]:
        return [(self.turn.keyed(f, t, s) * self.build, float(y)) for f, t, s, y in rows]

    @property
    def far(self) -> list[Point]:
        """The edge on the side the body turns to, from the neck down."""
        return self.edge(_FAR)

    @property
    def near(self) -> list[Point]:
        return self.edge(_NEAR)

    @property
    def outline(self) -> list[Point]:
        """The closed trunk, clockwise from the far neck."""
        return [*self.far, *self.near[::-1]]

    @property
    def middle(self) -> float:
        """X of the front's centre line."""
        return self.turn.keyed(0, 30, 52) * self.build

    def at(self, u: float, y: float) -> Point:
        """A point on the front: `u` -1 at the near edge, 0 in the middle, 1 at the far edge."""
        far, near = self.turn.keyed(100, 90, 60) * self.build, self.turn.keyed(-100, -94, -66) * self.build
        middle = self.middle
        # A turned trunk ends its cloth at its own edge; in front collars may reach beyond it.
        turned = self.turn.keyed(0.0, 0.55, 1.0)
        edge = self._edge_at(y)
        far += (edge + 3 - far) * turned
        middle = min(middle + (edge - 8 * self.build - middle) * turned * 0.9, far)
        return (middle + u * ((far - middle) if u > 0 else (middle - near)), y)

    def _edge_at(self, y: float) -> float:
        """X of the far edge at height `y`."""
        points = self.far
        for (x0, y0), (x1, y1) in pairwise(points):
            if y <= y1:
                return x0 + (x1 - x0) * max(0.0, (y - y0) / (y1 - y0))
        return points[-1][0]

    @property
    def shoulders(self) -> tuple[Point, Point]:
        """The joints of the near and the far arm."""
        near = self.turn.keyed(-92, -84, -8) * self.build
        far = self.turn.keyed(92, 68, 8) * self.build
        return ((near, 192.0), (far, 192.0))

    @property
    def hips(self) -> tuple[Point, Point]:
        return (
            (self.turn.keyed(-46, -48, -12) * self.build, 510.0),
            (self.turn.keyed(46, 32, 4) * self.build, 510.0),
        )


def torso(body_yaw: float, build: float) -> Torso:
    """The trunk turned by `body_yaw` degrees; beyond 120 it is the front seen from behind."""
    back = abs(body_yaw) > 120
    return Torso(Turn(0.0 if back else body_yaw), build, back)
