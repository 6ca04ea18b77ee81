"""CCIP and its person detector on files of the upstream format: arithmetic, boxes, and what is damaged."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image

from models.errors import NotMeasured
from tests.support import onnx_files
from tests.support.onnx_files import PERSON_PX, picture
from workers.scoring import weights
from workers.scoring.networks.anime_person import AnimePerson, decode
from workers.scoring.networks.ccip import B36, PRUNED, Ccip, prepared
from workers.scoring.networks.network import FaceNetwork
from workers.scoring.networks.shelf import Shelf

CCIP = "ccip-caformer-24-randaug-pruned"
CCIP_FILES = ("ccip", "ccip-metrics", "anime-person")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A networks folder with files of the upstream format and seeded weights."""
    made = tmp_path_factory.mktemp("networks")
    for entry, content in (
        ("ccip", onnx_files.features()),
        ("ccip-metrics", onnx_files.differences()),
        ("anime-person", onnx_files.person()),
    ):
        (made / weights.entry(entry).file).write_bytes(content)
    return made


@pytest.fixture(scope="module")
def ccip(folder):
    return ccip_of({name: folder / weights.entry(name).file for name in CCIP_FILES})


def ccip_of(files, variant=PRUNED):
    """CCIP over the files of these catalogue entries."""
    features, differences, person = (files[name] for name in CCIP_FILES)
    return Ccip(variant, features=features, differences=differences, person=person, device="cpu")


def naive_description(crop, matrix):
    """CCIP's way written out: stretched by Pillow, scaled, normalised, and the seeded network by hand."""
    square = np.array(Image.fromarray(crop).resize((384, 384), resample=Image.BILINEAR))
    data = square.transpose(2, 0, 1).astype(np.float64) / 255.0
    mean = np.array([0.48145466, 0.4578275, 0.40821073])[:, None, None]
    deviation = np.array([0.26862954, 0.26130258, 0.27577711])[:, None, None]
    cells = ((data - mean) / deviation).reshape(3, 12, 32, 12, 32).mean(axis=(2, 4))
    return cells.ravel() @ matrix


def seeded_matrix():
    matrix = np.random.default_rng(9).normal(0, 0.1, (3, 144, 768))
    return (matrix - matrix.mean(axis=1, keepdims=True)).reshape(432, 768)


def test_ccip_describes_and_compares_as_its_authors_do(ccip):
    """Written out naively: features of each crop, then half of 1 minus the cosine of each pair."""
    random = np.random.default_rng(3)
    crops = [random.integers(0, 256, shape, np.uint8) for shape in ((90, 60, 3), (500, 400, 3), (384, 384, 3))]

    vectors = ccip.describe(crops)
    similarity = ccip.likeness(vectors[:2], vectors)

    raw = np.stack([naive_description(crop, seeded_matrix()) for crop in crops])
    unit = raw / np.linalg.norm(raw, axis=1, keepdims=True)
    assert np.abs(vectors - unit).max() <= 1e-5
    expected = 1 - np.clip(0.5 * (1 - unit[:2] @ unit.T), 0, 1)
    assert np.abs(similarity - expected).max() <= 1e-5
    assert similarity.shape == (2, 3)
    assert np.diag(similarity) == pytest.approx(1.0, abs=1e-6)


def test_a_crop_is_prepared_in_the_order_and_scale_that_ccip_learnt():
    black = prepared(np.zeros((10, 20, 3), np.uint8))

    assert black.shape == (3, 384, 384)
    assert black.dtype == np.float32
    assert black[:, 0, 0] == pytest.approx([-1.7922626, -1.7520971, -1.4802198], abs=1e-5)


def test_ccip_knows_everybody_of_a_picture_again_in_another(ccip):
    one = picture((1, 64, 128), (2, 384, 128), side_px=PERSON_PX, height=640)
    other = picture((2, 64, 320), (3, 384, 320), (1, 64, 96), side_px=PERSON_PX, height=640)

    here, there = ccip.look(one), ccip.look(other)
    similarity = ccip.likeness(np.stack([f.vector for f in here]), np.stack([f.vector for f in there]))

    assert isinstance(ccip, FaceNetwork)
    assert (len(here), len(there)) == (2, 3)
    assert sorted((similarity > 0.8215).sum(axis=1)) == [1, 1]
    assert ccip.device == "cpu"
    assert len(ccip.sha256) == 64
    assert ccip.name == CCIP


