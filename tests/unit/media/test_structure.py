"""The structural contract sees what is wrong with a take before any network looks at it."""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image, ImageFilter

from models.metrics import STRUCTURE, Mark, Measurement, Metric
from workers.media.pace import Pace
from workers.media.proxies import open_proxy
from workers.media.reading import read_frames
from workers.media.structure import RECOMMENDED_LIMITS, StructureCheck, undecodable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    Frames = Iterable[NDArray[np.uint8]]


def drawing(offset: int = 0, *, width: int = 208, height: int = 120) -> NDArray[np.uint8]:
    """Flat colours with dark lines, moved to the right by `offset` pixels."""
    picture = np.full((height, width, 3), (150, 190, 230), np.uint8)
    for left in range(0, width, 20):
        picture[70:110, left : left + 2] = 20
    picture[20:60, 40 + offset : 80 + offset] = (240, 210, 190)
    picture[20:60, 40 + offset] = 20
    return picture


def check(pictures: Frames, **ordered: Any) -> dict[Metric, Measurement]:
    pace = ordered.pop("pace", None)
    order = {"frames": 16, "width": 208, "height": 120, "fps": 24, "motion": True} | ordered
    structure = StructureCheck(**order)
    for picture in pictures:
        structure.add(picture)
    return {measured.metric: measured for measured in structure.measurements(Fraction(24), pace)}


def paced(steps_ms: list[int]) -> Pace:
    pace = Pace()
    for at_ms in accumulate(steps_ms, initial=0):
        pace.show(at_ms / 1000)
    return pace


def _worst_ratio(steps_ms: list[int]) -> float:
    rates = [1000 / step for step in steps_ms]
    return min(min(rate, 24) / max(rate, 24) for rate in rates)


def failing(measured: dict[Metric, Measurement]) -> set[Metric]:
    return {
        metric
        for metric, found in measured.items()
        if found.value is None or not Mark(metric=metric, limit=RECOMMENDED_LIMITS[metric]).holds(found.value)
    }


def test_a_clip_as_ordered_holds_every_mark() -> None:
    measured = check(drawing(index) for index in range(16))

    assert tuple(measured) == STRUCTURE
    assert failing(measured) == set()


def test_a_still_as_ordered_holds_every_mark_and_has_no_rate() -> None:
    measured = check([drawing()], frames=1, motion=False)

    assert failing(measured) == set()
    assert set(STRUCTURE) - set(measured) == {Metric.FPS, Metric.FROZEN}


def test_sixteen_frames_sold_as_a_hundred_and_twenty_are_named() -> None:
    measured = check((drawing(index) for index in range(16)), frames=120)

    assert failing(measured) == {Metric.FRAME_COUNT}
    found = measured[Metric.FRAME_COUNT]
    assert found.value == pytest.approx(16 / 120)
    assert found.detail == {"expected": 120, "found": 16, "text": "16 frames, 120 ordered"}


def test_a_frame_too_many_is_wrong_too() -> None:
    assert failing(check(drawing(index) for index in range(17))) == {Metric.FRAME_COUNT}


def test_another_size_is_named() -> None:
    measured = check(drawing(index, width=200) for index in range(16))

    assert failing(measured) == {Metric.SIZE}
    assert measured[Metric.SIZE].detail["text"] == "200x120, 208x120 ordered"


def test_another_rate_is_named() -> None:
    measured = check((drawing(index) for index in range(16)), fps=30)

    assert failing(measured) == {Metric.FPS}
    assert measured[Metric.FPS].detail["text"] == "24 frames a second, 30 ordered"


@pytest.mark.parametrize(
    "steps_ms",
    [
        [10, 73] * 7 + [10],  # 24 a second on average, to the thousandth
        [25] * 14 + [275],
        [33, 33, 50, 50] * 3 + [41, 42, 42],  # a film's 3:2 pull-down
        [83] * 15,  # a header that says twice as much
    ],
)
def test_frames_that_come_unevenly_within_the_right_average_rate_are_named(steps_ms: list[int]) -> None:
    measured = check((drawing(index) for index in range(16)), pace=paced(steps_ms))

    assert failing(measured) == {Metric.FPS}
    assert measured[Metric.FPS].value == pytest.approx(_worst_ratio(steps_ms))


