"""Find drawn people: the YOLOv8 that deepghs trained on anime, with its answer decoded here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from models.errors import NotMeasured
from workers.scoring.networks.onnx_session import device_of, open_session, require_shapes

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]
    Floats = NDArray[np.float32]

ENTRY = "anime-person"
#: side of the square that a picture is stretched to
SIDE_PX = 640
#: a box at least this sure is a person, and two that share more than this are one; both as imgutils uses them
MIN_SCORE = 0.3
MAX_OVERLAP = 0.5


@dataclass(frozen=True, slots=True)
class Person:
    """Where a person is, whole pixels inside the picture that was looked at, and how sure the network is."""

    left: int
    top: int
    right: int
    bottom: int
    score: float  #: 0..1


class AnimePerson:
    """Boxes around drawn people, from head to foot."""

    def __init__(self, file: Path, device: str | None = None) -> None:
        """Raises `NotMeasured` when the file is damaged or holds another network."""
        self._session = open_session(file.read_bytes(), ENTRY, device)
        require_shapes(self._session, ENTRY, input_px=None, outputs=1)
        self.device = device_of(self._session)
        self._input = self._session.get_inputs()[0].name
        # Asked once now, so that another kind of detector is refused before any frame was looked at.
        shape = self._answer(np.zeros((SIDE_PX, SIDE_PX, 3), np.uint8)).shape
        if len(shape) != 2 or not 5 <= shape[0] < shape[1]:
            raise NotMeasured(
                f"The file of {ENTRY} holds another network: it answers {shape}.",
                hint=f"Run `farm networks pull {ENTRY}`.",
            )

    def find(self, picture: Picture) -> list[Person]:
        """People in a picture `(H, W, 3)` uint8 RGB, the surest first."""
        return decode(self._answer(picture), width=picture.shape[1], height=picture.shape[0])

    def _answer(self, picture: Picture) -> Floats:
        # The network learnt pictures that are stretched, not padded, by Pillow's cubic filter.
        square = Image.fromarray(picture).resize((SIDE_PX, SIDE_PX), Image.Resampling.BICUBIC)
        batch = (np.asarray(square, dtype=np.float32) / np.float32(255.0)).transpose(2, 0, 1)[None]
        (answer,) = self._session.run(None, {self._input: np.ascontiguousarray(batch)})
        return np.asarray(answer[0], dtype=np.float32)


def decode(answer: Floats, *, width: int, height: int) -> list[Person]:
    """People in the network's answer `(4 + classes, N)` about a picture of that size, the surest first.

    Its rows are centre x, centre y, width and height in pixels of the 640 px square, then the classes' scores.
    """
    scores = answer[4:].max(axis=0)
    sure = scores > MIN_SCORE
    scores, (x, y, w, h) = scores[sure], answer[:4, sure]
    corners = np.stack([x - w / 2, y - h / 2, w, h], axis=1)
    # Overlap is judged in the square, where the network learnt it: stretching keeps it as it is.
    kept = cv2.dnn.NMSBoxes(corners.tolist(), scores.tolist(), MIN_SCORE, MAX_OVERLAP) if len(scores) else []
    scale = np.array([width, height], dtype=np.float64) / SIDE_PX
    people = []
    for index in kept:
        start = corners[index, :2] * scale
        end = (corners[index, :2] + corners[index, 2:]) * scale
        left, top = np.clip(start, 0, (width, height)).round().astype(int)
        right, bottom = np.clip(end, 0, (width, height)).round().astype(int)
        if right > left and bottom > top:
            people.append(Person(int(left), int(top), int(right), int(bottom), float(scores[index])))
    return sorted(people, key=lambda person: -person.score)
