"""ArcFace and CCIP on files of the upstream format: parity with insightface, and what is damaged."""

from __future__ import annotations

import hashlib
import warnings
import zipfile
from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from insightface.app import FaceAnalysis
from PIL import Image

from models.errors import NotMeasured
from models.metrics import Metric
from models.vocabulary import JobType
from tests import onnx_files
from tests.onnx_files import FACE_PX, PERSON_PX, picture
from workers.media.masters import MasterWriter
from workers.scoring import weights
from workers.scoring.expectations import Expectations
from workers.scoring.networks import onnx_session
from workers.scoring.networks.anime_person import AnimePerson, decode
from workers.scoring.networks.arcface import ArcFace
from workers.scoring.networks.ccip import B36, PRUNED, Ccip, prepared
from workers.scoring.networks.network import FaceNetwork
from workers.scoring.networks.shelf import Shelf
from workers.scoring.panel import Panel
from workers.scoring.profiles import SPEC

ARCFACE = "arcface-buffalo_l"
CCIP = "ccip-caformer-24-randaug-pruned"
CCIP_FILES = ("ccip", "ccip-metrics", "anime-person")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A networks folder with files of the upstream format and seeded weights."""
    made = tmp_path_factory.mktemp("networks")
    onnx_files.buffalo(made / "buffalo_l.zip")
    for entry, content in (
        ("ccip", onnx_files.features()),
        ("ccip-metrics", onnx_files.differences()),
        ("anime-person", onnx_files.person()),
    ):
        (made / weights.entry(entry).file).write_bytes(content)
    return made


@pytest.fixture(scope="module")
def arcface(folder):
    return ArcFace(folder / "buffalo_l.zip", "cpu")


@pytest.fixture(scope="module")
def ccip(folder):
    return ccip_of({name: folder / weights.entry(name).file for name in CCIP_FILES})


def ccip_of(files, variant=PRUNED):
    """CCIP over the files of these catalogue entries."""
    features, differences, person = (files[name] for name in CCIP_FILES)
    return Ccip(variant, features=features, differences=differences, person=person, device="cpu")


@pytest.fixture(scope="module")
def insightface(folder, tmp_path_factory):
    """insightface's own pipeline over the same two files."""
    unpacked = tmp_path_factory.mktemp("buffalo_l")
    with zipfile.ZipFile(folder / "buffalo_l.zip") as archive:
        for member in ("det_10g.onnx", "w600k_r50.onnx"):
            archive.extract(member, unpacked)
    analysis = FaceAnalysis(str(unpacked), providers=["CPUExecutionProvider"])
    analysis.prepare(0, det_thresh=0.6, det_size=(640, 640))

    def get(rgb):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            return analysis.get(rgb[..., ::-1].copy())

    return SimpleNamespace(get=get, similarity=analysis.models["recognition"].compute_sim)


def trio(width: int = 640, height: int = 480, scale: int = 1):
    people = [(1, 48, 96), (2, 240, 256), (3, 464, 64)]
    placed = [(seed, left * scale, top * scale) for seed, left, top in people]
    return picture(*placed, side_px=FACE_PX * scale, width=width, height=height)


@pytest.mark.parametrize("shape", [(640, 480, 1), (1280, 960, 2)])
def test_arcface_finds_and_knows_the_faces_that_insightface_finds_and_knows(arcface, insightface, shape):
    shown = trio(*shape)

    ours, theirs = arcface.look(shown), insightface.get(shown)

    assert len(ours) == len(theirs) == 3
    for own, other in zip(ours, theirs, strict=True):
        box = [
            own.x - own.width / 2,
            own.y - own.height / 2,
            own.x + own.width / 2,
            own.y + own.height / 2,
        ]
        assert box == pytest.approx(other.bbox, abs=1e-3)
        assert own.score == pytest.approx(float(other.det_score), abs=1e-6)
        assert np.abs(own.vector - other.normed_embedding).max() <= 1e-5


def test_the_likeness_of_two_faces_is_insightfaces_own(arcface, insightface):
    one, other = trio(), picture((2, 96, 96), (4, 400, 208), side_px=FACE_PX)
    ours = arcface.likeness(
        np.stack([face.vector for face in arcface.look(one)]),
        np.stack([face.vector for face in arcface.look(other)]),
    )

    theirs = [
        [insightface.similarity(a.embedding, b.embedding) for b in insightface.get(other)]
        for a in insightface.get(one)
    ]

    assert ours == pytest.approx(np.array(theirs), abs=1e-5)
    assert sorted(ours.ravel())[-1] > 0.99  # somebody is in both pictures
    assert sorted(ours.ravel())[-2] < 0.5


