"""The panel with its real networks on real takes: what passes, what is refused, what is not measured."""

from __future__ import annotations

import threading
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from celery.exceptions import SoftTimeLimitExceeded

from farm.settings import Settings
from models.errors import LeaseLost, NotMeasured, StepFailed
from models.metrics import CAUGHT_BY, Metric
from models.vocabulary import Defect, ErrorKind, JobType, Phase
from workers.media.masters import MasterWriter, write_still
from workers.renderers.toon.drawing import frames
from workers.renderers.toon.random_scenes import character, clip, picture
from workers.scoring import weights
from workers.scoring.expectations import Expectations
from workers.scoring.foreign_styles import greyscale
from workers.scoring.panel import Panel
from workers.scoring.profiles import EMBEDDED

if TYPE_CHECKING:
    from pathlib import Path

    from models.metrics import Measurement
    from models.recipe import Recipe


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """A folder with the embedded networks; LPIPS is taken from where `make networks` put it."""
    folder = tmp_path_factory.mktemp("networks")
    pulled = Settings().networks_dir
    if not (pulled / weights.entry("lpips-alex").file).is_file():
        pytest.skip("lpips-alex has not been pulled; run make networks")
    weights.pull(["lpips-alex", "transnetv2"], folder, way=weights.Way(from_folder=pulled))
    weights.pull(["efficientnet-lite0"], folder)
    return folder


@pytest.fixture(scope="module")
def panel(networks):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import lpips  # noqa: F401 - its own imports warn
    return Panel(networks, device="cpu", threads=1)


@pytest.fixture(scope="module")
def loop():
    return clip(2, JobType.ANIMATION_LOOP, length=16)


@pytest.fixture(scope="module")
def people(panel, loop):
    references = []
    for number in loop.characters:
        approved = [next(frames(picture((number,), "clip", 900 + n).recipe)) for n in range(4)]
        references.append(panel.build_identity_reference(approved).of(character(number, "clip").name))
    return tuple(references)


def written(folder: Path, recipe: Recipe) -> Path:
    if not recipe.job_type.is_motion:
        return write_still(folder / "take", next(frames(recipe)))
    with MasterWriter(folder / "take", recipe.fps) as master:
        for frame in frames(recipe):
            master.add(frame)
    return master.path


def wanted(phase: Phase) -> list[tuple[Metric, str]]:
    return [(mark.metric, mark.network) for mark in EMBEDDED.marks[phase]]


def failing(phase: Phase, found: list[Measurement]) -> set[Metric]:
    limits = {mark.metric: mark for mark in EMBEDDED.marks[phase]}
    return {m.metric for m in found if m.value is None or not limits[m.metric].holds(m.value)}


def test_a_good_loop_keeps_every_mark_and_every_number_names_its_network(panel, loop, people, tmp_path):
    master = written(tmp_path, loop.recipe)
    seen = []

    found = panel.measure(
        master,
        Expectations.of(loop.recipe, characters=people),
        wanted(Phase.LOOP),
        progress=lambda done, total: seen.append((done, total)),
    )

    assert failing(Phase.LOOP, found) == set()
    assert [(m.metric, m.network) for m in found] == wanted(Phase.LOOP)
    assert all(m.network_sha256 for m in found if m.network != "none")
    assert seen == [(n, 16) for n in range(1, 17)]


@pytest.mark.parametrize("defect", list(CAUGHT_BY))
def test_each_defect_is_refused_under_its_own_name(panel, loop, people, tmp_path, defect):
    bad = replace(loop.recipe, defect=defect)

    found = panel.measure(written(tmp_path, bad), Expectations.of(bad, characters=people), wanted(Phase.LOOP))

    assert CAUGHT_BY[defect] in failing(Phase.LOOP, found)


@pytest.mark.parametrize(("below", "is_measured"), [(None, False), (0.0, True)])
def test_a_fade_to_black_is_measured_where_the_profile_lets_it_pass(panel, loop, tmp_path, below, is_measured):
    drawn = list(frames(loop.recipe))
    with MasterWriter(tmp_path / "take", loop.recipe.fps) as master:
        for number, frame in enumerate(drawn):
            master.add((frame * (1 - number / (len(drawn) - 1))).astype(np.uint8))

    order = replace(Expectations.of(loop.recipe), blank_below=below)
    (found,) = panel.measure(master.path, order, [(Metric.TEMPORAL_LPIPS, "lpips-alex")])

    assert (found.value is not None) is is_measured
    assert is_measured or "blank" in found.reason


