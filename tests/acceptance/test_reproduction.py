"""Exact outputs can be made again: takes of the example show, through the whole farm, frame by frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from models.vocabulary import JobState, JobType, Phase
from tests.acceptance.studio import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.jobs import JobDetail
    from tests.acceptance.studio import Made, Studio

#: the first test of a phase waits for all of its takes, which a slow machine draws for minutes
pytestmark = pytest.mark.timeout(900)


def again(studio: Studio, takes: Sequence[JobDetail]) -> list[JobDetail]:
    """A reproduction of each take, once all are over."""
    ids = [studio.farm.reproduce(take.row.id, requested_by="acceptance").job_id for take in takes]
    studio.farm.wait(ids, timeout=PATIENCE)
    return [studio.farm.job(each) for each in ids]


def unlike(takes: Sequence[JobDetail]) -> list[str]:
    """What became of those that are not identical to what they make again."""
    return [
        f"{take.row.reproduces_job_id}: {take.row.state.value} {take.reproduction or take.queue.error_message}"
        for take in takes
        if take.row.state is not JobState.COMPLETED or (take.reproduction or {}).get("equality") != "identical"
    ]


def test_one_take_of_each_kind_is_identical_and_counts_nowhere(
    studio: Studio, stills: Made, loops: Made, videos: Made
) -> None:
    pair = next(take for take in stills.bests if len(take.recipe.characters) == 2)
    sheet = next(take for take in stills.bests if take.row.job_type is JobType.CHARACTER_SHEET)
    shortest = min(videos.bests, key=lambda take: take.recipe.frame_count)
    before = [studio.farm.gate(studio.project, phase).to_json() for phase in Phase]

    made = again(studio, [pair, sheet, loops.bests[0], shortest])

    after = [studio.farm.gate(studio.project, phase).to_json() for phase in Phase]
    assert unlike(made) == []
    # Each gate names them among what it does not count.
    named = [[report.pop("reproductions") for report in reports] for reports in (before, after)]
    assert [late - early for early, late in zip(*named, strict=True)] == [2, 1, 1]
    assert after == before
    assert all(take.reproduction and not take.reproduction["differences"] for take in made)


def test_a_changed_seed_is_told_from_the_original(studio: Studio, stills: Made) -> None:
    take = stills.bests[0]

    job = studio.farm.reproduce(take.row.id, requested_by="acceptance", seed=take.recipe.seed ^ 1)
    studio.farm.wait([job.job_id], timeout=PATIENCE)

    told = studio.farm.job(job.job_id).reproduction
    assert told is not None
    assert told["equality"] in ("different", "equivalent")
    assert told["comparison"]["lpips"] is not None
    assert told["differences"][0]["fact"] == "recipe.seed"


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_take_of_the_demo_is_identical(studio: Studio, stills: Made, loops: Made, videos: Made) -> None:
    """Retakes and faults drawn on purpose included: the demo's own orders, made twice."""
    takes = [take for made in (stills, loops, videos) for take in made.takes]

    assert unlike(again(studio, takes)) == []
