"""Measure one network in a process of its own: where it runs, how fast, how much memory, what it answers.

Run as `python -m workers.acceptance.probe REQUEST.json`; the answer is one line of JSON on stdout. A process of
its own makes peak memory this network's alone, and a crash in a driver one finding, not the end of the run.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import FarmError, NotMeasured
from workers.scoring.shots import cuts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from workers.scoring.networks.network import FaceNetwork, Network, PairNetwork

    Picture = NDArray[np.uint8]

_SECONDS = 600
#: each network is timed for about this long after one call that warms it up
_TIMED_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What one probe is to measure."""

    network: str
    networks_dir: str
    pictures: str  #: an .npz: `clip` (N, H, W, 3), `thumbnails` (N, 27, 48, 3), `faces_0`, `faces_1`, ...
    device: str | None = None
    full_precision: bool = False  #: float32 where the network would use half


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What one network did."""

    network: str
    device: str  #: where it really ran
    full_precision: bool
    load_seconds: float
    per_second: float  #: of `unit`
    unit: str  #: pictures, pairs, frames
    rss_mib: float  #: the process at its largest, its libraries with it
    #: the network's share of that: what loading and running it added
    added_mib: float
    vram_mib: float | None  #: None where nothing could be asked
    kind: str  #: vectors or numbers
    answers: list[list[float]]


class ProbeDied(Exception):
    """A probe's process ended without an answer, or never ended: nothing is missing, something broke."""


