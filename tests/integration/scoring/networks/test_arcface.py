"""ArcFace on files of the upstream format: parity with insightface, and what is damaged."""

from __future__ import annotations

import hashlib
import warnings
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from insightface.app import FaceAnalysis

from models.errors import NotMeasured
from models.metrics import Metric
from models.vocabulary import JobType
from tests.support import onnx_files
from tests.support.onnx_files import FACE_PX, picture
from workers.media.masters import MasterWriter
from workers.scoring.expectations import Expectations
from workers.scoring.networks import onnx_session
from workers.scoring.networks.arcface import ArcFace
from workers.scoring.networks.network import FaceNetwork
from workers.scoring.networks.shelf import Shelf
from workers.scoring.panel import Panel
from workers.scoring.profiles import SPEC

ARCFACE = "arcface-buffalo_l"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A networks folder with a zip of the upstream format and seeded weights."""
    made = tmp_path_factory.mktemp("networks")
    onnx_files.buffalo(made / "buffalo_l.zip")
    return made


@pytest.fixture(scope="module")
def arcface(folder):
    return ArcFace(folder / "buffalo_l.zip", "cpu")


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
def test_in_a_picture_too_small_or_thin_for_the_detector_there_is_no_face(arcface, shape):
    for thin in (np.zeros((*shape, 3), np.uint8), np.zeros((*shape[::-1], 3), np.uint8)):
        assert arcface.look(thin) == []


def test_a_vector_is_512_long_of_length_1_and_the_network_says_what_it_is(arcface, folder):
    (face,) = arcface.look(picture((1, 96, 96), side_px=FACE_PX))

    assert isinstance(arcface, FaceNetwork)
    assert face.vector.shape == (512,)
    assert face.vector.dtype == np.float32
    assert np.linalg.norm(face.vector) == pytest.approx(1.0, abs=1e-6)
    assert arcface.name == ARCFACE
    assert arcface.sha256 == hashlib.sha256((folder / "buffalo_l.zip").read_bytes()).hexdigest()


def test_the_device_is_the_one_that_really_runs_although_cuda_is_listed(folder, capfd, caplog):
    """The wheel lists CUDA as available on a machine without any; the session falls back without a word."""
    told = ArcFace(folder / "buffalo_l.zip", "cuda").device

    assert told == ("cuda" if torch.cuda.is_available() else "cpu")
    assert ("buffalo_l runs on the CPU" in caplog.text) is (told == "cpu")
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

    def session(model, options, providers):
        asked_for.extend(providers)
        return SimpleNamespace(get_providers=lambda: [name for name, _ in providers[:1]])

    monkeypatch.setattr(onnx_session.onnxruntime, "InferenceSession", session)

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


@pytest.mark.usefixtures("unsealed")
def test_the_shelf_loads_it_and_says_when_it_is_not_installed(folder, tmp_path):
    shelf = Shelf(folder, "cpu")

    assert shelf.faces(ARCFACE).name == ARCFACE
    with pytest.raises(NotMeasured, match="buffalo_l is not installed"):
        Shelf(tmp_path, "cpu").faces(ARCFACE)


def test_files_that_are_not_the_published_ones_are_never_loaded(folder):
    with pytest.raises(NotMeasured, match="buffalo_l cannot be used: damaged"):
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
