"""One character drawn at one moment, back hair to accessories, in head units around the middle of the head."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import skia

from workers.renderers.toon import accessories, body, eyes, face, hair, hair_styles
from workers.renderers.toon.palette import ink
from workers.renderers.toon.turn import Turn

if TYPE_CHECKING:
    from workers.renderers.toon.brush import Brush
    from workers.renderers.toon.design import Design
    from workers.renderers.toon.moment import Moment

NECK_Y = 118.0
"""Where the head turns on the neck, units below the middle of the head."""
HEAD_BOX = (-122.0, -136.0, 122.0, 132.0)
"""The head with its hair but without tails, units."""


@lru_cache(maxsize=64)
def _locks(design: Design) -> tuple[hair.Lock, ...]:
    return tuple(hair_styles.locks(design))


def forget() -> None:
    """Work every head of hair out anew, as a cold render asks for."""
    _locks.cache_clear()


@dataclass(frozen=True, slots=True)
class Figure:
    """A character ready to be drawn; `light` is -1 when the light comes from the picture's left."""

    design: Design
    light: float = -1.0

    def draw(self, brush: Brush, moment: Moment) -> None:
        """The whole figure onto the brush's canvas, origin in the middle of the head."""
        turn = Turn(moment.yaw, moment.nod)
        all_strands = hair.strands(_locks(self.design), turn, moment)
        fringe = [s for s in all_strands if s.lock.layer == "fringe" and s.depth > 0]
        front = [s for s in all_strands if s.lock.layer != "fringe" and _is_front(s)]
        behind = [s for s in all_strands if s.lock.layer != "fringe" and not _is_front(s)]
        self._head_on(brush, moment)
        hair.draw_group(brush, self.design, behind, light=self.light, dark=0.75)
        brush.canvas.restore()
        body.draw_body(brush, self.design, moment, self.light)
        self._head_on(brush, moment)
        self._head(brush, moment, turn, fringe, front)
        brush.canvas.restore()

    def _head_on(self, brush: Brush, moment: Moment) -> None:
        canvas = brush.canvas
        canvas.save()
        canvas.translate(0, moment.breath * 1.6 - moment.lift)
        canvas.translate(0, NECK_Y)
        canvas.rotate(moment.tilt)
        canvas.translate(0, -NECK_Y)

    def _head(
        self, brush: Brush, moment: Moment, turn: Turn, fringe: list[hair.Strand], front: list[hair.Strand]
    ) -> None:
        canvas, mirror = brush.canvas, turn.mirror
        accessories.draw_behind(brush, self.design, turn)
        if abs(turn.yaw) < 120:
            brush.outline(hair.skull(turn), ink(self.design.hair), 5.6)
            brush.fill(hair.skull(turn), self.design.hair)
            canvas.save()
            canvas.scale(mirror, 1)
            path = face.draw_face(
                brush, self.design, turn, light=self.light * mirror, jaw_drop=moment.mouth * 7
            )
            cast = self._cast(turn, fringe, mirror)
            face.hair_shadow(brush, self.design, path, cast, self.light * mirror)
            face.draw_blush(brush, self.design, turn, path, _BLUSH.get(moment.expression, 0.12))
            face.draw_nose(brush, self.design, turn)
            face.draw_mouth(brush, self.design, turn, moment)
            gaze = (moment.gaze[0] * mirror, moment.gaze[1])
            eyes.draw_brows(brush, self.design, turn, moment)
            eyes.draw_eyes(brush, self.design, turn, moment, gaze)
            accessories.draw_on_face(brush, self.design, turn)
            canvas.restore()
        dome = hair.cap(turn, -66) if abs(turn.yaw) < 120 else hair.skull(turn)
        bodies = [dome] if dome is not None else []
        whole = hair.draw_group(brush, self.design, [*front, *fringe], bodies=bodies, light=self.light)
        fringe_path = skia.Path()
        for strand in fringe:
            fringe_path.addPath(strand.outline)
        hair.tips_tint(brush, self.design, fringe_path, -60, 34)
        hair.crown_shadow(brush, self.design, turn, whole, self.light)
        hair.shine(brush, self.design, turn, whole, -78)
        if abs(turn.yaw) < 120:
            canvas.save()
            canvas.scale(mirror, 1)
            eyes.draw_brows(brush, self.design, turn, moment, 0.4)
            canvas.restore()
        accessories.draw_over(brush, self.design, turn, self.light)

    def _cast(self, turn: Turn, fringe: list[hair.Strand], mirror: float) -> Any:
        path = skia.Path()
        dome = hair.cap(turn, -66)
        if dome is not None:
            path.addPath(dome)
        for strand in fringe:
            path.addPath(strand.outline)
        if mirror < 0:
            path.transform(skia.Matrix.Scale(-1, 1))
        return path


_BLUSH = {"shy": 1.0, "happy": 0.4, "laughing": 0.55, "surprised": 0.25}


def _is_front(strand: hair.Strand) -> bool:
    if strand.lock.layer:
        return strand.lock.layer == "front"
    return strand.depth > -4
