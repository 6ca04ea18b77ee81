"""A profile whose networks nobody has is said to be so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from farm.judging.lacking import lacking, sentence
from models.fleet import WorkerView
from models.metrics import Mark, Metric
from models.vocabulary import WorkerStatus
from tests.support.factories import a_profile

LEASE = timedelta(seconds=30)
BOTH = a_profile(
    Mark(metric=Metric.IDENTITY, limit=0.7, network="toon-id"),
    Mark(metric=Metric.AESTHETIC, limit=5, network="clip-l14-laion"),
    Mark(metric=Metric.SHARPNESS, limit=1, network="none"),
)


def scorer(*networks: str, **changes: Any) -> WorkerView:
    return WorkerView(
        **{
            "id": "a:score:0",
            "host": "a",
            "pid": 1,
            "pools": (),
            "queues": ("score",),
            "slots": 1,
            "status": WorkerStatus.READY,
            "current_job_id": None,
            "last_seen_at": datetime.now(UTC),
            "seconds_silent": 1.0,
            "capabilities": {"networks": list(networks)},
            **changes,
        }
    )


@pytest.mark.parametrize(
    ("workers", "networks"),
    [
        ([scorer("toon-id")], ("clip-l14-laion",)),
        ([scorer("toon-id"), scorer("toon-id", "clip-l14-laion")], ()),
        ([scorer()], ("clip-l14-laion", "toon-id")),
        ([scorer("toon-id"), scorer("toon-id", "clip-l14-laion", seconds_silent=99.0)], ("clip-l14-laion",)),
        ([scorer(), scorer("toon-id", "clip-l14-laion", queues=("render_queue.toon",))],
         ("clip-l14-laion", "toon-id")),
        ([], ()),
    ],
)  # fmt: skip
def test_what_the_best_live_scorer_has_not_is_lacking(
    workers: list[WorkerView], networks: tuple[str, ...]
) -> None:
    assert lacking(BOTH, workers, LEASE) == networks


def test_nothing_is_said_where_nothing_is_lacking() -> None:
    assert sentence("spec", ()) == ""
    assert "asks for networks that no worker here has: a, b." in sentence("spec", ("a", "b"))
