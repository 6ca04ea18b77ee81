"""Phase 3 of the specification: full video, several characters, scene continuity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from models.metrics import Metric
from models.vocabulary import Phase, Verdict
from tests.acceptance.studio import REQUIRED_RATE, keeps, measured
from workers.media.reading import read_frames

if TYPE_CHECKING:
    from tests.acceptance.studio import Made, Studio

#: the first test of a phase waits for all of its takes, which a slow machine draws for minutes
pytestmark = pytest.mark.timeout(900)


def test_eighty_percent_of_the_videos_pass_and_the_gate_is_met(studio: Studio, videos: Made) -> None:
    report = studio.farm.gate(studio.project, Phase.VIDEO)

    assert report.can_open, report.blocking_issues
    assert videos.pass_rate >= REQUIRED_RATE
    assert report.judged >= 5


def test_a_video_has_120_frames_and_more_when_its_file_is_read_to_the_end(studio: Studio, videos: Made) -> None:
    for take in videos.bests:
        assert take.take is not None
        assert sum(1 for _ in read_frames(studio.master(take))) == take.take.frames >= 120


def test_the_subject_stays_consistent_over_the_whole_video(videos: Made) -> None:
    assert videos.rate(Metric.SUBJECT_CONSISTENCY) >= REQUIRED_RATE


def test_everything_phase_2_asks_holds_for_videos_too(videos: Made) -> None:
    for metric in (Metric.TEMPORAL_LPIPS, Metric.MOTION_SMOOTHNESS, Metric.IDENTITY):
        assert videos.rate(metric) >= REQUIRED_RATE


def test_every_expected_character_is_found_where_two_share_the_frame(videos: Made) -> None:
    together = [take for take in videos.bests if len(take.recipe.characters) > 1]

    assert together
    for take in together:
        assert measured(take, Metric.IDENTITY).value is not None


def test_cuts_of_one_scene_look_continuous(videos: Made) -> None:
    # The first video of a scene has none beside it yet; whoever comes next is held against it.
    joined = [take for take in videos.bests if not measured(take, Metric.SCENE_CONTINUITY).lacks_company]

    assert joined
    assert sum(keeps(take, Metric.SCENE_CONTINUITY) for take in joined) >= REQUIRED_RATE * len(joined)


def test_shaking_short_and_frozen_videos_are_caught_by_name_and_retaken(videos: Made) -> None:
    expected = {"jitter": Metric.JITTER, "wrong_frame_count": Metric.FRAME_COUNT, "frozen": Metric.FROZEN}
    caught = {str(root.recipe.defect): root for root in videos.roots if root.recipe.defect}

    assert set(caught) == set(expected)
    for defect, root in caught.items():
        assert expected[defect] in root.row.blocking
        assert videos.best(root).row.verdict is Verdict.PASS


def test_the_episode_is_in_operation_scene_by_scene(studio: Studio, videos: Made) -> None:
    paths = [cut.path for cut in studio.cuts]

    assert len(paths) >= 10
    assert len({path.rsplit("/", 1)[0] for path in paths}) == 3
    assert all(take.row.cut in paths for take in videos.bests)