def test_frames_that_go_back_in_time_have_no_rate() -> None:
    measured = check((drawing(index) for index in range(16)), pace=paced([42, 42, -400, 42]))

    assert measured[Metric.FPS].value == 0.0


def test_uneven_times_are_told_in_milliseconds() -> None:
    measured = check((drawing(index) for index in range(16)), pace=paced([10, 73] * 7 + [10]))

    told = measured[Metric.FPS].detail["text"]
    assert told == "24 frames a second stated, but shown 10 to 73 ms apart, 24 ordered"


def test_a_rate_in_whole_milliseconds_is_even() -> None:
    measured = check((drawing(index) for index in range(16)), pace=paced([41, 42, 42] * 5))

    assert failing(measured) == set()


def test_a_file_that_names_no_times_has_the_rate_it_states() -> None:
    pace = Pace()
    for _ in range(16):
        pace.show(None)

    assert failing(check((drawing(index) for index in range(16)), pace=pace)) == set()


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_flat_picture_is_blank(level: int) -> None:
    measured = check([np.full((120, 208, 3), level, np.uint8)], frames=1, motion=False)

    assert failing(measured) == {Metric.BLANK, Metric.SHARPNESS}
    assert measured[Metric.BLANK].value == pytest.approx(0.0)


def test_one_blank_frame_in_a_clip_is_found() -> None:
    frames = [drawing(index) for index in range(16)]
    frames[9] = np.zeros_like(frames[9])

    measured = check(frames)

    assert failing(measured) == {Metric.BLANK}
    assert measured[Metric.BLANK].detail["worst_frame"] == 9


def test_a_frozen_clip_is_found_also_after_lossy_encoding(tmp_path: Path) -> None:
    with open_proxy(tmp_path / "frozen.mp4", 24) as encoder:
        for _ in range(16):
            encoder.add(drawing())

    exact = check([drawing()] * 16)
    lossy = check(read_frames(tmp_path / "frozen.mp4"))

    assert failing(exact) == failing(lossy) == {Metric.FROZEN}
    assert exact[Metric.FROZEN].value == lossy[Metric.FROZEN].value == 0.0
    assert exact[Metric.FROZEN].detail["pictures"] == 1


def test_animation_on_threes_is_not_frozen() -> None:
    measured = check(drawing(index // 3 * 3) for index in range(16))

    assert failing(measured) == set()
    assert measured[Metric.FROZEN].detail["longest_run"] == 3


def test_a_clip_that_stops_in_the_middle_says_where() -> None:
    measured = check(drawing(min(index, 4)) for index in range(16))

    assert failing(measured) == {Metric.FROZEN}
    assert measured[Metric.FROZEN].detail["longest_run_from"] == 4
    assert measured[Metric.FROZEN].detail["longest_run"] == 12


def test_a_slow_fade_is_not_frozen() -> None:
    fade = [(drawing() * (1 - index * 0.004)).astype(np.uint8) for index in range(64)]

    assert Metric.FROZEN not in failing(check(fade, frames=64))


def test_a_strong_blur_is_not_sharp() -> None:
    large = Image.fromarray(drawing()).resize((832, 480), Image.Resampling.NEAREST)
    blurred = np.asarray(large.filter(ImageFilter.GaussianBlur(8)))

    measured = check([blurred], frames=1, width=832, height=480, motion=False)

    assert failing(measured) == {Metric.SHARPNESS}


def test_nothing_decoded_is_a_failure_and_everything_else_not_measured() -> None:
    for measured in (undecodable("damaged", motion=True), tuple(check([]).values())):
        assert [each.metric for each in measured] == list(STRUCTURE)
        assert measured[0].value == 0.0
        assert all(each.value is None and each.reason for each in measured[1:])
