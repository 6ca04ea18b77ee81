"""Masters and proxies carry the rates of television exactly, and are judged by them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from models.metrics import Metric
from tests.support.factories import a_recipe
from workers.media.reading import FrameReader
from workers.media.structure import StructureCheck
from workers.media.takes import TakeWriter

TELEVISION = [Fraction(whole * 1000, 1001) for whole in (24, 30, 60, 120)]


@pytest.mark.parametrize("rate", [24, *TELEVISION, Fraction(25, 2)])
def test_a_take_has_its_rate_in_master_and_proxy(tmp_path: Path, rate: int | Fraction) -> None:
    recipe = a_recipe(fps=rate, width=64, height=48)
    random = np.random.default_rng(3)
    with TakeWriter(tmp_path, recipe) as writer:
        for _ in range(recipe.frame_count):
            writer.add(random.integers(0, 256, (48, 64, 3), np.uint8))
        take = writer.finish()

    assert take.fps == rate
    assert take.proxy is not None
    for path in (take.master, take.proxy):
        reader = FrameReader(path)
        watch = StructureCheck(frames=recipe.frame_count, width=64, height=48, fps=rate, motion=True)
        for frame in reader:
            watch.add(frame)
        judged = {each.metric: each.value for each in watch.measurements(reader.fps, reader.pace)}
        assert reader.fps == rate
        assert judged[Metric.FPS] == 1.0
