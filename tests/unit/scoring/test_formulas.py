"""The formulas, against numbers worked out by hand."""

from __future__ import annotations

import doctest

import cv2
import numpy as np
import pytest

from models.metrics import Mark, Metric
from models.vocabulary import Phase
from workers.media.structure import RECOMMENDED_LIMITS
from workers.scoring import diagnostics, metrics, profiles, shifts, shots
from workers.scoring.gauges import faces
from workers.scoring.gauges.aesthetic import aesthetic
from workers.scoring.shifts import ShiftFinder
from workers.scoring.standing import share_standing, standing

#: of the 39 threes among 41 frames
NOTHING_STANDS = np.zeros(39)


@pytest.mark.parametrize("module", [metrics, diagnostics, faces, shifts, shots])
def test_every_example_in_a_docstring_is_true(module):
    failed, tried = doctest.testmod(module, extraglobs={"np": np})

    assert tried > 0
    assert failed == 0


def test_one_bad_stretch_binds_lpips_by_its_p95_although_the_mean_is_good():
    distances = [0.05] * 90 + [0.4] * 10

    summary = metrics.lpips_summary(distances)

    assert summary.detail["mean"] <= 0.15
    assert summary.value == pytest.approx(0.4)
    assert summary.detail["binding"] == "p95"


@pytest.mark.parametrize("count", [*range(2, 130), 2880])
def test_a_clip_whose_every_step_is_the_mark_keeps_it_however_long_it_is(count):
    numbers = list(range(count))
    at_the_mark = {
        Metric.TEMPORAL_LPIPS: (0.15, metrics.lpips_summary([0.15] * count)),
        Metric.MOTION_SMOOTHNESS: (0.95, metrics.smoothness([12.75] * count)),
        Metric.SUBJECT_CONSISTENCY: (0.90, metrics.subject_summary(np.full(count, 0.90), numbers)),
        Metric.LUMA_FLICKER: (0.018, diagnostics._lower_is_better(np.full(count, 0.018), None)),
        Metric.AESTHETIC: (5.6, aesthetic([5.6] * count, numbers)),
    }

    failing = [
        m for m, (limit, told) in at_the_mark.items() if not Mark(metric=m, limit=limit).holds(told.value)
    ]

    assert failing == []


def test_a_vector_that_is_no_number_makes_no_number():
    broken = np.ones((3, 4))
    broken[1, 2] = np.nan

    assert np.isnan(metrics.subject_summary(metrics.subject_steps(broken), [1, 2]).value)
    assert np.isnan(metrics.scene_continuity(broken, 1).value)
    assert np.isnan(aesthetic([5.6, np.nan], [0, 1]).value)
    assert np.isnan(metrics.lpips_summary([0.1, np.nan]).value)


def test_a_steady_fade_does_not_flicker_and_an_alternating_gain_does():
    fade = np.linspace(0.2, 0.8, 48)
    flicker = np.where(np.arange(48) % 2, 0.515, 0.485)

    assert diagnostics.luma_flicker(fade).value < 1e-9
    by_night = diagnostics.luma_flicker(flicker / 4).value
    assert diagnostics.luma_flicker(flicker).value == pytest.approx(0.12, rel=0.02)
    assert by_night == pytest.approx(0.12, rel=0.02)


def test_a_steady_pan_does_not_shake_and_a_shaking_picture_does():
    to_and_fro = np.where(np.arange(40) % 2, 1.0, -1.0)[:, None, None]
    pan, shake = np.full((40, 12, 2), [0.8, 0.0]), to_and_fro * np.full((12, 2), [1.0, 0.0])

    assert diagnostics.jitter(pan, NOTHING_STANDS).value == 0.0
    assert diagnostics.jitter(shake, NOTHING_STANDS).value == pytest.approx(2.0)


def test_people_who_bounce_before_a_place_that_stands_shake_no_picture():
    to_and_fro = np.where(np.arange(40) % 2, 1.0, -1.0)[:, None, None]
    place = np.array([0.0] * 4 + [1.0] * 8)[:, None]

    assert diagnostics.jitter(to_and_fro * place * np.array([0.0, 1.0]), NOTHING_STANDS).value == 0.0


def test_people_who_fill_a_picture_but_for_a_corner_that_stands_shake_no_picture():
    to_and_fro = np.where(np.arange(40) % 2, 1.0, -1.0)[:, None, None] * np.full((12, 2), [0.0, 1.0])

    assert diagnostics.jitter(to_and_fro, np.full(39, 0.02)).value == 0.0


def test_what_has_no_texture_says_nothing_of_a_shake():
    to_and_fro = np.where(np.arange(40) % 2, 1.0, -1.0)[:, None, None]
    flat = np.array([np.nan] * 9 + [1.0] * 3)[:, None]

    shaken = to_and_fro * flat * np.array([0.0, 1.0])

    assert diagnostics.jitter(shaken, NOTHING_STANDS).value == pytest.approx(2.0)
    assert diagnostics.jitter(np.full((40, 12, 2), np.nan), NOTHING_STANDS).value == 0.0