def test_several_pictures_are_embedded_in_one_batch_and_answer_as_one_by_one(arcface, monkeypatch):
    pictures = [trio(), picture(side_px=FACE_PX), picture((5, 96, 96), side_px=FACE_PX)]
    alone = [arcface.look(each) for each in pictures]
    runs = []
    ask = arcface._embedder.get_feat
    monkeypatch.setattr(arcface._embedder, "get_feat", lambda crops: runs.append(len(crops)) or ask(crops))

    together = arcface.look_at_all(pictures)

    assert runs == [4]
    assert [len(faces) for faces in together] == [3, 0, 1]
    for ours, theirs in zip(together, alone, strict=True):
        for one, other in zip(ours, theirs, strict=True):
            assert np.abs(one.vector - other.vector).max() <= 1e-6


def test_only_the_surest_faces_are_given_when_fewer_are_asked_for(arcface):
    assert len(arcface.look(trio(), most=2)) == 2
    assert arcface.look(picture(side_px=FACE_PX)) == []


@pytest.mark.parametrize("shape", [(1, 1), (1, 1000), (3, 5000)])
def test_in_a_picture_too_small_or_thin_for_the_detector_there_is_no_face(arcface, ccip, shape):
    for thin in (np.zeros((*shape, 3), np.uint8), np.zeros((*shape[::-1], 3), np.uint8)):
        assert arcface.look(thin) == ccip.look(thin) == []


def test_a_vector_is_512_long_of_length_1_and_the_network_says_what_it_is(arcface, folder):
    (face,) = arcface.look(picture((1, 96, 96), side_px=FACE_PX))

    assert isinstance(arcface, FaceNetwork)
    assert face.vector.shape == (512,)
    assert face.vector.dtype == np.float32
    assert np.linalg.norm(face.vector) == pytest.approx(1.0, abs=1e-6)
    assert arcface.name == ARCFACE
    assert arcface.sha256 == hashlib.sha256((folder / "buffalo_l.zip").read_bytes()).hexdigest()


def test_the_device_is_the_one_that_really_runs_although_cuda_is_listed(folder, capfd):
    """The wheel lists CUDA as available on a machine without any; the session falls back without a word."""
    told = ArcFace(folder / "buffalo_l.zip", "cuda").device

    assert told == ("cuda" if torch.cuda.is_available() else "cpu")
    capfd.readouterr()  # onnxruntime tells the terminal why


def test_a_session_uses_as_many_threads_as_torch(monkeypatch):
    monkeypatch.setattr(onnx_session.torch, "get_num_threads", lambda: 3)

    session = onnx_session.open_session(onnx_files.differences(), "ccip-metrics", "cpu")

    assert session.get_session_options().intra_op_num_threads == 3


@pytest.mark.parametrize(("asked", "number"), [(None, 0), ("cuda", 0), ("cuda:1", 1)])
def test_on_a_machine_with_a_gpu_cuda_is_asked_for_first_and_the_cpu_stays_behind_it(
    monkeypatch, asked, number
):
    monkeypatch.setattr(onnx_session.torch.cuda, "is_available", lambda: True)
    asked_for = []
    monkeypatch.setattr(
        onnx_session.onnxruntime,
        "InferenceSession",
        lambda model, options, providers: asked_for.extend(providers) or "session",
    )

    onnx_session.open_session(b"", "ccip", asked)

    (name, settings), last = asked_for
    assert (name, last) == ("CUDAExecutionProvider", "CPUExecutionProvider")
    assert settings["device_id"] == number


def test_memory_that_ran_out_is_told_as_that_and_not_as_a_damaged_file(monkeypatch):
    def crowded(*_, **__):
        raise RuntimeError("Failed to allocate memory for requested buffer of size 1048576")

    monkeypatch.setattr(onnx_session.onnxruntime, "InferenceSession", crowded)

    with pytest.raises(MemoryError):
        onnx_session.open_session(b"", "ccip", "cpu")


def _no_member(path):
    onnx_files.buffalo(path, det_10g=onnx_files.detector())


def _text(path):
    path.write_text("<html>not found</html>")


def _truncated(path):
    onnx_files.buffalo(path)
    path.write_bytes(path.read_bytes()[:-2000])


def _bit_turned(path):
    onnx_files.buffalo(path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(data))


def _no_onnx(path):
    onnx_files.buffalo(path, det_10g=b"hello", w600k_r50=b"hello")


def _swapped(path):
    onnx_files.buffalo(path, det_10g=onnx_files.embedder(), w600k_r50=onnx_files.detector())


def _empty(path):
    path.write_bytes(b"")


