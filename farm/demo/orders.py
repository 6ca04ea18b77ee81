"""What the demo orders in each phase, which faults it asks for on purpose, and which metric must name each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.metrics import CAUGHT_BY
from models.vocabulary import Defect, JobType, Phase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.metrics import Metric
    from models.shows import CutView

_DRILLS = {
    Phase.STILL: (Defect.BLANK, Defect.IDENTITY_DRIFT),
    Phase.LOOP: (Defect.FLICKER, Defect.SHUFFLED),
    Phase.VIDEO: (Defect.JITTER, Defect.WRONG_FRAME_COUNT, Defect.FROZEN),
}
_VIDEOS = 7
_VIDEO_FRAMES = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """One order with a fault drawn on purpose."""

    phase: Phase
    defect: Defect

    @property
    def expected(self) -> Metric:
        """The metric that must be among those that block."""
        return CAUGHT_BY[self.defect]


def drills(phase: Phase) -> tuple[Drill, ...]:
    """The faults of one phase."""
    return tuple(Drill(phase=phase, defect=defect) for defect in _DRILLS[phase])


def orders(phase: Phase, project: str, cuts: Sequence[CutView], cast: Sequence[str]) -> list[dict[str, Any]]:
    """The orders of one phase; the drills go to cuts with one character, where one fault is easiest to see."""
    ordered = undisturbed(phase, project, cuts, cast)
    alone = {cut.path for cut in cuts if len(cut.characters) < 2}
    for order, defect in zip(
        sorted(ordered, key=lambda order: order.get("cut") not in alone), _DRILLS[phase], strict=False
    ):
        order["defect"] = defect
    return ordered


def undisturbed(
    phase: Phase, project: str, cuts: Sequence[CutView], cast: Sequence[str]
) -> list[dict[str, Any]]:
    """The orders of one phase without any fault; stills come with a sheet of each character."""
    shared = {"project": project, "requested_by": "demo"}
    if phase is Phase.STILL:
        sheets = [{**shared, "job_type": JobType.CHARACTER_SHEET, "characters": [who]} for who in cast]
        return [_order(shared, cut, JobType.STILL_IMAGE) for cut in cuts] + sheets
    if phase is Phase.LOOP:
        return [_order(shared, cut, JobType.ANIMATION_LOOP) for cut in cuts]
    return [_order(shared, cut, JobType.FULL_VIDEO, frame_count=_frames(cut)) for cut in for_video(cuts)]


def for_video(cuts: Sequence[CutView]) -> list[CutView]:
    """The cuts that become videos: those with two characters, then others of the scenes that have most of them.

    A scene that is seen whole is one whose cuts can be held against each other.
    """
    pairs = Counter(cut.scene_id for cut in cuts if len(cut.characters) > 1)
    chosen = sorted(cuts, key=lambda cut: (len(cut.characters) < 2, -pairs[cut.scene_id]))[:_VIDEOS]
    return [cut for cut in cuts if cut in chosen]


def _frames(cut: CutView) -> int:
    """A video of at least 120 frames; a cut that asks for a little more gets it."""
    return max(_VIDEO_FRAMES, min(cut.duration_frames or 0, _VIDEO_FRAMES + 24))


def _order(shared: dict[str, Any], cut: CutView, kind: JobType, **more: Any) -> dict[str, Any]:
    return {**shared, "cut": cut.path, "job_type": kind, **more}
