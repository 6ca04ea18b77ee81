"""The `spec` profile's transformers in the panel, on small seeded files of the upstream formats."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import cosine_similarity, normalize
from torchvision.transforms import Compose, Lambda, Normalize, Resize

from models.disk import sha256_of
from models.metrics import Metric
from models.vocabulary import JobType, Phase
from tests.support.vit_files import timm_dino, write_amt, write_clip, write_dino, write_head
from workers.media.masters import MasterWriter, write_still
from workers.renderers.toon.drawing import frames
from workers.renderers.toon.random_scenes import clip, picture
from workers.scoring import weights
from workers.scoring.expectations import Expectations
from workers.scoring.networks import clip_vit, dino_vitb16
from workers.scoring.networks.vision_transformer import VitShape
from workers.scoring.panel import Panel
from workers.scoring.profiles import SPEC

SMALL_DINO = VitShape(patch_px=16, width=128, depth=2)
SMALL_CLIP = VitShape(patch_px=32, width=128, depth=2, answer=64)


@pytest.fixture
def spec_panel(tmp_path, monkeypatch):
    """A panel whose networks folder holds small seeded files, with their hashes in the catalogue."""
    monkeypatch.setattr(dino_vitb16, "SHAPE", SMALL_DINO)
    monkeypatch.setattr(clip_vit, "B32", SMALL_CLIP)
    monkeypatch.setattr(clip_vit, "L14", replace(SMALL_CLIP, patch_px=14, answer=768))
    folder = tmp_path / "networks"
    folder.mkdir()
    written = {
        "dino-vitb16": write_dino(folder / weights.entry("dino-vitb16").file, SMALL_DINO),
        "clip-vit-b32": write_clip(folder / weights.entry("clip-vit-b32").file, SMALL_CLIP),
        "clip-vit-l14": write_clip(folder / weights.entry("clip-vit-l14").file, clip_vit.L14),
        "laion-aesthetic": write_head(folder / weights.entry("laion-aesthetic").file),
        "amt-s": write_amt(folder / weights.entry("amt-s").file),
    }
    known = {
        name: replace(weights.entry(name), sha256=digest, kept_sha256=digest)
        for name, digest in ((name, sha256_of(path)) for name, path in written.items())
    }
    honest = weights.entry
    monkeypatch.setattr(weights, "entry", lambda name: known.get(name) or honest(name))
    return Panel(folder, device="cpu", threads=1)


def take(folder, recipe):
    folder.mkdir()
    if not recipe.job_type.is_motion:
        return write_still(folder / "take", next(frames(recipe)))
    with MasterWriter(folder / "take", recipe.fps) as master:
        for frame in frames(recipe):
            master.add(frame)
    return master.path


def expected(recipe, **more):
    return Expectations(
        phase=recipe.job_type.phase,
        job_type=recipe.job_type,
        frame_count=recipe.frame_count,
        width=recipe.width,
        height=recipe.height,
        fps=recipe.fps,
        **more,
    )


def wanted(phase):
    return [(mark.metric, mark.network) for mark in SPEC.marks[phase]]


def test_the_spec_profile_measures_a_video_with_dino_and_clip(spec_panel, tmp_path):
    here = clip(4, JobType.FULL_VIDEO, length=5).recipe
    beside = tuple(take(tmp_path / f"{n}", replace(here, seed=here.seed + n)) for n in (1, 2))

    found = {
        m.metric: m
        for m in spec_panel.measure(
            take(tmp_path / "own", here), expected(here, neighbours=beside), wanted(Phase.VIDEO)
        )
    }

    subject, scene = found[Metric.SUBJECT_CONSISTENCY], found[Metric.SCENE_CONTINUITY]
    assert 0.0 < subject.value <= 1.0
    assert (subject.network, len(subject.network_sha256)) == ("dino-vitb16", 64)
    assert 0.0 < scene.value <= 1.0
    assert scene.network == "clip-vit-b32"
    assert scene.detail["worst_neighbour"] in ("previous cut", "next cut")


def vbench_subject_consistency(network, images):
    """VBench's steps for one clip `(T, 3, H, W)` uint8, written out: each frame by itself, in a loop."""
    images = Compose(
        [
            Resize(size=224, antialias=False),
            Lambda(lambda x: x.float().div(255.0)),
            Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    )(images)
    total, first, former = 0.0, None, None
    for image in images:
        with torch.no_grad():
            features = normalize(network(image[None]), dim=-1, p=2)
        if first is None:
            first = features
        else:
            before = max(0.0, cosine_similarity(former, features).item())
            start = max(0.0, cosine_similarity(first, features).item())
            total += (before + start) / 2
        former = features
    return total / (len(images) - 1)


def test_subject_consistency_equals_vbenchs_own_steps_on_the_frames_as_decoded(spec_panel, tmp_path):
    moving = clip(4, JobType.FULL_VIDEO, length=8).recipe
    here = replace(moving, width=360, height=360)
    reference = timm_dino(SMALL_DINO)
    file = tmp_path / "networks" / weights.entry("dino-vitb16").file
    reference.load_state_dict(torch.load(file, weights_only=True), assign=True)
    drawn = torch.from_numpy(np.stack(list(frames(here)))).permute(0, 3, 1, 2)

    asked = [(Metric.SUBJECT_CONSISTENCY, "dino-vitb16")]
    (found,) = spec_panel.measure(take(tmp_path / "own", here), expected(here), asked)

    assert found.value == pytest.approx(vbench_subject_consistency(reference.eval(), drawn), abs=1e-5)
    assert found.value < 0.9999, "the frames must be such that they differ"


def test_the_spec_profile_measures_a_still_with_clip_and_the_laion_head(spec_panel, tmp_path):
    approved = [next(frames(picture((n,), "approved", 0).recipe)) for n in range(8)]
    style = spec_panel.build_style_reference(approved, "clip-vit-b32")
    still = picture((77,), "other", 0).recipe

    found = {
        m.metric: m
        for m in spec_panel.measure(
            take(tmp_path / "own", still), expected(still, style=style), wanted(Phase.STILL)
        )
    }

    assert found[Metric.AESTHETIC].network == "clip-l14-laion"
    assert np.isfinite(found[Metric.AESTHETIC].value)
    assert found[Metric.STYLE_ADHERENCE].network == "clip-vit-b32"
    assert 0.0 <= found[Metric.STYLE_ADHERENCE].value <= 1.0


def test_a_moving_take_is_rated_too_when_a_project_asks_for_it(spec_panel, tmp_path):
    here = clip(4, JobType.ANIMATION_LOOP, length=5).recipe

    asked = [(Metric.AESTHETIC, "clip-l14-laion")]
    (found,) = spec_panel.measure(take(tmp_path / "own", here), expected(here), asked)

    assert found.detail["mean"] == pytest.approx(found.value, abs=1e-4)
    assert len(found.detail["curve"]) == found.detail["frames_looked_at"] > 1


def test_smoothness_is_measured_by_amt_where_a_profile_asks_for_it(spec_panel, tmp_path):
    here = clip(4, JobType.ANIMATION_LOOP, length=8).recipe

    asked = [(Metric.MOTION_SMOOTHNESS, "amt-s"), (Metric.MOTION_SMOOTHNESS, "dis-flow")]
    by_amt, by_flow = spec_panel.measure(take(tmp_path / "own", here), expected(here), asked)

    assert (by_amt.network, by_flow.network) == ("amt-s", "dis-flow")
    assert 0.0 < by_amt.value < by_flow.value, "weights that learnt nothing foretell worse than flow"


def test_a_file_with_another_hash_than_the_catalogues_measures_nothing(spec_panel, tmp_path, monkeypatch):
    here = clip(4, JobType.FULL_VIDEO, length=4).recipe
    wrong = replace(weights.entry("dino-vitb16"), kept_sha256="0" * 64)
    known = weights.entry
    monkeypatch.setattr(weights, "entry", lambda name: wrong if name == "dino-vitb16" else known(name))

    asked = [(Metric.SUBJECT_CONSISTENCY, "dino-vitb16")]
    (found,) = spec_panel.measure(take(tmp_path / "own", here), expected(here), asked)

    assert found.value is None
    assert "damaged" in found.reason


@pytest.mark.parametrize("metric", [Metric.SUBJECT_CONSISTENCY, Metric.SCENE_CONTINUITY, Metric.AESTHETIC])
def test_without_the_files_nothing_is_measured_and_the_missing_one_is_named(tmp_path, metric):
    here = clip(4, JobType.FULL_VIDEO, length=4).recipe
    networks = {metric: network for marks in SPEC.marks.values() for metric, network in named(marks)}

    asked = [(metric, networks[metric])]
    (found,) = Panel(tmp_path / "none", device="cpu").measure(take(tmp_path / "t", here), expected(here), asked)

    assert found.value is None
    assert "is not installed" in found.reason


def named(marks):
    return [(mark.metric, mark.network) for mark in marks]
