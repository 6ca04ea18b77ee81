"""Holds a reproduction's take against the take it makes again, and says which recorded facts differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from farm.explaining.differences import differences
from models.errors import BadInput, LeaseLost, StepFailed
from models.vocabulary import ErrorKind
from tasks.process import runtime

if TYPE_CHECKING:
    from collections.abc import Callable

    from db.catalogue import TakePair
    from workers.media.comparison import Comparison
    from workers.scoring.picture_distance import PictureDistance

NOT_COMPARED = "not_compared"


def compared(pair: TakePair, alive: Callable[[], bool]) -> dict[str, Any]:
    """What becomes `jobs.reproduction`: equality, the numbers behind it, and what differs, as plain JSON.

    An original that is gone or damaged cannot be compared with, and that is all that is wrong: the same pixels
    are known by the hash that was recorded of it.

    Raises:
        LeaseLost: `alive()` turned false.
        StepFailed: the new take itself is damaged.
    """
    # Imported here: a worker's parent process carries nothing that decodes.
    from workers.media.comparison import compare

    if pair.original is None:
        return _answer(pair, None, "The original has no take any more.")
    try:
        distance = runtime.bench().distance()
        one, other = (runtime.store().path(take.master_path) for take in (pair.original, pair.again))
        if not one.is_file():
            return _answer(pair, None, f"The original's file {pair.original.master_path} is gone.")
        comparison = compare(one, other, distance, alive=_ours(alive))
    except BadInput as error:
        return _answer(pair, None, f"The original cannot be decoded any more: {error.message}")
    if comparison.pixel_sha256[1] != pair.again.pixel_sha256:
        raise StepFailed(
            f"The take's file {pair.again.master_path} was damaged after it was rendered.",
            error_kind=ErrorKind.UNAVAILABLE,
            hint="Check the disk of the artifact store, then reproduce the job again.",
        )
    if comparison.pixel_sha256[0] != pair.original.pixel_sha256:
        return _answer(pair, None, f"The original's file {pair.original.master_path} was damaged since.")
    return _answer(pair, comparison, _reason(comparison, distance))


def _ours(alive: Callable[[], bool]) -> Callable[[], None]:
    def go_on() -> None:
        if not alive():
            raise LeaseLost

    return go_on


def _reason(comparison: Comparison, distance: PictureDistance) -> str:
    if comparison.reason:
        return comparison.reason
    if comparison.worst_frame is not None and comparison.lpips is None:
        return f"How far apart they look was not measured: {distance.why_not}"
    return ""


def _answer(pair: TakePair, comparison: Comparison | None, reason: str) -> dict[str, Any]:
    from workers.media.comparison import Equality

    equality = comparison.equality.value if comparison else NOT_COMPARED
    if comparison is None and pair.original and pair.original.pixel_sha256 == pair.again.pixel_sha256:
        equality = Equality.IDENTICAL.value
    return {
        "equality": equality,
        "reason": reason,
        "comparison": comparison.to_json() if comparison else None,
        "differences": differences(pair.original, pair.again, pair.changed) if pair.original else [],
        "changed": dict(pair.changed),
    }
