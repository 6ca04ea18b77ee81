"""What a take is held against: the order's figures, who must be seen, the style, the neighbouring cuts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from fractions import Fraction
    from pathlib import Path

    from models.recipe import Recipe
    from models.vocabulary import JobType, Phase
    from workers.scoring.references import CharacterReference, StyleReference


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """What was ordered, and what the take is held to."""

    phase: Phase
    job_type: JobType
    frame_count: int
    width: int  #: pixels
    height: int  #: pixels
    #: frames a second; whole in an order, what the file states where it is held to its own
    fps: Fraction | int
    #: the take was ordered as one shot, so that a cut in it is a fault
    one_shot: bool = False
    #: variation of luma below which a frame shows nothing that could be measured; None: as the contract has it
    blank_below: float | None = None
    #: names of everybody who must be seen in the picture, known or not
    expected: tuple[str, ...] = ()
    #: what is known of them, by any network
    characters: tuple[CharacterReference, ...] = ()
    style: StyleReference | None = None
    #: masters of the neighbouring cuts of the scene, in the order of the cuts; their first frame is looked at
    neighbours: tuple[Path, ...] = ()
    #: how many of them come before this cut; None when it was not stated
    neighbours_before: int | None = None

    @classmethod
    def of(cls, recipe: Recipe, **more: Any) -> Self:
        """What a recipe orders; `more` are the fields that it does not tell."""
        return cls(
            phase=recipe.job_type.phase,
            job_type=recipe.job_type,
            frame_count=recipe.frame_count,
            width=recipe.width,
            height=recipe.height,
            fps=recipe.fps,
            **more,
        )
