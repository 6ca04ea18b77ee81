"""Where the camera stands in every frame: framing, moves on ones, and what one seed's framing adds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.renderers.toon.chance import chance

if TYPE_CHECKING:
    from models.recipe import Recipe
    from workers.renderers.toon.scene_words import SceneWords

_SPAN = {"close_up": 415.0, "medium": 680.0, "wide": 1500.0}
_PLACE = {"close_up": 250.0, "medium": 300.0, "wide": 400.0}
GROUND_SHARE = {"close_up": 0.2, "medium": 0.45, "wide": 1.0}
_REACH = 0.13
"""How far the widest move shifts the picture plane, as a share of the frame."""


@dataclass(frozen=True, slots=True)
class Framing:
    """How world units land on the frame before any move."""

    shot: str
    scale: float  #: pixels per unit
    center_x: float
    center_y: float
    spacing: float  #: units between neighbouring characters
    ground_share: float  #: 0..1: how much of a height difference shows, so that close shots keep both faces


@dataclass(frozen=True, slots=True)
class Eye:
    """The camera's move in one frame: a shift in shares of the frame and a zoom around its middle."""

    dx: float = 0.0
    dy: float = 0.0
    zoom: float = 1.0


def shot_of(words: SceneWords, people: int) -> str:
    """The ordered shot; a set without characters is seen whole."""
    return words.framing or ("medium" if people else "wide")


def framing(recipe: Recipe, words: SceneWords, people: int, headroom: float) -> Framing:
    """The framing that shows `people` characters, which reach `headroom` units above a head's middle."""
    shot = shot_of(words, people)
    spacing = _PLACE[shot]
    span = _SPAN[shot]
    wanted = spacing * max(0, people - 1) + (330 if shot == "close_up" else 400)
    span = max(span, wanted * recipe.height / recipe.width * 0.92)
    if shot == "wide":
        span = max(span, (headroom + 1205) / 0.945)  # feet and the ground under them stay in the frame
    top = -headroom - 0.055 * span
    draw = chance("framing", recipe.seed)
    sx, sy = float(draw.uniform(-1, 1)), float(draw.uniform(-1, 1))
    return Framing(
        shot=shot,
        scale=recipe.height / span,
        center_x=sx * span * 0.012,
        center_y=top + span / 2 + sy * span * 0.008,
        spacing=spacing,
        ground_share=GROUND_SHARE[shot],
    )


def eye(recipe: Recipe, words: SceneWords, frame: float) -> Eye:
    """The camera at `frame`; loops keep still, because a move that closes on itself is none."""
    move = words.camera_move
    if move == "handheld":
        phase = 2 * math.pi * frame / max(1, recipe.frame_count)
        k = 0.006 * recipe.motion_strength
        return Eye(k * math.sin(phase), k * 0.7 * math.sin(2 * phase + 1), 1.03)
    if not recipe.job_type.is_motion or recipe.job_type == "animation_loop" or move == "static":
        return Eye()
    t = frame / max(1, recipe.frame_count - 1)
    ease = t * t * (3 - 2 * t)
    reach = _REACH * recipe.motion_strength * min(1.0, recipe.frame_count / 72)
    swing = (ease - 0.5) * 2 * reach
    return {
        "pan_left": Eye(dx=-swing * 0.6, zoom=1.0),
        "pan_right": Eye(dx=swing * 0.6, zoom=1.0),
        "tilt_up": Eye(dy=-swing * 0.5, zoom=1.02),
        "tilt_down": Eye(dy=swing * 0.5, zoom=1.02),
        "push_in": Eye(zoom=1 + 1.9 * reach * ease),
        "pull_out": Eye(zoom=1 + 1.9 * reach * (1 - ease)),
    }[move]
