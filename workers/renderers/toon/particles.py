"""What drifts through the air: petals, rain, fireflies, dust, each closing with its loop."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from models.vocabulary import JobType
from workers.renderers.toon.brush import Brush, ellipse, polygon, smooth
from workers.renderers.toon.chance import chance
from workers.renderers.toon.scene_words import OUTDOORS

if TYPE_CHECKING:
    from workers.renderers.toon.stage import Stage


def draw_particles(canvas: Any, stage: Stage, frame: int) -> None:
    """The take's particles in `frame`; the camera does not move them, for they fill the air around it."""
    words = stage.words
    outdoors = words.location in OUTDOORS
    brush = Brush(canvas)
    if words.time_of_day == "rain" and outdoors:
        _rain(brush, stage, frame)
    elif words.time_of_day == "night" and words.location in ("forest", "park", "shrine"):
        _fireflies(brush, stage, frame)
    elif words.location in ("park", "shrine") or words.mood == "romantic":
        _petals(brush, stage, frame)


def _fall(
    stage: Stage, frame: int, count: int, spacing: float, seconds: float
) -> list[tuple[float, float, float]]:
    """(x, y, size 0..1) of things falling in columns, in pixels.

    In a loop every column moves on by exactly its own spacing, so the last frame leads into the first.
    """
    recipe = stage.recipe
    draw = chance("particles", recipe.seed, recipe.scene.background_seed)
    h, w = float(recipe.height), float(recipe.width)
    step = spacing * h
    rows = int(1 / spacing) + 3
    if recipe.job_type is JobType.ANIMATION_LOOP:
        travel = step * frame / recipe.frame_count
    else:
        travel = (
            h
            * frame
            / float(recipe.fps)
            / seconds
            * (recipe.motion_strength if recipe.job_type.is_motion else 0.0)
        )
    out = []
    for _ in range(count):
        x, offset = float(draw.uniform(-0.1, 1.1)) * w, float(draw.uniform(0, 1))
        size = float(draw.uniform(0.4, 1.0))
        y = (
            offset * step
            + travel * (0.7 + 0.3 * size if recipe.job_type is not JobType.ANIMATION_LOOP else 1.0)
        ) % (rows * step)
        out += [(x, (y + k * step) % (rows * step) - step, size) for k in range(rows)]
    return out


def _petals(brush: Brush, stage: Stage, frame: int) -> None:
    h = stage.recipe.height
    for x, y, size in _fall(stage, frame, 7, 0.42, 5.0):
        phase = x % 7  # a column's own, so that a petal arrives exactly as the one before it left
        drift = x + 0.06 * h * math.sin(y / h * 5 + phase) + y * 0.18
        r = h * 0.009 * size + 1
        turn = y / h * 9 + phase
        c, s = math.cos(turn), math.sin(turn)
        points = [
            (drift + (a * c - b * s) * r, y + (a * s + b * c) * r)
            for a, b in ((-1.2, 0), (-0.2, -0.7), (1, -0.5), (0.75, 0), (1, 0.5), (-0.2, 0.7))
        ]
        brush.fill(smooth(points), (252, 196, 214), 0.55 + 0.4 * size)


def _rain(brush: Brush, stage: Stage, frame: int) -> None:
    h = stage.recipe.height
    for x, y, size in _fall(stage, frame, 26, 0.5, 1.4):
        tall = h * 0.05 * size
        wide = max(0.6, h * 0.0016)
        streak = [(x - y * 0.08, y), (x - y * 0.08 + wide, y), (x - (y + tall) * 0.08, y + tall)]
        brush.fill(polygon(streak), (226, 234, 246), 0.28 + 0.2 * size)


def _fireflies(brush: Brush, stage: Stage, frame: int) -> None:
    recipe = stage.recipe
    draw = chance("fireflies", recipe.seed, recipe.scene.background_seed)
    cycle = recipe.frame_count if recipe.job_type is JobType.ANIMATION_LOOP else round(recipe.fps * 3)
    phase = 2 * math.pi * frame / cycle if recipe.job_type.is_motion else 0.0
    for _ in range(16):
        x, y, start = (float(draw.uniform()) for _ in range(3))
        px = x * recipe.width + recipe.height * 0.012 * math.sin(phase + start * 6.28)
        py = (0.3 + 0.6 * y) * recipe.height + recipe.height * 0.012 * math.cos(phase + start * 9)
        alpha = 0.55 + 0.4 * math.sin(phase + start * 6.28)
        r = recipe.height * 0.006
        brush.fill(ellipse(px, py, r * 2.4, r * 2.4), (214, 255, 150), alpha * 0.25, blur=r)
        brush.fill(ellipse(px, py, r * 0.7, r * 0.7), (244, 255, 200), alpha)