@pytest.mark.parametrize("make", [_no_member, _text, _truncated, _bit_turned, _no_onnx, _swapped, _empty])
def test_a_damaged_zip_is_told_in_one_sentence_with_what_to_do(tmp_path, make):
    path = tmp_path / "buffalo_l.zip"
    make(path)

    with pytest.raises(NotMeasured) as refused:
        ArcFace(path, "cpu")

    assert refused.value.message.startswith("The file of buffalo_l ")
    assert "\n" not in refused.value.message
    assert refused.value.hint == "Run `farm networks pull buffalo_l`."


def test_a_member_that_would_unpack_to_far_too_much_is_never_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("workers.scoring.networks.arcface._LARGEST_MEMBER", 1 << 20)
    path = onnx_files.buffalo(tmp_path / "buffalo_l.zip", det_10g=bytes(2 << 20), w600k_r50=b"")
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("it was unpacked"))

    with pytest.raises(NotMeasured, match=r"det_10g\.onnx of 2 MiB"):
        ArcFace(path, "cpu")


def test_members_are_found_in_a_folder_of_the_zip_too(tmp_path):
    path = onnx_files.buffalo(
        tmp_path / "nested.zip",
        **{"buffalo_l/det_10g": onnx_files.detector(), "buffalo_l/w600k_r50": onnx_files.embedder()},
    )

    assert len(ArcFace(path, "cpu").look(trio())) == 3


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


@pytest.fixture
def unsealed(monkeypatch):
    """The catalogue without its hashes: the files here have the upstream format, not the bytes."""
    sealed = weights.entry
    monkeypatch.setattr(weights, "entry", lambda name: replace(sealed(name), kept_sha256=None))


@pytest.mark.usefixtures("unsealed")
def test_the_shelf_loads_both_and_says_what_is_not_installed(folder, tmp_path):
    shelf = Shelf(folder, "cpu")

    assert shelf.faces(ARCFACE).name == ARCFACE
    assert shelf.faces(CCIP).name == CCIP
    with pytest.raises(NotMeasured, match="buffalo_l is not installed"):
        Shelf(tmp_path, "cpu").faces(ARCFACE)
    with pytest.raises(NotMeasured, match="ccip is not installed"):
        Shelf(tmp_path, "cpu").faces(CCIP)
    with pytest.raises(NotMeasured, match="ccip-caformer_b36-24 is not installed"):
        shelf.faces("ccip-caformer_b36-24")


def test_files_that_are_not_the_published_ones_are_never_loaded(folder):
    with pytest.raises(NotMeasured, match="buffalo_l is damaged"):
        Shelf(folder, "cpu").faces(ARCFACE)


@pytest.mark.usefixtures("unsealed")
def test_a_clip_in_which_somebody_turns_into_a_stranger_shows_it_in_p5_and_names_the_frame(folder, tmp_path):
    """Given two approved people, one is somebody else in two of sixteen frames: metric and box say so."""
    panel = Panel(folder, "cpu", threads=1)
    people = tuple(
        panel.build_identity_reference([picture((seed, 96, 96), side_px=FACE_PX)], ARCFACE).of(name)
        for seed, name in ((1, "aiko"), (2, "ren"))
    )
    with MasterWriter(tmp_path / "take", 8) as master:
        for number in range(16):
            who = 9 if number in (6, 7) else 2
            master.add(picture((1, 48 + 16 * number, 96), (who, 464 - 16 * number, 256), side_px=FACE_PX))
    expected = Expectations(
        phase=JobType.ANIMATION_LOOP.phase,
        job_type=JobType.ANIMATION_LOOP,
        frame_count=16,
        width=640,
        height=480,
        fps=8,
        expected=("aiko", "ren"),
        characters=people,
    )

    (told,) = panel.measure(master.path, expected, [(Metric.FACE_SIMILARITY, ARCFACE)])

    (mark,) = (m for m in SPEC.marks[expected.phase] if m.metric is Metric.FACE_SIMILARITY)
    assert told.value is not None
    assert not mark.holds(told.value)
    assert told.network == ARCFACE
    assert len(told.network_sha256) == 64
    assert told.detail["detection_rate"] == 1.0
    assert told.detail["median"] > 0.99
    assert told.detail["worst_frame"] in (6, 7)
    assert told.detail["characters"]["aiko"]["worst"] > 0.99
    assert told.detail["characters"]["ren"]["worst"] < 0.5
    left = 464 - 16 * told.detail["worst_frame"]
    assert told.detail["characters"]["ren"]["worst_box"] == {"x": left, "y": 256, "w": 80, "h": 80}