def test_each_variant_of_ccip_has_its_own_name_mark_and_hash(folder, ccip, tmp_path):
    files = {name: folder / weights.entry(name).file for name in CCIP_FILES}
    files["ccip"] = tmp_path / "b36"
    files["ccip"].write_bytes(onnx_files.features(seed=10))

    larger = ccip_of(files, B36)

    assert (larger.name, larger.outlier) == ("ccip-caformer_b36-24", pytest.approx(1 - 0.2132))
    assert ccip.outlier == pytest.approx(0.8215)
    assert larger.sha256 != ccip.sha256


def test_the_person_detector_finds_people_where_they_are_whatever_the_pictures_shape(folder):
    detector = AnimePerson(folder / weights.entry("anime-person").file, "cpu")
    square = picture((1, 64, 128), (2, 384, 352), side_px=PERSON_PX, height=640)
    wide = cv2.resize(square, (1280, 320), interpolation=cv2.INTER_NEAREST)

    found = detector.find(wide)

    boxes = sorted((person.left, person.top, person.right, person.bottom) for person in found)
    assert boxes == [(128, 64, 448, 144), (768, 176, 1088, 256)]
    assert all(0.3 < person.score <= 1 for person in found)


def test_a_detector_of_another_kind_is_refused_instead_of_misread(tmp_path):
    """A detector that has suppressed overlaps itself answers rows of six numbers, not columns of boxes."""
    path = tmp_path / "person"
    path.write_bytes(onnx_files.person(answers="rows"))

    with pytest.raises(NotMeasured, match=r"holds another network: it answers \(8400, 5\)"):
        AnimePerson(path, "cpu")


def answer(*rows):
    """A YOLO answer `(5, N)` of rows centre x, centre y, width, height, score."""
    return np.array(rows, np.float32).T


def test_overlapping_boxes_become_one_and_unsure_ones_none():
    rows = [
        (100, 100, 80, 80, 0.6),
        (104, 100, 80, 80, 0.9),  # the same person, surer
        (300, 300, 50, 200, 0.5),
        (500, 500, 50, 50, 0.29),
    ]

    people = decode(answer(*rows), width=640, height=640)

    assert [(p.left, p.top, p.right, p.bottom) for p in people] == [(64, 60, 144, 140), (275, 200, 325, 400)]
    assert [p.score for p in people] == pytest.approx([0.9, 0.5])


def test_boxes_are_scaled_to_the_picture_and_cut_at_its_edge():
    people = decode(answer((10, 320, 100, 640, 0.8)), width=1280, height=320)

    assert [(p.left, p.top, p.right, p.bottom) for p in people] == [(0, 0, 120, 320)]
    assert decode(answer((0, 0, 0, 0, 0.0)), width=10, height=10) == []


def test_of_several_classes_the_surest_counts():
    rows = np.array([[100], [100], [40], [40], [0.1], [0.7]], np.float32)

    assert [p.score for p in decode(rows, width=640, height=640)] == pytest.approx([0.7])


@pytest.mark.parametrize("entry", CCIP_FILES)
def test_each_file_of_ccip_names_itself_when_it_is_damaged(folder, tmp_path, entry):
    files = {}
    for name in CCIP_FILES:
        files[name] = tmp_path / name
        files[name].write_bytes((folder / weights.entry(name).file).read_bytes())
    files[entry].write_bytes(files[entry].read_bytes()[:100])

    with pytest.raises(NotMeasured, match=f"The file of {entry} is damaged"):
        ccip_of(files)


def test_features_of_another_network_are_refused_when_they_are_loaded(folder, tmp_path):
    files = {name: folder / weights.entry(name).file for name in CCIP_FILES}
    files["ccip"] = tmp_path / "features"
    files["ccip"].write_bytes(onnx_files.features(numbers=512))

    with pytest.raises(NotMeasured, match="holds another network"):
        ccip_of(files)


@pytest.mark.usefixtures("unsealed")
def test_the_shelf_loads_each_variant_and_says_which_file_is_not_installed(folder, tmp_path):
    shelf = Shelf(folder, "cpu")

    assert shelf.faces(CCIP).name == CCIP
    with pytest.raises(NotMeasured, match="ccip is not installed"):
        Shelf(tmp_path, "cpu").faces(CCIP)
    with pytest.raises(NotMeasured, match="ccip-caformer_b36-24 is not installed"):
        shelf.faces("ccip-caformer_b36-24")


@pytest.mark.parametrize("shape", [(1, 1), (1, 1000), (5000, 3)])
def test_in_the_smallest_and_thinnest_picture_there_is_nobody(ccip, shape):
    assert ccip.look(np.zeros((*shape, 3), np.uint8)) == []
