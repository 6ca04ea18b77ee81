"""Small pictures of the frames at which metrics are worst, so that a report can show what a number means."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw

from models.errors import BadInput
from models.metrics import WORST_PICTURE, WORST_PICTURE_FRAMES, Measurement, Metric
from workers.media.reading import read_frames

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

#: pictures of one take at most, and how wide one frame is drawn, pixels: some 30 KB each
MOST_PICTURES = 4
_WIDTH_PX = 480
_QUALITY = 82
_BOX = (255, 64, 96)
#: metrics about a change from one frame to the next are shown with the frame before
_PAIRS = frozenset({Metric.TEMPORAL_LPIPS, Metric.LUMA_FLICKER, Metric.JITTER, Metric.FRAME_ORDER})


def with_pictures(
    master: Path,
    measurements: Sequence[Measurement],
    failing: Collection[Metric],
    folder: Path,
    address: str,
    *,
    count: int = 1,
) -> list[Measurement]:
    """The measurements, those that fail with a picture of their worst frame written into `folder`.

    `worst_picture` in the detail is `address/<metric>.jpg`, `worst_picture_frames` the numbers of the frames it
    shows from left to right; `count` is how many frames the take has. The first `MOST_PICTURES` failing metrics
    that name a frame get one; frames that cannot be decoded are not shown. The folder is made when needed,
    and what is in it is replaced.

    Raises:
        OSError: the folder cannot be written.
    """
    named = {
        measured.metric: indices
        for measured in measurements
        if measured.metric in failing and (indices := _frames(measured, count))
    }
    wanted = dict(islice(named.items(), MOST_PICTURES))
    frames = _read(master, {index for indices in wanted.values() for index in indices})
    illustrated = []
    for measured in measurements:
        shown = [index for index in wanted.get(measured.metric, []) if index in frames]
        more: dict[str, Any] = {}
        if shown:
            name = f"{measured.metric.value}.jpg"
            _write(_drawn(measured, shown, frames), folder / name)
            more = {WORST_PICTURE: f"{address}/{name}", WORST_PICTURE_FRAMES: shown}
        illustrated.append(replace(measured, detail={**measured.detail, **more}))
    return illustrated


def _frames(measured: Measurement, count: int) -> list[int]:
    """Numbers of the frames that show what is wrong, in the order they are shown; none where it is unknown."""
    if measured.metric is Metric.LOOP_SEAM and count > 1:
        return [count - 1, 0]
    if measured.metric is Metric.FROZEN and "longest_run_from" in measured.detail:
        first = int(measured.detail["longest_run_from"])
        return [first, first + int(measured.detail["longest_run"]) - 1]
    worst = measured.detail.get("worst_frame")
    if not isinstance(worst, int) or worst < 0:
        return []
    return [worst - 1, worst] if measured.metric in _PAIRS and worst > 0 else [worst]


def _read(master: Path, indices: set[int]) -> dict[int, Image.Image]:
    """These frames of a file by their numbers, small; those that cannot be read are missing."""
    pictures: dict[int, Image.Image] = {}
    if not indices:
        return pictures
    try:
        for index, frame in enumerate(islice(read_frames(master), max(indices) + 1)):
            if index in indices:
                pictures[index] = Image.fromarray(frame)
    except BadInput:
        # A file that breaks off has no worst frame behind the break; its `decodable` says so.
        return pictures
    return pictures


def _drawn(measured: Measurement, indices: Sequence[int], frames: dict[int, Image.Image]) -> Image.Image:
    """The frames beside one another, the worst with the boxes of its faces."""
    worst = measured.detail.get("worst_frame")
    shown = [_small(frames[index], _boxes(measured.detail) if index == worst else []) for index in indices]
    gap = 6
    width = sum(picture.width for picture in shown) + gap * (len(shown) - 1)
    strip = Image.new("RGB", (width, shown[0].height), (16, 17, 20))
    left = 0
    for picture in shown:
        strip.paste(picture, (left, 0))
        left += picture.width + gap
    return strip


def _write(picture: Image.Image, file: Path) -> None:
    """Whole or not at all: a report that is being read never shows half a picture."""
    file.parent.mkdir(exist_ok=True)
    draft = file.with_name(f".{file.name}.tmp")
    picture.save(draft, format="JPEG", quality=_QUALITY)
    draft.replace(file)


def _small(frame: Image.Image, boxes: Sequence[tuple[float, float, float, float]]) -> Image.Image:
    """One frame at most `_WIDTH_PX` wide with boxes (left, top, width, height in its own pixels) drawn."""
    scale = min(1.0, _WIDTH_PX / frame.width)
    small = frame.resize((max(1, round(frame.width * scale)), max(1, round(frame.height * scale))))
    pen = ImageDraw.Draw(small)
    for left, top, width, height in boxes:
        pen.rectangle([v * scale for v in (left, top, left + width, top + height)], outline=_BOX, width=3)
    return small


def _boxes(detail: dict[str, Any]) -> list[tuple[float, float, float, float]]:
    """Where the worst frame's faces are, as the face gauge tells it of each character."""
    people = detail.get("characters")
    if not isinstance(people, dict):
        return []
    boxes = [facts.get("worst_box") for facts in people.values() if isinstance(facts, dict)]
    return [
        (float(box["x"]), float(box["y"]), float(box["w"]), float(box["h"]))
        for box in boxes
        if isinstance(box, dict)
    ]
