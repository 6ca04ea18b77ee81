"""How much memory one panel needs for a long clip at 1920 x 1080 in which every frame differs.

`python -m tests.bench.scoring_memory --frames 3000` draws the clip, scores it with the phase-3 panel of the
`embedded` profile in a process of its own, and prints one JSON value: its peak in MiB, and its frames a second.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import av
import numpy as np

from farm.settings import Settings
from models.metrics import Metric
from models.vocabulary import JobType, Phase
from workers.scoring.expectations import Expectations
from workers.scoring.profiles import EMBEDDED

_WIDTH, _HEIGHT, _FPS = 1920, 1080, 24
#: nobody known is in this picture, and identity looks at as many frames of a long clip as of a short one
_LEFT_OUT = {Metric.IDENTITY}


def measured(length: int, networks: Path) -> dict[str, Any]:
    """Peak memory in MiB and frames a second of a fresh process that scores a clip of `length` frames."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mkv"
        draw(path, length)
        command = [sys.executable, "-W", "ignore", "-m", __spec__.name if __spec__ else __name__]
        command += ["--frames", str(length), "--networks", str(networks), "--score", str(path)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def draw(path: Path, length: int) -> None:
    """A texture that wanders over a gradient, a little further in each frame."""
    draw = np.random.default_rng(0)
    coarse = draw.integers(0, 120, (_HEIGHT // 40, 2 * _WIDTH // 40), dtype=np.uint8)
    texture = np.kron(coarse, np.ones((40, 40), dtype=np.uint8))
    gradient = np.linspace(0, 120, _WIDTH, dtype=np.uint8)[None, :].repeat(_HEIGHT, axis=0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=_FPS, options={"preset": "ultrafast", "crf": "12"})
        stream.width, stream.height, stream.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
        for number in range(length):
            moved = np.roll(texture, 4 * number, axis=1)[:_HEIGHT, :_WIDTH] + gradient
            picture = np.stack([moved, moved[::-1], 255 - moved], axis=-1)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _score(path: Path, length: int, networks: Path) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from workers.scoring.panel import Panel

        panel = Panel(networks, device="cpu", threads=1)
    expectations = Expectations(
        phase=Phase.VIDEO,
        job_type=JobType.FULL_VIDEO,
        frame_count=length,
        width=_WIDTH,
        height=_HEIGHT,
        fps=_FPS,
    )
    wanted = [(m.metric, m.network) for m in EMBEDDED.marks[Phase.VIDEO] if m.metric not in _LEFT_OUT]
    began = time.perf_counter()
    found = {m.metric: m for m in panel.measure(path, expectations, wanted)}
    took = time.perf_counter() - began
    return {
        "frames": found[Metric.DECODABLE].detail["frames"],
        "measured": sorted(metric.value for metric, m in found.items() if m.value is not None),
        "distinct": found[Metric.FROZEN].detail["pictures"],
        "peak_mib": peak_mib(),
        "frames_a_second": round(length / took, 2),
    }


def peak_mib() -> float:
    """The most memory this process ever held at once."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return round(int(line.split()[1]) / 1024, 1)


def main() -> None:
    """Measure a clip, or score a given one and say how much memory that took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=3000)
    parser.add_argument("--networks", type=Path, default=Settings().networks_dir)
    parser.add_argument("--score", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.score:
        answer = _score(options.score, options.frames, options.networks)
    else:
        answer = measured(options.frames, options.networks)
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
