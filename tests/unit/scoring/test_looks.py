"""Aesthetic, style and continuity by networks that look at whole pictures, on made-up networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from farm.explaining.scores import MarkedScore
from farm.explaining.sentences import explain
from models.metrics import Measurement, Metric
from models.vocabulary import JobType, Phase, ScoreStatus
from workers.scoring import metrics
from workers.scoring.expectations import Expectations
from workers.scoring.frames import Shrinker, of_height
from workers.scoring.gauges.aesthetic import AestheticGauge
from workers.scoring.gauges.continuity import ContinuityGauge, Neighbour, Side, sides_of
from workers.scoring.gauges.steadiness import SteadinessGauge
from workers.scoring.gauges.style import StyleGauge, build_style_reference
from workers.scoring.shots import Shots

RED, AMBER, GREEN = (200, 20, 20), (190, 140, 20), (20, 200, 20)


class Colours:
    """Embeds a picture as its mean colour: vectors far from length 1, as many networks answer."""

    name, sha256, device = "colours", "0" * 64, "cpu"

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale

    def embed(self, picture):
        return (picture.reshape(-1, 3).mean(axis=0) * self.scale).astype(np.float32)


class Brightness:
    """Rates a picture by its mean level; remembers what it was shown."""

    name, sha256, device = "brightness", "1" * 64, "cpu"

    def __init__(self) -> None:
        self.shown: list[tuple[int, ...]] = []

    def rate(self, picture):
        self.shown.append(picture.shape)
        return float(picture.mean()) / 25.5


def flat(colour, size=(300, 400)):
    return np.full((*size, 3), colour, dtype=np.uint8)


def seen(gauge, pictures):
    shrinker = Shrinker()
    for index, picture in enumerate(pictures):
        gauge.see(shrinker.take(index, picture))
    (found,) = gauge.finish(Shots())
    return found


def continuity(own, *beside):
    pictures = [Neighbour(side, flat(colour)) for side, colour in beside]
    gauge = ContinuityGauge(Colours(), lambda: pictures, expected=bool(beside))
    return seen(gauge, [flat(own), flat(GREEN)])


def cosine(one, other):
    return float(np.dot(one, other) / np.linalg.norm(one) / np.linalg.norm(other))


def test_continuity_is_vbenchs_formula_over_the_first_frames_in_the_order_of_the_cuts():
    found = continuity(AMBER, (Side.PREVIOUS, RED), (Side.NEXT, GREEN))

    first, second = cosine(AMBER, RED), (cosine(GREEN, AMBER) + cosine(GREEN, RED)) / 2
    assert found.value == pytest.approx((first + second) / 2, abs=1e-6)
    assert found.formula == "2"


def test_continuity_names_the_neighbour_that_is_least_alike():
    found = continuity(AMBER, (Side.PREVIOUS, RED), (Side.NEXT, GREEN))

    assert found.detail["worst_neighbour"] == "next cut"
    assert found.detail["neighbours"] == {
        "previous cut": pytest.approx(cosine(AMBER, RED), abs=1e-4),
        "next cut": pytest.approx(cosine(AMBER, GREEN), abs=1e-4),
    }
    assert found.detail["worst"] == min(found.detail["neighbours"].values())


@pytest.mark.parametrize("side", list(Side))
def test_with_one_neighbour_continuity_is_the_cosine_to_it(side):
    found = continuity(AMBER, (side, RED))

    assert found.value == pytest.approx(cosine(AMBER, RED), abs=1e-6)
    assert found.detail["worst_neighbour"] == side.value


def test_without_a_neighbour_continuity_is_not_measured():
    found = continuity(AMBER)

    assert found.value is None
    assert "No neighbouring cut" in found.reason
    assert found.lacks_company
    assert Measurement.from_json(found.to_json()).lacks_company


def test_a_neighbour_that_cannot_be_read_is_something_else_than_none():
    found = seen(ContinuityGauge(Colours(), list, expected=True), [flat(AMBER)])

    assert found.value is None
    assert "cannot be read" in found.reason
    assert not found.lacks_company


@pytest.mark.parametrize(
    ("count", "before", "sides"),
    [
        (2, None, ["previous cut", "next cut"]),
        (1, None, ["neighbouring cut"]),
        (1, 1, ["previous cut"]),
        (1, 0, ["next cut"]),
        (0, None, []),
    ],
)
def test_a_neighbour_is_called_by_where_it_stands(count, before, sides):
    expectations = Expectations(
        phase=Phase.VIDEO,
        job_type=JobType.FULL_VIDEO,
        frame_count=120,
        width=8,
        height=8,
        fps=24,
        neighbours=(Path("take"),) * count,
        neighbours_before=before,
    )

    assert list(sides_of(expectations)) == sides


def test_continuity_in_the_formula_file_equals_its_naive_form():
    frames = np.random.default_rng(3).normal(0.4, 1.0, (5, 16))

    naive = [
        (max(0.0, cosine(frames[t], frames[t - 1])) + max(0.0, cosine(frames[t], frames[0]))) / 2
        for t in range(1, 5)
    ]

    assert metrics.scene_continuity(frames, 2).value == pytest.approx(np.mean(naive), abs=1e-9)


@pytest.mark.parametrize("scale", [0.01, 1.0, 40.0])
def test_style_depends_on_the_direction_of_vectors_and_not_on_their_length(scale):
    network = Colours(scale)
    approved = [flat((180 + n, 40, 60)) for n in range(8)]
    reference = build_style_reference(network, approved)

    own = seen(StyleGauge(network, reference, frame_count=1), [flat((183, 40, 60))])
    foreign = seen(StyleGauge(network, reference, frame_count=1), [flat((40, 60, 180))])

    assert np.linalg.norm(reference.centroid) == pytest.approx(1.0, abs=1e-6)
    assert own.value > 0.95
    assert foreign.value == 0.0
    assert own.value == pytest.approx(
        seen(
            StyleGauge(Colours(), build_style_reference(Colours(), approved), frame_count=1),
            [flat((183, 40, 60))],
        ).value,
        abs=1e-5,
    )


def own_style():
    return build_style_reference(Colours(), [flat((180 + n, 40, 60)) for n in range(8)])


def moving(colour, index):
    """A picture of this colour that is no held frame after another index, with a band that moves."""
    picture = flat(colour, (30, 40))
    picture[index % 30] += 20
    return picture


def told(found):
    limit = 0.85
    status = ScoreStatus.PASS if found.value >= limit else ScoreStatus.FAIL
    score = MarkedScore(
        metric=found.metric, value=found.value, mark=limit, status=status, detail=dict(found.detail)
    )
    return explain(score)


def test_a_clip_that_turns_into_another_style_at_frame_60_fails_and_says_where():
    clip = [moving((183, 40, 60) if n < 60 else (40, 60, 180 - n), n) for n in range(120)]

    found = seen(StyleGauge(Colours(), own_style(), frame_count=120), clip)

    assert found.formula == "2"
    assert found.detail["curve_frames"] == list(range(0, 120, 15))
    assert min(found.detail["curve"][:4]) > 0.95
    assert found.detail["curve"][4:] == [0.0] * 4
    assert found.value == found.detail["p5"] == found.detail["worst"] == 0.0
    assert found.detail["worst_frame"] >= 60
    assert told(found) == (
        f"the picture is not in the show's style, least in frame {found.detail['worst_frame']} "
        "(p5 0, needed 0.85)"
    )


def test_one_sampled_frame_of_another_style_is_not_averaged_away():
    clip = [moving((40, 60, 180) if 58 <= n < 62 else (183, 40, 60), n) for n in range(120)]

    found = seen(StyleGauge(Colours(), own_style(), frame_count=120), clip)

    assert found.detail["worst_frame"] == 60
    assert found.detail["mean"] > 0.8
    assert found.value < 0.5


def test_a_clip_that_keeps_its_style_passes():
    clip = [moving((183, 40, 60), n) for n in range(120)]

    found = seen(StyleGauge(Colours(), own_style(), frame_count=120), clip)

    assert found.value > 0.95
    assert told(found) == ""


def test_the_style_of_a_still_is_that_of_its_only_frame():
    style, picture = own_style(), flat((150, 70, 90))

    found = seen(StyleGauge(Colours(), style, frame_count=1), [picture])

    vector, centre = metrics.normalised(Colours().embed(picture)), metrics.normalised(style.centroid)
    near = float(vector @ centre)
    assert found.value == metrics.style_adherence(near, mu_pos=style.mu_pos, mu_neg=style.mu_neg)
    assert 0.0 < found.value < 0.85
    assert found.detail["cosine"] == pytest.approx(near, abs=1e-4)
    assert found.detail["curve_frames"] == [0]
    assert told(found) == f"the picture is not in the show's style ({found.value:.3g}, needed 0.85)"


def test_a_clip_is_rated_on_a_few_distinct_frames_as_decoded_and_its_worst_is_named():
    network = Brightness()
    levels = [100, 100, 150, 150, 30, 30, 200, 200]

    found = seen(AestheticGauge(network, frame_count=8, samples=4), [flat((n, n, n)) for n in levels])

    assert network.shown == [(300, 400, 3)] * 4
    assert found.value == pytest.approx(120 / 25.5)
    assert found.detail["worst_frame"] == 4
    assert found.detail["curve"] == [pytest.approx(n / 25.5, abs=1e-4) for n in (100, 150, 30, 200)]
    assert found.detail["curve_frames"] == [0, 2, 4, 6]
    assert found.detail["p5"] == pytest.approx(np.percentile([100, 150, 30, 200], 5) / 25.5, abs=1e-4)


def test_a_still_is_rated_once():
    network = Brightness()

    found = seen(AestheticGauge(network, frame_count=1), [flat((51, 51, 51))])

    assert len(network.shown) == 1
    assert found.value == pytest.approx(2.0)
    assert found.network == "brightness"


def test_where_only_colours_change_nothing_tells_the_order_of_the_frames():
    shrinker, gauge = Shrinker(), SteadinessGauge()
    for index in range(6):
        # Two colours of one luma.
        colour = (100, 0, 30) if index % 2 else (0, 51, 30)
        gauge.see(shrinker.take(index, np.full((64, 64, 3), colour, np.uint8)))

    found = {m.metric: m for m in gauge.finish(Shots())}

    assert found[Metric.FRAME_ORDER].value is None
    assert "brightness" in found[Metric.FRAME_ORDER].reason
    assert found[Metric.LUMA_FLICKER].value == 0.0


@pytest.mark.parametrize(
    ("size", "small"),
    [
        ((832, 480), (444, 256)),
        ((480, 832), (148, 256)),
        ((512, 768), (171, 256)),
        ((512, 512), (256, 256)),
        ((1152, 480), (614, 256)),
        ((16, 512), (64, 2048)),
    ],
)
def test_pictures_of_every_shape_are_looked_at_in_one_scale(size, small):
    width, height = size

    shown = of_height(np.zeros((height, width, 3), np.uint8), 256)

    assert shown.shape == (small[1], small[0], 3)
