"""Which of several reviews of a take decides, and what a review must say; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.errors import BadInput
from models.nearest import unknown_name
from models.reviews import ReviewReason

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from models.reviews import ReviewView


def deciding(reviews: Sequence[ReviewView]) -> ReviewView | None:
    """The review that decides about a take: the last one, whoever wrote it; None where nobody did."""
    return max(reviews, key=lambda review: review.at, default=None)


def reasons_of(words: Iterable[str]) -> tuple[ReviewReason, ...]:
    """The reasons by their words, each once; raises `UnknownName` for another word."""
    known = {reason.value: reason for reason in ReviewReason}
    for word in (wanted := tuple(dict.fromkeys(words))):
        if word not in known:
            raise unknown_name(word, known, "reason")
    return tuple(known[word] for word in wanted)


def refuse_frame(frame: int | None, frames: int) -> None:
    """Raises `BadInput` for a frame that a take of so many frames has not."""
    if frame is not None and not 0 <= frame < frames:
        raise BadInput(
            f"The take has no frame {frame}.", hint=f"Its frames are 0 to {frames - 1}, as in the file."
        )