def run(request: Request, folder: Path) -> Probe:
    """Start the process and wait for it.

    Raises:
        NotMeasured: the network is missing or damaged, and its process said so.
        ProbeDied: its process crashed, or did not answer in time.
    """
    precision = "-full" if request.full_precision else ""
    note = folder / f"{request.network}-{request.device or 'chosen'}{precision}.json"
    note.write_text(json.dumps(asdict(request)))
    command = [sys.executable, "-W", "ignore", "-m", "workers.acceptance.probe", str(note)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise ProbeDied(f"It did not answer within {_SECONDS} seconds.") from error
    try:
        answer = json.loads(done.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError) as error:
        last = (done.stderr.strip() or "without a word").splitlines()[-1]
        raise ProbeDied(f"Its process ended with {done.returncode}: {last}.") from error
    if "error" in answer:
        raise NotMeasured(answer["error"]["message"], hint=answer["error"]["hint"])
    return Probe(**answer)


def measure(request: Request) -> Probe:
    """What `run` does, in this process."""
    import numpy as np

    from workers.scoring.networks import torch_device
    from workers.scoring.networks.shelf import Shelf

    if request.full_precision:
        _multiply_in_full(torch_device)
    pictures = np.load(request.pictures)
    shelf = Shelf(Path(request.networks_dir), request.device)
    before = _rss_mib()
    started = time.perf_counter()
    network = shelf.network(request.network)
    loaded = time.perf_counter() - started
    work = work_of(network, pictures)
    answers = work.answer()
    rate = _per_second(work.answer) * work.count
    peak = _peak_mib()
    return Probe(
        network=request.network,
        device=network.device,
        full_precision=request.full_precision,
        load_seconds=loaded,
        per_second=rate,
        unit=work.unit,
        rss_mib=peak,
        added_mib=max(peak - before, 0.0),
        vram_mib=_vram_mib(),
        kind=work.kind,
        answers=answers,
    )


@dataclass(frozen=True, slots=True)
class Workload:
    """What a network of one kind is given to do."""

    unit: str
    kind: str
    count: int  #: of `unit` in one answer
    answer: Callable[[], list[list[float]]]


def work_of(network: Network, pictures: Any) -> Workload:
    """The work that fits what the network can do.

    Raises:
        NotMeasured: it is of no kind that is known here.
    """
    from workers.scoring.networks import network as kinds

    clip: Sequence[Picture] = list(pictures["clip"])
    spread = clip[:: -(-len(clip) // 4)]
    match network:
        case kinds.FaceNetwork() as finder:
            people = [pictures[name] for name in pictures if name.startswith("faces_")]
            return Workload("pictures", "vectors", len(people), lambda: _faces(finder, people))
        case kinds.PairNetwork() as pairs:
            return Workload("pairs", "numbers", 4, lambda: [_distances(pairs, clip[:5])])
        case kinds.Interpolator() as seer:
            return Workload("frames", "numbers", 1, lambda: [_blocks(seer.between(clip[0], clip[2]))])
        case kinds.Rater() as rater:
            return Workload("pictures", "numbers", len(spread), lambda: [list(map(rater.rate, spread))])
        case kinds.ShotFinder() as seeker:
            film: Sequence[Picture] = list(pictures["thumbnails"])
            return Workload("frames", "numbers", len(film), lambda: [list(map(float, cuts(seeker, film)))])
        case kinds.Embedder() as embedder:
            return Workload(
                "pictures", "vectors", len(spread), lambda: [embedder.embed(each).tolist() for each in spread]
            )
    raise NotMeasured(f"{network.name} is of a kind that the acceptance does not know.")


def _faces(network: FaceNetwork, pictures: list[Picture]) -> list[list[float]]:
    faces = [face for picture in pictures for face in network.look(picture)]
    # Left to right: two devices may order faces of nearly one score differently.
    return [face.vector.tolist() for face in sorted(faces, key=lambda face: face.x)]


def _distances(network: PairNetwork, clip: Sequence[Picture]) -> list[float]:
    features = [network.features(picture) for picture in clip]
    return [float(network.distance(one, other)) for one, other in pairwise(features)]


def _blocks(picture: Picture) -> list[float]:
    """The mean colours 0..1 of its blocks of 8 x 8 pixels."""
    rows, columns = picture.shape[0] // 8, picture.shape[1] // 8
    whole = picture[: rows * 8, : columns * 8].astype("float32") / 255.0
    blocks: list[float] = whole.reshape(rows, 8, columns, 8, 3).mean(axis=(1, 3)).ravel().tolist()
    return blocks


def _multiply_in_full(torch_device: Any) -> None:
    import torch

    torch_device.matmul_type = lambda device: torch.float32


def _per_second(once: Callable[[], object]) -> float:
    """Calls a second; what the answer's own call warmed up is not counted."""
    calls, started = 0, time.perf_counter()
    while (spent := time.perf_counter() - started) < _TIMED_SECONDS or calls == 0:
        once()
        calls += 1
    return calls / max(spent, 1e-9) if calls == 1 else calls / (time.perf_counter() - started)


def _rss_mib() -> float:
    import psutil

    return float(psutil.Process().memory_info().rss) / 2**20


def _peak_mib() -> float:
    """The most memory this process has had; getrusage would count what its parent had when it was started."""
    status = Path("/proc/self/status")
    if status.is_file():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        return float(lines["VmHWM"].split()[0]) / 2**10
    # Only macOS has no /proc among the systems that the farm runs on, and it counts in bytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def _vram_mib() -> float | None:
    """The most this process took of the card: torch's own count, or what the driver sees of all libraries."""
    torch = sys.modules.get("torch")
    counted = []
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
        counted.append(torch.cuda.max_memory_allocated() / 2**20)
    if (seen := _seen_by_driver()) is not None:
        counted.append(seen)
    return max(counted) if counted else None


def _seen_by_driver() -> float | None:
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    command = [program, "--query-compute-apps=pid,used_memory", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        # No answer of the driver means "not measured", never zero.
        return None
    rows = [line.split(",") for line in answer.splitlines() if line.count(",") == 1]
    mine = [used.strip() for pid, used in rows if pid.strip() == str(os.getpid())]
    return float(mine[0]) if mine and mine[0].isdecimal() else None


def main(path: str) -> None:
    """Measure what the file asks for and print it."""
    request = Request(**json.loads(Path(path).read_text()))
    try:
        answer: dict[str, Any] = asdict(measure(request))
    except FarmError as error:
        answer = {"error": {"message": error.message, "hint": error.hint}}
    except MemoryError as error:
        answer = {"error": {"message": f"Memory ran out: {error}.", "hint": "Free the card, or use a larger."}}
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
