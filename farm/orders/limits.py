"""What a renderer can make at all: kinds, sizes and numbers of frames; anything else is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from models.errors import OrderRefused
from models.vocabulary import JobType

if TYPE_CHECKING:
    from farm.orders.plan import Ordered
    from workers.renderers.renderer import Capabilities

#: pixels of a show's cuts, where nobody says: the trade's 16:9, in the multiples of 16 that video models want
CUT_SIZE = (832, 480)
#: and of an order for no cut, such as Echo's prompt alone: the contract of `POST /generate`
PORTRAIT_SIZE = (512, 768)
MIN_LOOP_FRAMES = 8
MIN_VIDEO_FRAMES = 120


def size_of(ordered: Ordered, own: tuple[int | None, int | None] = (None, None)) -> tuple[int, int]:
    """Pixels: the order's, the project's for this kind, the project's, the workflow's `own`, or the farm's."""
    order, defaults = ordered.order, ordered.defaults
    farms = CUT_SIZE if ordered.cut else PORTRAIT_SIZE
    width, height = defaults.sizes.get(order.job_type) or (
        defaults.width or own[0] or farms[0],
        defaults.height or own[1] or farms[1],
    )
    return order.width or width, order.height or height


def refuse_kind(ordered: Ordered, can: Capabilities) -> None:
    """Raises `OrderRefused` for a kind of job the renderer does not make."""
    kind = ordered.order.job_type
    if kind not in can.job_types:
        raise OrderRefused(
            f"The renderer '{ordered.renderer}' makes no {kind.value}.",
            hint=f"It makes: {', '.join(can.job_types)}.",
        )


def refuse_size(who: str, can: Capabilities, width: int, height: int) -> None:
    """Raises `OrderRefused` for a size that `who` cannot make, with the nearest that it can."""
    for side, pixels in (("width", width), ("height", height)):
        low, high, step = can.min_side_px, can.max_side_px, can.side_multiple_px
        if not low <= pixels <= high or pixels % step:
            near = min(max(round(pixels / step) * step, -(-low // step) * step), high // step * step)
            multiple = f", in multiples of {step}" if step > 1 else ""
            raise OrderRefused(
                f"A {side} of {pixels} pixels is impossible: '{who}' draws {low} to {high}{multiple}.",
                hint=f"The nearest is {near}.",
            )


def in_multiples(can: Capabilities, step: int) -> Capabilities:
    """The same limits, with sides in multiples of `step` pixels."""
    return replace(can, side_multiple_px=step)


def frame_count(ordered: Ordered, can: Capabilities) -> int:
    """Frames: the order's, the cut's for a video, or the kind's own; refused where the kind forbids it."""
    kind, asked, cut = ordered.order.job_type, ordered.order.frame_count, ordered.cut
    of_cut = cut.duration_frames if cut and kind is JobType.FULL_VIDEO else None
    frames = asked or max(of_cut or 0, kind.default_frames)
    if not kind.is_motion and frames != 1:
        raise OrderRefused(
            f"A {kind.value} has one frame, not {frames}.", hint="Order an animation_loop or a full_video."
        )
    if kind is JobType.ANIMATION_LOOP and frames < MIN_LOOP_FRAMES:
        raise OrderRefused(
            f"A loop of {frames} frames is too short to judge.",
            hint=f"Order {MIN_LOOP_FRAMES} or more; 16 is usual.",
        )
    if kind is JobType.FULL_VIDEO and frames < MIN_VIDEO_FRAMES:
        raise OrderRefused(
            f"A full_video has {MIN_VIDEO_FRAMES} frames or more, not {frames}.",
            hint="Order an animation_loop for something shorter.",
        )
    if frames > can.max_frames:
        raise OrderRefused(
            f"{frames} frames are more than the renderer makes in one take.",
            hint=f"Order {can.max_frames} or fewer, or split the cut.",
        )
    return frames
