"""One drawn moment of a character: everything that acting may change from drawing to drawing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """How a character holds itself in one drawing; the neutral moment is the default."""

    yaw: float = 0.0  #: head, degrees, positive to the picture's right
    body_yaw: float = 0.0
    nod: float = 0.0  #: units, down positive
    tilt: float = 0.0  #: degrees, clockwise positive
    blink: float = 0.0  #: 0 open .. 1 closed
    mouth: float = 0.0  #: 0 shut .. 1 wide open, on top of the expression
    gaze: tuple[float, float] = (0.0, 0.0)  #: -1..1 right and down
    breath: float = 0.0  #: -1..1
    sway: float = 0.0  #: phase of hair and cloth in radians
    sway_size: float = 1.0
    lift: float = 0.0  #: the whole body's shift upwards, units
    stride: float = 0.0  #: phase of a walk in radians
    wave: float = 0.0  #: -1..1: the waving hand
    expression: str = "neutral"
    pose: str = "standing"