def test_a_still_of_somebody_else_is_refused_by_identity_and_measured_in_nothing_that_moves(
    panel, people, tmp_path
):
    stranger = picture((501,), "clip", 0).recipe

    found = panel.measure(
        written(tmp_path, stranger),
        Expectations.of(stranger, characters=people),
        [*wanted(Phase.STILL), (Metric.TEMPORAL_LPIPS, "lpips-alex")],
    )
    by_metric = {m.metric: m for m in found}

    assert Metric.IDENTITY in failing(Phase.STILL, found[:-1])
    assert by_metric[Metric.IDENTITY].value is not None
    assert by_metric[Metric.TEMPORAL_LPIPS].reason == "A still does not move."


def test_style_tells_the_shows_frames_from_the_same_frames_in_grey(panel, tmp_path):
    approved = [next(frames(picture((n,), "approved", 0).recipe)) for n in range(8)]
    style = panel.build_style_reference(approved)
    recipe = picture((77,), "other", 0).recipe
    frame = next(frames(recipe))

    values = []
    for name, drawn in (("own", frame), ("grey", greyscale(frame))):
        master = write_still(tmp_path / name, drawn)
        asked = [(Metric.STYLE_ADHERENCE, "toon-style")]
        values += [m.value for m in panel.measure(master, Expectations.of(recipe, style=style), asked)]

    assert values[0] >= 0.85
    assert values[1] < 0.5
    with pytest.raises(NotMeasured, match="8 reference frames, not 7"):
        panel.build_style_reference(approved[:7])


@pytest.mark.parametrize("content", [b"", b"not a picture at all" * 50, b"\x1aE\xdf\xa3 matroska, they said"])
def test_garbage_is_not_decodable_and_measures_nothing_else(panel, loop, tmp_path, content):
    (tmp_path / "take.mkv").write_bytes(content)

    found = panel.measure(tmp_path / "take.mkv", Expectations.of(loop.recipe), wanted(Phase.LOOP))

    assert found[0].metric is Metric.DECODABLE
    assert found[0].value == 0.0
    assert all(m.value is None and m.reason for m in found[1:])


