"""Memory of the panel does not grow with the number of frames."""

from __future__ import annotations

import pytest

from farm.settings import Settings
from tests.bench.scoring_memory import measured
from workers.scoring import weights

#: twice what thumbnails, one vector a frame and the series of thousands of frames may take
SLACK_MIB = 256
LIMIT_MIB = 2048


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_three_thousand_frames_at_1080p_take_as_much_memory_as_three_hundred(tmp_path):
    networks = Settings().networks_dir
    if not all((networks / weights.entry(name).file).is_file() for name in weights.embedded()):
        pytest.skip("the embedded networks have not been pulled; run make networks")

    short, long = (measured(length, networks) for length in (300, 3000))

    assert long["frames"] == long["distinct"] == 3000
    assert {"temporal_lpips", "motion_smoothness", "subject_consistency"} <= set(long["measured"])
    assert long["peak_mib"] < LIMIT_MIB
    assert long["peak_mib"] < short["peak_mib"] + SLACK_MIB
