"""DINO, CLIP and the LAION head beside independent implementations, on seeded files of the upstream formats."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn.functional import gelu, normalize

from models.errors import NotMeasured
from tests.support.vit_files import (
    open_clip_tower,
    seeded,
    timm_dino,
    timm_dino_of,
    write_archive,
    write_clip,
    write_dino,
    write_head,
)
from workers.scoring.networks import clip_vit, dino_vitb16
from workers.scoring.networks.clip_vit import B32, L14, ClipVit
from workers.scoring.networks.dino_vitb16 import DinoVitB16
from workers.scoring.networks.laion_aesthetic import LaionAesthetic
from workers.scoring.networks.torch_device import choose_device, matmul_type, matmuls, set_threads, settled
from workers.scoring.networks.torchscript import read_tensors
from workers.scoring.networks.vision_transformer import VisionTransformer, VitShape

SMALL_DINO = VitShape(patch_px=16, width=128, depth=2)
SMALL_CLIP = VitShape(patch_px=32, width=128, depth=2, answer=64)
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Coarse coloured shapes under fine grain, so that every preparation step shows."""
    dice = np.random.default_rng(seed)
    coarse = cv2.resize(dice.integers(0, 256, (5, 7, 3), dtype=np.uint8), (width, height))
    return np.clip(coarse + dice.normal(0, 12, coarse.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("shape", [SMALL_DINO, dino_vitb16.SHAPE], ids=["small", "full size"])
def test_dino_answers_as_timm_does(tmp_path, shape):
    reference = seeded(timm_dino(shape))
    own = DinoVitB16(write_dino(tmp_path / "dino.pth", shape), shape, "cpu")
    shown = [picture(320, 320), picture(320, 320, seed=1)]

    found = [own.embed(frame) for frame in shown]
    with torch.inference_mode():
        wanted = [normalize(reference(dino_vitb16.prepare(frame, CPU)))[0].numpy() for frame in shown]

    assert found[0].shape == (shape.width,)
    assert found[0].dtype == np.float32
    assert np.abs(np.stack(found) - np.stack(wanted)).max() <= 1e-5
    assert np.abs(found[0] - found[1]).max() > 1e-3, "the weights must be such that pictures differ"


def test_dino_spreads_its_positions_over_a_wide_picture_as_its_authors_do(tmp_path):
    file = write_dino(tmp_path / "dino.pth", SMALL_DINO)
    reference = timm_dino_of(file, SMALL_DINO, rows=14, columns=24)
    wide = picture(360, 640)

    found = DinoVitB16(file, SMALL_DINO, "cpu").embed(wide)

    prepared = dino_vitb16.prepare(wide, CPU)
    assert prepared.shape == (1, 3, 224, 398)
    with torch.inference_mode():
        wanted = normalize(reference(prepared[..., :384]))[0].numpy()
    assert np.abs(found - wanted).max() <= 1e-5


def test_dino_sees_pictures_as_vbench_prepares_them():
    """Half-pixel bilinear samples without smoothing, rounded to levels, then the ImageNet scale."""
    frame = picture(720, 1280)

    prepared = dino_vitb16.prepare(frame, CPU)[0].permute(1, 2, 0).numpy()

    small = cv2.resize(frame.astype(np.float32), (398, 224), interpolation=cv2.INTER_LINEAR).round()
    wanted = (small / 255.0 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    level = 1 / 255.0 / 0.224
    assert np.abs(prepared - wanted).max() <= 1.05 * level, "a tie may round the other way"
    assert (np.abs(prepared - wanted) > 0.01 * level).mean() < 0.002


@pytest.mark.parametrize(
    ("shape", "kind"),
    [(SMALL_CLIP, torch.float16), (SMALL_CLIP, torch.float32), (B32, torch.float16)],
    ids=["small, half", "small, single", "full size, half"],
)
def test_clip_answers_as_open_clip_does(tmp_path, shape, kind):
    reference = seeded(open_clip_tower(shape)).to(kind).float()
    own = ClipVit("clip-vit-b32", write_clip(tmp_path / "ViT-B-32.pt", shape, kind=kind), shape, "cpu")
    shown = [picture(320, 320), picture(360, 640, seed=1)]

    found = [own.embed(frame) for frame in shown]
    with torch.inference_mode():
        wanted = [normalize(reference(clip_vit.prepare(frame)))[0].numpy() for frame in shown]

    assert found[0].shape == (shape.answer,)
    assert np.abs(np.stack(found) - np.stack(wanted)).max() <= 1e-5
    assert np.abs(found[0] - found[1]).max() > 1e-3


def test_the_large_clip_answers_as_open_clip_does_with_its_own_sizes_and_fewer_layers(tmp_path):
    shape = replace(L14, depth=3)
    reference = seeded(open_clip_tower(shape)).half().float()
    file = write_clip(tmp_path / "ViT-L-14.pt", shape)
    frame = picture(240, 320)

    found = ClipVit("clip-vit-l14", file, shape, "cpu").embed(frame)

    with torch.inference_mode():
        wanted = normalize(reference(clip_vit.prepare(frame)))[0].numpy()
    assert np.abs(found - wanted).max() <= 1e-5


@pytest.mark.parametrize(("shape", "known_as"), [(L14, "ViT-L-14"), (B32, "ViT-B-32")])
def test_both_clips_have_the_sizes_that_open_clip_knows_them_by(shape, known_as):
    import open_clip

    known = open_clip.get_model_config(known_as)
    sizes = {"patch_px": shape.patch_px, "width": shape.width, "depth": shape.depth, "side_px": shape.side_px}

    assert shape.answer == known["embed_dim"]
    assert sizes == {
        "patch_px": known["vision_cfg"]["patch_size"],
        "width": known["vision_cfg"]["width"],
        "depth": known["vision_cfg"]["layers"],
        "side_px": known["vision_cfg"]["image_size"],
    }


@pytest.mark.parametrize(("height", "width"), [(224, 224), (360, 640), (1080, 607), (100, 90)])
def test_clip_sees_pictures_as_open_clip_prepares_them(height, width):
    from open_clip.transform import image_transform

    frame = picture(height, width)
    mean, deviation = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
    reference = image_transform(224, is_train=False, mean=mean, std=deviation)

    assert torch.allclose(clip_vit.prepare(frame)[0], reference(Image.fromarray(frame)), atol=1e-6)


def test_the_aesthetic_head_is_a_weighted_sum_over_the_unit_vector(tmp_path):
    clip = ClipVit("clip-vit-l14", write_clip(tmp_path / "clip.pt", SMALL_CLIP), SMALL_CLIP, "cpu")
    weight = torch.zeros(1, 64)
    weight[0, :2] = torch.tensor([2.0, -3.0])
    torch.save({"weight": weight, "bias": torch.tensor([5.0])}, tmp_path / "head.pth")
    frame = picture(224, 224)

    rater = LaionAesthetic(clip, tmp_path / "head.pth", numbers=64)

    vector = clip.embed(frame)
    assert rater.rate(frame) == pytest.approx(5.0 + 2.0 * vector[0] - 3.0 * vector[1], abs=1e-6)
    assert rater.name == "clip-l14-laion"
    assert rater.sha256 not in (clip.sha256, "")
    assert rater.device == "cpu"


def test_another_head_or_another_trunk_is_another_network_by_its_hash(tmp_path):
    clips = [
        ClipVit("clip-vit-l14", write_clip(tmp_path / f"{seed}.pt", SMALL_CLIP, seed), SMALL_CLIP, "cpu")
        for seed in (0, 1)
    ]
    heads = [write_head(tmp_path / f"{seed}.pth", 64, seed) for seed in (0, 1)]

    hashes = {LaionAesthetic(clip, head, numbers=64).sha256 for clip in clips for head in heads}

    assert len(hashes) == 4


def test_tensors_of_an_archive_equal_what_torch_reads_and_views_come_out_whole(tmp_path):
    grid = torch.arange(12.0).reshape(3, 4)
    file = write_archive(tmp_path / "a.pt", {"visual": {"plain": grid, "turned": grid.T, "some.row": grid[1]}})

    found = read_tensors(file, "visual.")

    assert set(found) == {"plain", "turned", "some.row"}
    assert torch.equal(found["turned"].float(), grid.T)
    assert torch.equal(found["some.row"].float(), grid[1])
    assert found["plain"].dtype is torch.float16


class _Spiteful:
    """A pickle of this runs a command when a careless reader loads it."""

    def __reduce__(self):
        return print, ("gotcha",)


def _zipped(path, content):
    import pickle
    import zipfile

    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("clip/data.pkl", pickle.dumps(content, protocol=2))


BROKEN_CLIPS = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("not found"),
    "spiteful": lambda path: _zipped(path, _Spiteful()),
    "a list": lambda path: _zipped(path, [1, 2]),
    "another shape": lambda path: write_clip(path, VitShape(patch_px=16, width=128, depth=2, answer=64)),
    "too shallow": lambda path: write_clip(path, VitShape(patch_px=32, width=128, depth=1, answer=64)),
    "too deep": lambda path: write_clip(path, VitShape(patch_px=32, width=128, depth=3, answer=64)),
    "a state dict": lambda path: torch.save({"visual.proj": torch.zeros(2, 2)}, path),
}


@pytest.mark.parametrize("trouble", BROKEN_CLIPS)
def test_a_file_that_is_not_this_clip_is_refused_in_one_sentence(tmp_path, capsys, trouble):
    file = tmp_path / "ViT-B-32.pt"
    BROKEN_CLIPS[trouble](file)

    with pytest.raises(NotMeasured) as refusal:
        ClipVit("clip-vit-b32", file, SMALL_CLIP, "cpu")

    assert refusal.value.message.endswith(".")
    assert "farm networks pull" in refusal.value.hint
    assert capsys.readouterr().out == ""


def _dino_without(path, name):
    state = torch.load(write_dino(path, SMALL_DINO), weights_only=True)
    del state[name]
    torch.save(state, path)


BROKEN_DINOS = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("not found"),
    "spiteful": lambda path: torch.save({"norm.weight": _Spiteful()}, path),
    "a list": lambda path: torch.save([torch.zeros(2)], path),
    "no class token": lambda path: _dino_without(path, "cls_token"),
    "no layer": lambda path: _dino_without(path, "blocks.1.mlp.fc2.bias"),
    "too wide": lambda path: write_dino(path, VitShape(patch_px=16, width=192, depth=2)),
    "another patch": lambda path: write_dino(path, VitShape(patch_px=8, width=128, depth=2)),
    "a classifier": lambda path: torch.save(
        torch.load(write_dino(path, SMALL_DINO), weights_only=True) | {"head.weight": torch.zeros(9, 128)}, path
    ),
}


@pytest.mark.parametrize("trouble", BROKEN_DINOS)
def test_a_file_that_is_not_this_dino_is_refused_in_one_sentence(tmp_path, capsys, trouble):
    file = tmp_path / "dino.pth"
    BROKEN_DINOS[trouble](file)

    with pytest.raises(NotMeasured) as refusal:
        DinoVitB16(file, SMALL_DINO, "cpu")

    assert refusal.value.message.endswith(".")
    assert "farm networks pull dino-vitb16" in refusal.value.hint
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("state", [{}, {"weight": torch.zeros(1, 512), "bias": torch.zeros(1)}, [1, 2]])
def test_a_file_that_is_not_this_head_is_refused_in_one_sentence(tmp_path, state):
    clip = ClipVit("clip-vit-l14", write_clip(tmp_path / "clip.pt", SMALL_CLIP), SMALL_CLIP, "cpu")
    torch.save(state, tmp_path / "head.pth")

    with pytest.raises(NotMeasured, match=r"head.pth holds .*\."):
        LaionAesthetic(clip, tmp_path / "head.pth", numbers=64)


def test_half_precision_is_for_gpus_and_leaves_norms_and_answers_in_single():
    """Shown with the half type that a CPU has too; on CUDA the same switch is thrown by itself."""
    net = seeded(VisionTransformer(SMALL_DINO, gelu, eps=1e-6, patch_bias=True, norm_before=False))
    batch = dino_vitb16.prepare(picture(224, 224), CPU)
    with torch.inference_mode():
        exact = net(batch)
        halved = settled(net, CPU, torch.bfloat16)
        with matmuls(CPU, torch.bfloat16):
            rough = halved(batch)

    assert (matmul_type(CPU), matmul_type(torch.device("cuda"))) == (torch.float32, torch.float16)
    assert halved.layers[0].linear1.weight.dtype is torch.bfloat16
    assert halved.layers[0].norm1.weight.dtype is torch.float32
    assert rough.dtype is torch.float32
    assert float((exact * rough).sum()) > 0.999
    assert not torch.equal(exact, rough)


@pytest.mark.parametrize(
    ("wanted", "gpu", "found"),
    [
        (None, True, "cuda"),
        (None, False, "cpu"),
        ("cuda", True, "cuda"),
        ("cuda", False, "cpu"),
        ("cuda:1", True, "cuda:1"),
        ("cpu", True, "cpu"),
    ],
)
def test_a_network_runs_on_a_gpu_only_where_there_is_one(monkeypatch, wanted, gpu, found):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)

    assert str(choose_device(wanted)) == found


@pytest.fixture
def opencv_threads():
    before = cv2.getNumThreads()
    yield
    cv2.setNumThreads(before)


@pytest.mark.parametrize("count", [1, 2])
def test_opencv_keeps_to_the_threads_of_the_networks(opencv_threads, count):
    set_threads(count)

    assert (torch.get_num_threads(), cv2.getNumThreads()) == (count, count)
