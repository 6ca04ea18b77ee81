"""Shots, cuts and reading ahead: what is looked for where, what is excused, and that no thread stays behind."""

from __future__ import annotations

import doctest
import threading

import numpy as np
import pytest

from models.errors import BadInput
from models.metrics import Metric
from workers.scoring import frames, shots
from workers.scoring.ahead import Ahead
from workers.scoring.gauges.gauge import measured, with_shots
from workers.scoring.gauges.perceptual import LpipsGauge
from workers.scoring.gauges.smoothness import SmoothnessGauge
from workers.scoring.gauges.subject import SubjectGauge
from workers.scoring.metrics import Summary
from workers.scoring.shots import Shots, ShotSeeker, merged


class Finder:
    """Calls every frame the end of its shot that is much unlike the next, and counts how often it is asked."""

    name, sha256, device = "finder", "0" * 64, "cpu"
    step, margin = 50, 25

    def __init__(self):
        self.looks = 0

    def probabilities(self, window):
        assert len(window) == 100
        self.looks += 1
        means = np.array([float(thumbnail.mean()) for thumbnail in window])
        return (np.abs(np.diff(means)) > 20).astype(np.float32)[self.margin : self.margin + self.step]

    def cuts(self, thumbnails):
        raise NotImplementedError


class Brightness:
    """Compares pictures by their mean: the plainest network of each kind."""

    name, sha256, device = "brightness", "0" * 64, "cpu"

    def features(self, picture):
        return float(picture.mean()) / 255.0

    def distance(self, one, other):
        return abs(one - other)

    def embed(self, picture):
        return np.array([1.0, float(picture.mean()) / 255.0], dtype=np.float32)

    def between(self, before, after):
        return ((before.astype(np.uint16) + after) // 2).astype(np.uint8)


def clip(levels):
    """Grey frames of these levels, as gauges see them."""
    shrinker = frames.Shrinker()
    pictures = (np.full((300, 400, 3), level, dtype=np.uint8) for level in levels)
    return [shrinker.take(index, picture) for index, picture in enumerate(pictures)]


def sought(levels, finder):
    seeker = ShotSeeker(finder)
    for frame in clip(levels):
        seeker.see(frame)
    return seeker.finish()


def test_every_example_in_a_docstring_is_true():
    failed, tried = doctest.testmod(shots, extraglobs={"np": np})

    assert tried > 0
    assert failed == 0


@pytest.mark.parametrize("cut", [8, 49, 50, 51, 74, 75, 100, 125, 172])
def test_a_cut_is_found_wherever_it_falls_in_a_window(cut):
    assert sought([60] * cut + [200] * (180 - cut), Finder()) == Shots((cut,))


def test_the_network_is_not_asked_where_no_step_is_large_enough_for_a_cut():
    finder = Finder()

    found = sought([50 + number // 4 for number in range(300)], finder)

    assert found == Shots()
    assert finder.looks == 0


def test_only_the_windows_around_a_large_step_are_looked_at():
    finder = Finder()

    sought([60] * 30 + [200] * 970, finder)

    assert finder.looks == 1


def test_frames_out_of_order_are_not_excused_as_many_short_shots():
    flurry = [level for _ in range(10) for level in (20, 200, 60, 240)]

    assert sought(flurry, Finder()).cuts == ()


def test_a_shot_shorter_than_a_third_of_a_second_joins_the_one_before():
    assert merged((30, 60, 63, 66), 100) == (30, 66)
    assert merged((5, 40), 100) == (40,)
    assert merged((95,), 100) == ()


def test_a_cut_nobody_ordered_is_the_value_of_temporal_lpips_and_says_so():
    levels = [5 * number for number in range(20)] + [150 + 5 * number for number in range(20)]
    values = {}
    for one_shot in (False, True):
        gauge = LpipsGauge(Brightness(), one_shot=one_shot)
        for frame in clip(levels):
            gauge.see(frame)
        values[one_shot], _ = gauge.finish(Shots((20,)))

    assert values[False].value == pytest.approx(5 / 255)
    assert {found.formula for found in values.values()} == {"2"}
    assert values[False].detail["binding"] == "p95"
    assert values[True].value == pytest.approx(55 / 255)
    assert values[True].detail["binding"] == "cut"
    assert values[True].detail["worst_frame"] == 20
    assert max(values[True].detail["curve"]) == pytest.approx(55 / 255, abs=1e-4)
    assert "cut at frame 20" in values[True].detail["text"]


def test_the_worst_frame_is_named_by_its_number_in_the_file_although_frames_are_held():
    levels = [10, 10, 20, 20, 30, 30, 90, 90, 50, 50, 60, 60, 70, 70]
    gauge = SmoothnessGauge(Brightness())
    for frame in clip(levels):
        gauge.see(frame)

    (found,) = gauge.finish(Shots())

    assert found.detail["worst_frame"] == 6
    assert found.detail["curve_frames"] == [2, 6, 10]


def test_each_shot_is_held_against_its_own_first_frame():
    levels = [0] * 10 + [255] * 10
    gauge = SubjectGauge(Brightness())
    for frame in clip(levels):
        gauge.see(frame)

    inside, across = (gauge.finish(shots)[0] for shots in (Shots((10,)), Shots()))

    assert inside.value == pytest.approx(1.0)
    assert across.value < 0.95
    assert inside.detail["curve_frames"] == [*range(1, 10), *range(11, 20)]


def test_a_measurement_over_time_tells_its_cuts_or_that_nobody_looked_for_any():
    summary = Summary(value=0.1, detail={})
    over_time, single = (measured(metric, summary) for metric in (Metric.JITTER, Metric.SCENE_CONTINUITY))

    assert with_shots(over_time, Shots((30,))).detail == {"cuts": [30]}
    assert with_shots(over_time, Shots(looked_for=False)).detail == {"shots": "not looked for"}
    assert with_shots(single, Shots((30,))).detail == {}


def test_where_nobody_looked_for_cuts_a_jump_that_may_be_one_leaves_no_number():
    seeker = ShotSeeker(None)
    for frame in clip([40] * 12 + [200] * 12):
        seeker.see(frame)

    found = seeker.finish()

    assert found == Shots(looked_for=False, suspicious=(12,))
    told = with_shots(measured(Metric.JITTER, Summary(value=0.1, detail={})), found)
    assert told.value is None
    assert "farm networks pull transnetv2" in told.reason


def test_a_frame_equal_bit_by_bit_is_held_and_never_shrunk(monkeypatch):
    shrunk = []
    really = frames.short_side
    monkeypatch.setattr(frames, "short_side", lambda *args: shrunk.append(1) or really(*args))

    held = [frame.held for frame in clip([10, 10, 10, 50, 50, 51])]

    assert held == [False, True, True, False, True, True]
    assert len(shrunk) == 2 * 3


def reading_threads():
    return [thread for thread in threading.enumerate() if thread.name == "read-ahead"]


def test_reading_ahead_keeps_the_order_and_raises_what_the_reader_raised_after_the_items_before_it():
    def numbers():
        yield from range(5)
        raise BadInput("The file ends here.")

    seen = []

    def read():
        with Ahead(numbers()) as items:
            seen.extend(iter(items))

    with pytest.raises(BadInput, match="ends here"):
        read()

    assert seen == [0, 1, 2, 3, 4]
    assert not reading_threads()


def test_leaving_early_closes_the_reader_and_ends_its_thread():
    closed = []

    def numbers():
        try:
            yield from range(1_000_000)
        finally:
            closed.append(True)

    def leave_early():
        with Ahead(numbers()) as items:
            for item in items:
                if item == 3:
                    raise KeyError(item)

    with pytest.raises(KeyError):
        leave_early()

    assert closed == [True]
    assert not reading_threads()
