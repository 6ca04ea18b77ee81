"""The files themselves: what makes a master lossless and a proxy repeatable, looked for in their bytes."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from models.recipe import Recipe
from models.vocabulary import JobType
from tests.support import ROOT
from workers.media.rendered import Rendered
from workers.media.takes import TakeWriter

FRAMES = 24


def rendered(into: Path, job_type: JobType = JobType.ANIMATION_LOOP) -> Rendered:
    """A take large enough that the encoders share its frames among threads."""
    into.mkdir(exist_ok=True)
    ordered = Recipe(renderer="null", job_type=job_type, seed=1, width=320, height=240)
    base = np.random.default_rng(3).integers(0, 256, (240, 320, 3), np.uint8)
    with TakeWriter(into, ordered) as take:
        for shift in range(FRAMES if job_type.is_motion else 1):
            take.add(np.roll(base, 3 * shift, axis=1))
        return take.finish()


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    return rendered(tmp_path_factory.mktemp("loop"))


def test_a_motion_master_is_ffv1_in_bgr0_with_a_checksum_in_every_slice(loop: Rendered) -> None:
    with av.open(str(loop.master)) as container:
        stream = container.streams.video[0]

        assert container.format.name == "matroska,webm"
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("ffv1", "bgr0")
        # Every frame stands alone: damage in one spoils no other.
        assert all(packet.is_keyframe for packet in container.demux(stream) if packet.size)


def test_a_still_master_is_a_png(tmp_path: Path) -> None:
    assert rendered(tmp_path, JobType.STILL_IMAGE).master.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_a_proxy_is_h264_that_plays_before_it_is_loaded(loop: Rendered) -> None:
    assert loop.proxy is not None
    with av.open(str(loop.proxy)) as container:
        context = container.streams.video[0].codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
    told = loop.proxy.read_bytes()
    # Faststart: the index stands in front of the pictures.
    assert 0 < told.index(b"moov") < told.index(b"mdat")


def test_the_encoder_of_the_proxy_says_that_it_can_be_repeated(loop: Rendered) -> None:
    assert loop.proxy is not None

    (settings,) = re.findall(rb"x264 - core.*?options: ([ -~]+)", loop.proxy.read_bytes(), re.DOTALL)

    assert b"mbtree=0" in settings
    assert b"threads=2 " in settings


def test_no_container_names_its_day_or_the_version_that_wrote_it(loop: Rendered) -> None:
    assert loop.proxy is not None
    for file in (loop.master, loop.proxy):
        with av.open(str(file)) as container:
            tags = {name.lower() for name in container.metadata}
        assert "creation_time" not in tags
        assert not re.search(rb"Lavf\d", file.read_bytes())


_ELSEWHERE = """
import json, os, sys
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from pathlib import Path
from tests.unit.media.test_containers import rendered, digests
print(json.dumps(digests(rendered(Path(sys.argv[1])))))
"""


def digests(take: Rendered) -> list[str]:
    """Hashes of master and proxy, byte by byte."""
    assert take.proxy is not None
    return [hashlib.sha256(file.read_bytes()).hexdigest() for file in (take.master, take.proxy)]


def test_another_process_on_fewer_cores_writes_the_same_bytes(loop: Rendered, tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", _ELSEWHERE, str(tmp_path / "again")],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )

    assert json.loads(told.stdout) == digests(loop)