@pytest.mark.parametrize("size", [(256, 455), (256, 341), (256, 256), (444, 256), (256, 614)], ids=str)
def test_a_picture_that_stands_still_does_not_move(size):
    picture = np.random.default_rng(5).random(size, dtype=np.float32)

    assert np.abs(ShiftFinder().shifts(picture, picture)).max() < 1e-6
    assert (standing(picture, picture) == 1.0).all()


@pytest.mark.parametrize("by", [(0, 1), (1, 0), (1, 1), (3, -2)], ids=str)
def test_nothing_of_a_picture_that_was_moved_stands(by):
    picture = cv2.GaussianBlur(np.random.default_rng(5).random((256, 341), dtype=np.float32), (0, 0), 3)

    assert np.nanmean(standing(picture, np.roll(picture, by, axis=(0, 1)))) < 0.01


def test_a_place_behind_somebody_who_moves_stands_and_one_without_corners_is_not_known_to():
    before = cv2.GaussianBlur(np.random.default_rng(5).random((256, 256), dtype=np.float32), (0, 0), 3)
    before[:, :64] = np.linspace(0, 1, 64)
    after = before.copy()
    after[:, 128:] = np.roll(before[:, 128:], 2, axis=0)

    stands = standing(before, after)

    assert np.nanmin(stands[:, 9:15]) == 1.0
    assert np.nanmean(stands[:, 17:]) < 0.01
    assert np.isnan(stands[:, :7]).all()
    assert share_standing(stands, stands) == np.nanmean(stands)


def test_shuffled_frames_are_out_of_order():
    place = np.arange(40.0)
    shuffled = place.reshape(10, 4)[:, [2, 0, 3, 1]].ravel()

    values = []
    for positions in (place, shuffled):
        steps = np.abs(np.diff(positions))
        skips = np.abs(positions[2:] - positions[:-2])
        values.append(diagnostics.frame_order(steps, skips).value)

    assert values[0] == 1.0
    assert values[1] < 0.57


def test_subject_consistency_agrees_with_the_published_formula():
    features = np.random.default_rng(3).normal(size=(7, 16)) + 1.0
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)

    expected = np.mean(
        [(max(0, unit[t] @ unit[t - 1]) + max(0, unit[t] @ unit[0])) / 2 for t in range(1, len(unit))]
    )

    summary = metrics.subject_summary(metrics.subject_steps(features), range(1, len(unit)))

    assert summary.value == pytest.approx(expected)


def test_the_worst_stretch_of_a_clip_decides_its_identity():
    similarities = np.array([0.9] * 18 + [0.1] * 2)

    summary = metrics.identity_summary(similarities, list(range(0, 40, 2)), 20, 20)

    assert summary.value < 0.2
    assert summary.detail["mean"] > 0.8
    assert summary.detail["worst_frame"] == 36


def test_a_long_curve_is_thinned_and_keeps_both_ends():
    thin = metrics.curve(np.arange(5000.0))

    assert len(thin) == metrics.CURVE_POINTS
    assert (thin[0], thin[-1]) == (0.0, 4999.0)


def test_two_characters_are_told_apart_by_the_best_total_not_by_the_best_first_guess():
    similarities = np.array([[0.9, 0.8], [0.85, 0.1]])

    assert faces.assign(similarities) == [(0, 1), (1, 0)]


@pytest.mark.parametrize("profile", profiles.BUILT_IN.values(), ids=list(profiles.BUILT_IN))
def test_every_profile_asks_for_the_structural_contract_with_its_own_limits(profile):
    for phase in Phase:
        limits = {mark.metric: mark.limit for mark in profile.marks[phase] if mark.metric.is_structural}
        expected = dict(RECOMMENDED_LIMITS)
        if phase is Phase.STILL:
            del expected[Metric.FPS], expected[Metric.FROZEN]

        assert limits == expected


def test_the_specifications_own_marks_stand_in_the_spec_profile():
    marks = {mark.metric: mark.limit for phase in Phase for mark in profiles.SPEC.marks[phase]}

    assert marks[Metric.FACE_SIMILARITY] == 0.70
    assert marks[Metric.AESTHETIC] == 5.5
    assert marks[Metric.STYLE_ADHERENCE] == 0.85
    assert marks[Metric.TEMPORAL_LPIPS] == 0.15
    assert marks[Metric.MOTION_SMOOTHNESS] == 0.95
    assert marks[Metric.SUBJECT_CONSISTENCY] == 0.90
    assert marks[Metric.SCENE_CONTINUITY] == 0.85
