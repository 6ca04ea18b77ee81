"""Whatever file it is given, the panel gives a verdict or one sentence, in bounded time and memory."""

from __future__ import annotations

import json
import os
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from farm.cli import main
from models.errors import BadInput
from models.vocabulary import Exit
from tests.support import bad_files as bad
from tests.support.floor import CONTROL, RENDER, SCORE, Floor
from tests.support.media import probe
from tests.support.queue_jobs import add_jobs, add_project, one
from tests.support.reader_child import ReaderChild
from workers.media import limits
from workers.media.reading import FrameReader
from workers.scoring.panel import Panel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Maker = Callable[[Path], Path]

_LIMIT_S = 120.0
#: what a picture of 64 megapixels takes with its copies (0.9 GiB), the largest that is read, beside the process
_MOST_MIB = 2048

READ: dict[str, Maker] = {
    "one pixel": lambda d: bad.saved(d / "a.png", bad.drawing(0, 1, 1)),
    "16 bits": lambda d: bad.saved(d / "a.png", np.linspace(0, 65535, 3072).reshape(48, 64).astype(np.uint16)),
    "grey": lambda d: bad.saved(d / "a.png", Image.fromarray(bad.drawing()).convert("L")),
    "palette": lambda d: bad.saved(d / "a.png", Image.fromarray(bad.drawing()).convert("P")),
    "CMYK": lambda d: bad.saved(d / "a.jpg", Image.fromarray(bad.drawing()).convert("CMYK")),
    "alpha": lambda d: bad.saved(d / "a.png", Image.fromarray(bad.drawing()).convert("RGBA")),
    "animated WebP": lambda d: bad.animated(d / "a.webp"),
    "animated PNG": lambda d: bad.animated(d / "a.png"),
    "animated GIF": lambda d: bad.animated(d / "a.gif"),
    "variable rate": lambda d: bad.filmed(d / "a.mp4", times=[n + n // 5 * 20 for n in range(16)]),
    "ten bits": lambda d: bad.filmed(d / "a.mp4", pix_fmt="yuv420p10le"),
    "odd size": lambda d: bad.filmed(d / "a.mkv", codec="ffv1", pix_fmt="bgr0", size=(63, 47)),
    "16 megapixels": lambda d: bad.saved(d / "a.png", Image.new("RGBA", (4096, 4096)), compress_level=1),
}
REFUSED: dict[str, tuple[Maker, str]] = {
    "nothing there": (lambda d: d / "a.png", "There is no file"),
    "a folder": (lambda d: d, "is a folder"),
    "a pipe": (lambda d: bad.pipe(d / "a.mkv"), "is a pipe or a device"),
    "a long name": (lambda d: d / ("a" * 300), "cannot be opened"),
    "empty": (lambda d: _written(d / "a.mp4", b""), "is empty"),
    "text": (lambda d: _written(d / "a.mp4", b"dear animator,\n" * 50), "neither a picture nor a clip"),
    "a playlist": (
        lambda d: _written(d / "a.m3u8", b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n"),
        "neither a picture",
    ),
    "sound": (lambda d: bad.sound(d / "a.wav"), "holds no picture"),
    "a picture cut short": (lambda d: bad.cut_short(bad.saved(d / "a.png", bad.drawing())), "cut short"),
    "a film cut short": (
        lambda d: bad.cut_short(bad.filmed(d / "a.mkv", codec="ffv1", pix_fmt="bgr0")),
        "cut short",
    ),
    "400 megapixels": (lambda d: bad.saved(d / "a.png", Image.new("1", (20_000, 20_000))), "too large"),
    "100 megapixels": (lambda d: bad.saved(d / "a.png", Image.new("1", (10_000, 10_000))), "megapixels"),
    "a tiny bomb": (lambda d: bad.claiming(d / "a.png", 60_000, 60_000), "too large"),
    "a long strip": (lambda d: bad.claiming(d / "a.png", 60_000, 10), "64 times the other"),
    "a notes bomb": (lambda d: bad.zip_bomb(d / "a.png", b"zTXt"), "Decompressed data too large"),
    "a colour profile bomb": (lambda d: bad.zip_bomb(d / "a.png", b"iCCP"), "Decompressed data too large"),
    "five hundred scans": (lambda d: bad.scanned(d / "a.jpg"), "decompression bomb"),
    "a billion frames": (
        lambda d: bad.patched(bad.filmed(d / "a.mp4"), b"stts", 8, 10**9),
        "promises about 1000000000 frames",
    ),
    "interlaced": (lambda d: bad.interlaced(d / "a.mkv"), "interlaced"),
    "HDR": (
        lambda d: bad.filmed(d / "a.mkv", pix_fmt="yuv420p10le", tags={"color_trc": 16, "color_primaries": 9}),
        "HDR",
    ),
}


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.fixture(scope="module")
def child() -> Iterator[ReaderChild]:
    """One process for all these files: it must outlive every one of them."""
    with ReaderChild(limit_s=_LIMIT_S) as child:
        yield child


@pytest.mark.parametrize("name", READ)
def test_an_odd_file_is_measured(child: ReaderChild, name: str, tmp_path: Path) -> None:
    answer = child.measure(READ[name](tmp_path))

    assert (answer.died, answer.unexpected, answer.decodable) == (False, "", 1.0), answer
    assert answer.rss_mib < _MOST_MIB


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_cannot_be_used_is_refused_in_one_sentence(
    child: ReaderChild, name: str, tmp_path: Path
) -> None:
    make, sentence = REFUSED[name]

    answer = child.measure(make(tmp_path))

    assert (answer.died, answer.unexpected, answer.decodable) == (False, "", 0.0), answer
    assert sentence in answer.text
    assert answer.rss_mib < _MOST_MIB


def test_a_picture_with_too_many_bytes_in_it_stays_small(child: ReaderChild, tmp_path: Path) -> None:
    answer = child.measure(bad.zip_bomb(tmp_path / "a.png", b"IDAT"))

    # A quarter of a gigabyte where nine kilobytes belong: the picture is read, the rest is never unpacked.
    assert (answer.died, answer.unexpected) == (False, "")
    assert answer.rss_mib < _MOST_MIB


def test_a_small_file_may_not_keep_a_worker_busy_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "_FREE_PX", 8 * 64 * 48)
    monkeypatch.setattr(limits, "_PX_A_BYTE", 0)
    path = bad.filmed(tmp_path / "a.mp4")

    with pytest.raises(BadInput, match="decompression bomb"):
        probe(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody who may not read")
def test_a_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    path = bad.saved(tmp_path / "a.png", bad.drawing())
    path.chmod(0)

    os.seteuid(65534)
    try:
        with pytest.raises(BadInput, match="may not be read by this user"):
            FrameReader(path)
    finally:
        os.seteuid(0)


def test_a_clip_of_uneven_rate_has_the_rate_it_shows_on_average(tmp_path: Path) -> None:
    path = READ["variable rate"](tmp_path)

    info = probe(path)

    assert info.frames == 16
    assert Fraction(1) < info.fps < Fraction(12)


@pytest.mark.parametrize(
    ("path", "even"),
    [("a.mkv", True), ("a.mp4", True), ("a.webp", True), ("uneven.mkv", False), ("uneven.webp", False)],
)
def test_a_file_shows_whether_its_frames_come_evenly(tmp_path: Path, path: str, even: bool) -> None:
    file = tmp_path / path
    times = list(range(16)) if even else [n + n % 2 for n in range(16)]
    durations = 42 if even else [20, 64, 20, 64, 42]
    made = bad.animated(file, duration=durations) if file.suffix == ".webp" else bad.filmed(file, times=times)

    reader = FrameReader(made)
    for _ in reader:
        pass

    assert reader.pace.keeps(reader.fps) is even


@pytest.mark.parametrize(
    ("make", "phase", "code"),
    [
        (lambda d: d / "a.png", "still", Exit.BAD_INPUT),
        (lambda d: d, "still", Exit.BAD_INPUT),
        (lambda d: _written(d / "a.mp4", b"text"), "video", Exit.BAD_INPUT),
        (lambda d: bad.claiming(d / "a.png", 60_000, 60_000), "still", Exit.BAD_INPUT),
        (
            lambda d: bad.cut_short(bad.filmed(d / "a.mkv", codec="ffv1", pix_fmt="bgr0")),
            "loop",
            Exit.NOT_PASSED,
        ),
        (lambda d: bad.saved(d / "a.png", bad.drawing()), "loop", Exit.NOT_PASSED),
        (lambda d: bad.animated(d / "a.webp"), "video", Exit.NOT_PASSED),
        (lambda d: bad.animated(d / "a.webp"), "still", Exit.NOT_PASSED),
    ],
)
def test_the_command_ends_with_the_code_it_documents(
    make: Maker, phase: str, code: Exit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = main(["score", str(make(tmp_path)), "--phase", phase, "--json"])

    told = json.loads(capsys.readouterr().out)
    assert ended == code
    if code is Exit.NOT_PASSED:
        assert set(told["blocking"]) & {"decodable", "frame_count"}


@pytest.mark.parametrize("duration_ms", [70, 80, 130])  # 14.3, 12.5 and 7.7 frames a second
def test_a_file_of_no_whole_rate_is_held_to_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], duration_ms: int
) -> None:
    main(["score", str(bad.animated(tmp_path / "a.gif", duration=duration_ms)), "--phase", "loop", "--json"])

    assert json.loads(capsys.readouterr().out)["metrics"]["fps"]["value"] == 1.0


def test_a_scoring_that_crashed_is_no_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def out_of_memory(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Panel, "_measure", out_of_memory)

    ended = main(["score", str(bad.saved(tmp_path / "a.png", bad.drawing())), "--phase", "still", "--json"])

    assert ended == Exit.NOT_JUDGED
    assert "Memory ran out" in json.loads(capsys.readouterr().out)["error"]["message"]


def test_a_master_damaged_after_the_render_is_the_farms_failure_and_the_worker_lives(floor: Floor) -> None:
    floor.worker(RENDER, CONTROL)
    floor.beat()
    [job] = add_jobs(floor.database, add_project(floor.database), 1)
    floor.wait_for(job, step="score", status="ready")
    [master] = (floor.folder / "artifacts").rglob("master.*")
    master.write_bytes(master.read_bytes()[:-200])

    scorer = floor.worker(SCORE)
    floor.wait_until_over([job])

    row = one(floor.database, "SELECT * FROM render_queue WHERE job_id = :job", job=job)
    tries = one(
        floor.database, "SELECT count(*) AS n FROM attempts WHERE job_id = :job AND step = 'score'", job=job
    )
    assert row.status == "failed"
    assert "was damaged after it was rendered" in row.error_message
    assert tries.n <= 1 + row.max_retries
    assert scorer.mark.is_running()
    assert one(floor.database, "SELECT verdict FROM jobs WHERE id = :job", job=job).verdict is None
