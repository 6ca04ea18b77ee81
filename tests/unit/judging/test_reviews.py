"""Of several reviews the last one decides; reasons are words of a small vocabulary."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from farm.judging.reviews import deciding, reasons_of, refuse_frame
from models.actors import Actor
from models.errors import BadInput, UnknownName
from models.reviews import ReviewReason, ReviewView
from models.vocabulary import Verdict

BEGAN = datetime(2026, 1, 2, tzinfo=UTC)


def a_review(by: str, verdict: Verdict, minutes: int) -> ReviewView:
    return ReviewView(
        job_id=UUID(int=1),
        by=Actor.read(by),
        verdict=verdict,
        instead_of=Verdict.PASS,
        reasons=(),
        note="",
        frame=None,
        at=BEGAN + timedelta(minutes=minutes),
    )


def test_the_last_review_decides_in_whatever_order_they_are_read() -> None:
    ada, ben = a_review("Ada", Verdict.APPROVED, 0), a_review("Ben", Verdict.REJECTED, 1)

    assert deciding([ada, ben]) is deciding([ben, ada]) is ben
    assert deciding([]) is None


def test_a_reason_said_twice_counts_once_and_another_word_is_answered_with_the_nearest() -> None:
    assert reasons_of(["motion", "anatomy", "motion"]) == (ReviewReason.MOTION, ReviewReason.ANATOMY)
    with pytest.raises(UnknownName) as refused:
        reasons_of(["artifact"])
    assert "artefact" in refused.value.hint


def test_a_frame_beyond_the_take_is_refused_with_those_it_has() -> None:
    refuse_frame(None, 16)
    refuse_frame(15, 16)
    for frame in (-1, 16):
        with pytest.raises(BadInput) as refused:
            refuse_frame(frame, 16)
        assert "0 to 15" in refused.value.hint