def test_a_take_cut_short_is_not_decodable(panel, loop, tmp_path):
    master = written(tmp_path, loop.recipe)
    master.write_bytes(master.read_bytes()[: master.stat().st_size * 2 // 3])

    found = {m.metric: m for m in panel.measure(master, Expectations.of(loop.recipe), wanted(Phase.LOOP))}

    assert found[Metric.DECODABLE].value == 0.0 or found[Metric.FRAME_COUNT].value < 1.0


def test_without_weights_a_metric_is_not_measured_and_says_what_to_pull(loop, tmp_path):
    bare = Panel(tmp_path / "nothing", device="cpu")
    master = written(tmp_path, loop.recipe)

    found = {m.metric: m for m in bare.measure(master, Expectations.of(loop.recipe), wanted(Phase.LOOP))}

    assert found[Metric.TEMPORAL_LPIPS].value is None
    assert "lpips-alex is not installed" in found[Metric.TEMPORAL_LPIPS].reason
    assert found[Metric.LUMA_FLICKER].value is not None
    assert found[Metric.LUMA_FLICKER].detail["shots"] == "not looked for"


def test_a_take_with_a_cut_is_measured_inside_its_shots_unless_it_was_ordered_as_one(panel, tmp_path):
    here, there = (clip(number, JobType.FULL_VIDEO, length=10).recipe for number in (4, 9))
    with MasterWriter(tmp_path / "take", here.fps) as master:
        for frame in (*frames(here), *frames(there)):
            master.add(frame)
    asked = [(Metric.TEMPORAL_LPIPS, "lpips-alex"), (Metric.SUBJECT_CONSISTENCY, "efficientnet-lite0")]
    order = replace(Expectations.of(here), frame_count=20)

    inside, across = (panel.measure(master.path, replace(order, one_shot=one), asked) for one in (False, True))

    assert failing(Phase.VIDEO, inside) == set()
    assert [m.detail["cuts"] for m in inside] == [[10], [10]]
    assert failing(Phase.VIDEO, across) == {Metric.TEMPORAL_LPIPS}
    assert across[0].detail["binding"] == "cut"


def test_damaged_weights_make_no_number(networks, loop, tmp_path):
    file = weights.entry("lpips-alex").file
    data = bytearray((networks / file).read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / file).write_bytes(data)
    master = written(tmp_path, loop.recipe)

    asked = [(Metric.TEMPORAL_LPIPS, "lpips-alex")]
    (found,) = Panel(tmp_path, device="cpu").measure(master, Expectations.of(loop.recipe), asked)

    assert found.value is None
    assert "damaged" in found.reason


def test_a_time_limit_that_strikes_in_a_network_is_not_taken_for_its_crash(panel, loop, tmp_path, monkeypatch):
    def over(*_: object) -> None:
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(panel.shelf.pairs("lpips-alex"), "features", over)
    master = written(tmp_path, loop.recipe)

    with pytest.raises(SoftTimeLimitExceeded):
        panel.measure(master, Expectations.of(loop.recipe), [(Metric.TEMPORAL_LPIPS, "lpips-alex")])


def test_a_network_that_crashes_fails_the_step_instead_of_being_left_out(panel, loop, tmp_path, monkeypatch):
    def crash(*_: object) -> None:
        raise RuntimeError("a kernel went away")

    monkeypatch.setattr(panel.shelf.pairs("lpips-alex"), "features", crash)
    master = written(tmp_path, loop.recipe)

    with pytest.raises(StepFailed, match="a kernel went away") as failed:
        panel.measure(master, Expectations.of(loop.recipe), [(Metric.TEMPORAL_LPIPS, "lpips-alex")])

    assert failed.value.error_kind is ErrorKind.BUG


def test_scoring_stops_when_the_work_is_no_longer_ours(panel, loop, tmp_path):
    master = written(tmp_path, loop.recipe)
    answers = iter([True, True, True, False])

    with pytest.raises(LeaseLost):
        panel.measure(
            master, Expectations.of(loop.recipe), [(Metric.JITTER, "none")], alive=lambda: next(answers)
        )

    assert not any(thread.name == "read-ahead" for thread in threading.enumerate())


def test_reused_features_give_the_same_distance_as_the_lpips_package(panel, networks):
    import torch

    network = panel.shelf.pairs("lpips-alex")
    draw = np.random.default_rng(0)
    one = draw.integers(0, 256, (96, 128, 3), dtype=np.uint8)
    other = np.roll(one, 3, axis=1)
    tensors = [torch.from_numpy(p).permute(2, 0, 1)[None].float() / 127.5 - 1 for p in (one, other)]

    with torch.inference_mode():
        reference = float(network._net(*tensors))

    assert network.distance(network.features(one), network.features(other)) == pytest.approx(
        reference, abs=1e-5
    )


def test_a_held_frame_needs_no_second_pass(panel, loop, tmp_path, monkeypatch):
    network = panel.shelf.pairs("lpips-alex")
    passes = []
    really = network.features
    monkeypatch.setattr(network, "features", lambda frame: passes.append(1) or really(frame))
    pictures = list(frames(loop.recipe))[::4]
    with MasterWriter(tmp_path / "held", 24) as master:
        for picture_ in pictures:
            for _ in range(4):
                master.add(picture_)

    panel.measure(master.path, Expectations.of(loop.recipe), [(Metric.TEMPORAL_LPIPS, "lpips-alex")])

    assert len(passes) == len(pictures)


def test_continuity_needs_a_neighbour_and_prefers_the_same_scene(panel, tmp_path):
    here = clip(4, JobType.FULL_VIDEO, length=4)
    there = clip(9, JobType.FULL_VIDEO, length=4)
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    master = written(tmp_path / "a", here.recipe)
    same = written(tmp_path / "b", replace(here.recipe, seed=here.recipe.seed + 1))
    foreign = written(tmp_path / "c", there.recipe)
    asked = [(Metric.SCENE_CONTINUITY, "toon-scene")]

    alone, near, far = (
        panel.measure(master, Expectations.of(here.recipe, neighbours=paths), asked)[0]
        for paths in ((), (same,), (foreign,))
    )

    assert alone.value is None
    assert near.value > far.value


def test_a_reference_by_another_version_of_the_network_is_never_compared(panel, loop, people, tmp_path):
    stale = tuple(replace(person, sha256="0" * 64) for person in people)

    (found,) = panel.measure(
        written(tmp_path, loop.recipe),
        Expectations.of(loop.recipe, characters=stale),
        [(Metric.IDENTITY, "toon-id")],
    )

    assert found.value is None
    assert "another version" in found.reason


def test_every_defect_the_renderer_can_draw_has_a_metric_that_refuses_it():
    assert set(CAUGHT_BY) == set(Defect)
