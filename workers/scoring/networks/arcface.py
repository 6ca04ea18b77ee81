"""ArcFace of InsightFace's `buffalo_l`: finds faces with SCRFD and makes 512 numbers of who each one is.

Detector, alignment and embedding are insightface's own; what differs from its `FaceAnalysis.get` is that all
faces of a picture, and of several pictures, are embedded in one batch. It learnt photographs, not drawings: how
often it finds a face at all is told beside every number.
"""

from __future__ import annotations

import io
import warnings
import zipfile
import zlib
from typing import TYPE_CHECKING

import numpy as np
from insightface.model_zoo.arcface_onnx import ArcFaceONNX
from insightface.model_zoo.scrfd import SCRFD
from insightface.utils import face_align

from models.disk import sha256_of
from models.errors import NotMeasured
from workers.scoring import metrics
from workers.scoring.networks.network import Directions, Face
from workers.scoring.networks.onnx_session import (
    device_of,
    open_session,
    require_shapes,
    translated_memory_errors,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]
    Floats = NDArray[np.float32]

NAME = "arcface-buffalo_l"
_ENTRY = "buffalo_l"
_DETECTOR, _EMBEDDER = "det_10g.onnx", "w600k_r50.onnx"
#: the published members have 17 and 174 MB; anything much larger is something else
_LARGEST_MEMBER = 512 << 20
#: the side of the square that a picture is fitted into to look for faces
DETECTOR_PX = 640
#: below this the detector is guessing
MIN_SCORE = 0.6
#: side of the aligned face that is embedded
FACE_PX = 112
NUMBERS = 512
_MOST_FACES = 6
#: pictures looked at together on a GPU, which is idle while one face is embedded; a CPU gains nothing
_GPU_BATCH = 8


class ArcFace(Directions):
    """Vectors of faces; the cosine of two says how surely they are one person."""

    name = NAME
    #: two faces with a lower cosine are strangers even to the most forgiving use of this network, which accepts
    #: somebody from 0.28 to 0.4 upwards; the mark of a take is far above it
    outlier = 0.28

    def __init__(self, file: Path, device: str | None = None) -> None:
        """`file` is `buffalo_l.zip` as published; two of its five members are read.

        Raises:
            NotMeasured: the file is damaged, is no zip, or lacks a member.
        """
        detector, embedder = _members(file)
        self._detector = _detector(detector, device)
        self._embedder = _embedder(embedder, device)
        self.sha256 = sha256_of(file)
        self.device = device_of(self._embedder.session)
        #: how many pictures `look_at_all` should be given at once
        self.batch = _GPU_BATCH if self.device == "cuda" else 1

    def look(self, picture: Picture, most: int = _MOST_FACES) -> list[Face]:
        """At most `most` faces of a picture `(H, W, 3)` uint8 RGB, the surest first."""
        return self.look_at_all([picture], most)[0]

    def look_at_all(self, pictures: Sequence[Picture], most: int = _MOST_FACES) -> list[list[Face]]:
        """The faces of each picture `(H, W, 3)` uint8 RGB, embedded together."""
        with translated_memory_errors():
            boxes_of_each = [self._find(picture, most) for picture in pictures]
            vectors = iter(self._embed([crop for boxes in boxes_of_each for _, crop in boxes]))
        return [[_face(box, next(vectors)) for box, _ in boxes] for boxes in boxes_of_each]

    def _find(self, picture: Picture, most: int) -> list[tuple[Floats, Picture]]:
        """Boxes (left, top, right, bottom, score), the surest first, with their aligned faces."""
        if DETECTOR_PX * min(picture.shape[:2]) < max(picture.shape[:2]):
            return []  # Fitted into the detector's square, less than one pixel of it would be left.
        bgr = np.ascontiguousarray(picture[..., ::-1])
        boxes, landmarks = self._detector.detect(bgr)
        surest = zip(boxes[:most], landmarks[:most], strict=True)
        return [(box, _aligned(bgr, points)) for box, points in surest]

    def _embed(self, crops: list[Picture]) -> Floats:
        """Aligned faces `(112, 112, 3)` BGR as vectors `(K, 512)` of length 1."""
        if not crops:
            return np.zeros((0, NUMBERS), np.float32)
        return metrics.normalised(self._embedder.get_feat(crops)).astype(np.float32)


def _face(box: Floats, vector: Floats) -> Face:
    left, top, right, bottom, score = (float(value) for value in box)
    return Face((left + right) / 2, (top + bottom) / 2, right - left, bottom - top, score, vector)


def _aligned(bgr: Picture, landmarks: Floats) -> Picture:
    """The face turned and scaled so that its eyes, nose and mouth lie where the network learnt them."""
    with warnings.catch_warnings():
        # insightface 2.1 calls scikit-image by a name that the pinned version still has, with this warning.
        warnings.simplefilter("ignore", FutureWarning)
        return np.asarray(face_align.norm_crop(bgr, landmarks, FACE_PX), dtype=np.uint8)


def _detector(model: bytes, device: str | None) -> SCRFD:
    session = open_session(model, _ENTRY, device)
    require_shapes(session, _ENTRY, input_px=None, outputs=9)
    # One session for every size: without the file insightface cannot rewrite it for a fixed one.
    detector = SCRFD(model_file=None, session=session, static_shape_sessions=False)
    detector.prepare(0, input_size=(DETECTOR_PX, DETECTOR_PX), det_thresh=MIN_SCORE)
    return detector


def _embedder(model: bytes, device: str | None) -> ArcFaceONNX:
    session = open_session(model, _ENTRY, device)
    require_shapes(session, _ENTRY, input_px=FACE_PX, outputs=1)
    if session.get_outputs()[0].shape[-1] != NUMBERS:
        raise _unusable(f"holds another {_EMBEDDER}: it does not answer {NUMBERS} numbers")
    # It reads the graph once more, to learn how its pictures are scaled; that copy need not stay.
    embedder = ArcFaceONNX(model_file=io.BytesIO(model), session=session)
    embedder.model_file = None
    return embedder


def _members(file: Path) -> tuple[bytes, bytes]:
    """Detector and embedder out of the zip; nothing else in it is touched."""
    try:
        with zipfile.ZipFile(file) as archive:
            return _member(archive, _DETECTOR), _member(archive, _EMBEDDER)
    # What a damaged zip brings forth depends on the byte that is wrong.
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise _unusable(f"is damaged ({error})") from error


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    """One member by its name, in whichever folder it lies."""
    member = next((each for each in archive.infolist() if each.filename.rpartition("/")[2] == name), None)
    if member is None:
        raise _unusable(f"holds no {name}")
    if member.file_size > _LARGEST_MEMBER:
        raise _unusable(f"holds a {name} of {member.file_size >> 20} MiB, which cannot be the published one")
    return archive.read(member)


def _unusable(what: str) -> NotMeasured:
    return NotMeasured(f"The file of {_ENTRY} {what}.", hint=f"Run `farm networks pull {_ENTRY}`.")
