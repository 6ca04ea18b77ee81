"""What every character does over time: breath, sway, blinks, glances, speech and the ordered actions.

Acting is drawn on twos (one drawing for two frames), as hand-drawn animation is; the camera moves on ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from models.vocabulary import JobType
from workers.renderers.toon.chance import chance
from workers.renderers.toon.moment import Moment

if TYPE_CHECKING:
    from models.recipe import Recipe
    from workers.renderers.toon.scene_words import SceneWords

_OPEN = {
    **dict.fromkeys("aáàâ", 0.75),
    **dict.fromkeys("oö", 0.6),
    **dict.fromkeys("eé", 0.42),
    **dict.fromkeys("iyu", 0.3),
    **dict.fromkeys("mbp", 0.0),
    **dict.fromkeys(" .,!?;:-…", 0.0),
}
_LETTERS_PER_DRAWING = 1.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """One character's part in a take."""

    name: str
    index: int
    rest: Moment  #: how it holds itself before anything moves
    speech: str  #: what it says; empty when another character speaks


def drawing_of(frame: int) -> int:
    """The frame at which the drawing shown in `frame` was made: every second one."""
    return frame - frame % 2


def moment(recipe: Recipe, words: SceneWords, role: Role, frame: int) -> Moment:
    """The drawing of `role` shown in `frame`."""
    if not recipe.job_type.is_motion:
        return _posed(recipe, words, role)
    at = drawing_of(frame)
    if recipe.job_type is JobType.ANIMATION_LOOP:
        return _loop(recipe, words, role, at % recipe.frame_count)
    return _video(recipe, words, role, at)


def _posed(recipe: Recipe, words: SceneWords, role: Role) -> Moment:
    """A still: the rest pose with a small offset of its own seed."""
    draw = chance("posed", recipe.seed, role.index)
    mouth = 0.45 if role.speech and "talks" in words.actions else 0.0
    return replace(
        role.rest,
        tilt=role.rest.tilt + float(draw.uniform(-3.5, 3.5)),
        yaw=role.rest.yaw + float(draw.uniform(-3, 3)),
        sway=float(draw.uniform(0, 6.28)),
        gaze=(role.rest.gaze[0] + float(draw.uniform(-0.15, 0.15)), role.rest.gaze[1]),
        mouth=mouth,
        wave=0.3,
        stride=1.1,
    )


def _loop(recipe: Recipe, words: SceneWords, role: Role, at: int) -> Moment:
    """Everything turns a whole number of times in `frame_count` frames, so that the loop closes exactly."""
    draw = chance("loop", recipe.seed, role.index)
    start = float(draw.uniform(0, 2 * math.pi))
    blink_at = int(draw.integers(2, max(3, recipe.frame_count // 2))) // 2 * 2
    count = recipe.frame_count
    phase = 2 * math.pi * at / count
    cycles = max(1, round(count / 32))
    size = recipe.motion_strength
    now = replace(
        role.rest,
        breath=math.sin(phase * cycles) * size,
        tilt=role.rest.tilt + 0.8 * math.sin(phase * cycles + 0.6) * size,
        sway=phase * cycles + start,
        sway_size=0.75 * size,
        blink=_blink_shape((at - blink_at) % count),
        nod=role.rest.nod + 0.8 * math.sin(phase * cycles + 1.2) * size,
    )
    if role.speech or "talks" in words.actions:
        now = replace(now, mouth=0.5 * max(0.0, math.sin(phase * max(1, round(count / 8)))) * size)
    return _act(words, now, phase * max(1, round(count / 24)), size)


def _video(recipe: Recipe, words: SceneWords, role: Role, at: int) -> Moment:
    draw = chance("video", recipe.seed, role.index)
    seconds = at / float(recipe.fps)
    size = recipe.motion_strength
    start = float(draw.uniform(0, 2 * math.pi))
    blink = 0.0
    when = float(draw.uniform(0.4, 1.4))
    while when < recipe.frame_count / float(recipe.fps):
        blink = max(blink, _blink_shape(at - int(when * float(recipe.fps)) // 2 * 2))
        when += float(draw.uniform(1.5, 3.2))
    glance = _step(draw, seconds)
    now = replace(
        role.rest,
        breath=math.sin(2 * math.pi * 0.33 * seconds + start) * size,
        tilt=role.rest.tilt + 1.2 * math.sin(2 * math.pi * 0.21 * seconds + start) * size,
        sway=2 * math.pi * 0.42 * seconds + start,
        sway_size=size,
        blink=blink,
        gaze=(role.rest.gaze[0] + glance * 0.35 * size, role.rest.gaze[1]),
        mouth=_speech(role.speech, at // 2, draw) * min(1.0, 0.4 + 0.6 * size),
    )
    return _act(words, now, 2 * math.pi * seconds * 0.75, size)


def _act(words: SceneWords, now: Moment, phase: float, size: float) -> Moment:
    """The ordered actions, each periodic in `phase`."""
    for action in words.actions:
        s = math.sin(phase)
        if action == "nods":
            now = replace(now, nod=now.nod + 7 * max(0.0, s) * size)
        elif action == "shakes_head":
            now = replace(now, yaw=now.yaw + 13 * s * size)
        elif action == "looks_around":
            now = replace(
                now,
                yaw=now.yaw + 18 * math.sin(phase * 0.5 if phase > 7 else phase) * size,
                gaze=(0.7 * s, 0.0),
            )
        elif action == "turns":
            now = replace(now, yaw=now.yaw + 22 * s * size, body_yaw=now.body_yaw + 10 * s * size)
        elif action == "waves":
            now = replace(now, pose="waving", wave=math.sin(phase * 2) * size)
        elif action == "walks":
            now = replace(now, pose="walking", stride=phase, lift=now.lift + 5 * abs(math.cos(phase)) * size)
        elif action == "laughs":
            now = replace(now, expression="laughing", lift=now.lift + 3 * abs(math.sin(phase * 2)) * size)
        elif action == "sighs":
            now = replace(now, nod=now.nod + 5 * (0.5 - 0.5 * math.cos(phase)) * size)
        elif action == "jumps":
            now = replace(now, lift=now.lift + 46 * max(0.0, s) * size)
    return now


def _blink_shape(since: int) -> float:
    """Eyelids `since` frames after a blink began: half, shut, half."""
    return {0: 0.55, 2: 1.0, 4: 0.5}.get(since, 0.0)


def _step(draw: object, seconds: float) -> float:
    """A glance that jumps between a few directions, as eyes do."""
    import numpy as np

    generator = draw if isinstance(draw, np.random.Generator) else chance("glance")
    targets = generator.uniform(-1, 1, 64)
    return float(targets[int(seconds / 1.1) % 64]) if seconds > 0.7 else 0.0


def _speech(text: str, drawing: int, draw: object) -> float:
    """How far the mouth opens at the `drawing`-th drawing of saying `text`, from its letters."""
    spoken = text.lower()
    if not spoken:
        return 0.0
    at = int(drawing * _LETTERS_PER_DRAWING) - 4
    if at < 0 or at >= len(spoken):
        return 0.0
    return _OPEN.get(spoken[at], 0.18)
