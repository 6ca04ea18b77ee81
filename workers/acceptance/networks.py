"""Every network on its own: is it here, where does it run, how fast, and do the card and the CPU agree."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.errors import NotMeasured
from workers.acceptance.findings import Band, Finding, Outcome, compared, crashed, missing, noted
from workers.acceptance.probe import Probe, ProbeDied, Request, run
from workers.scoring import weights
from workers.scoring.frames import SHORT_SIDE_PX, short_side
from workers.scoring.network_table import NETWORKS
from workers.scoring.networks.shelf import BUILDERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from workers.acceptance.media import Media

    Picture = NDArray[np.uint8]
    #: how one network is measured; tests put another in its place
    Runner = Callable[[Request, Path], Probe]

SECTION = "Networks"
AGREEMENT = "The card against the CPU"
ELSEWHERE = "Run this again on the machine with the GPU."
_OURS = "our own bound, far below what a mark decides"
#: plain OpenCV: there is nothing in it that a card could do
_CPU_ONLY = frozenset({"dis-flow"})
#: 1 - cosine of vectors, or difference of numbers relative to 1 or to the number
_FULL, _HALF = 1e-3, 2e-2


@dataclass(frozen=True, slots=True, kw_only=True)
class Bed:
    """What all probes have in common."""

    networks_dir: Path
    folder: Path  #: for requests and pictures
    pictures: Path
    cuda: bool
    run: Runner = run


def lay_out(folder: Path, video: Sequence[Picture], stills: Sequence[Picture], media: Media) -> Path:
    """Write the pictures that every probe is shown; samples that are not here are done without."""
    clip = [short_side(frame, SHORT_SIDE_PX) for frame in video]
    try:
        film: Sequence[Picture] = media.frames("bikes.mp4", 0, 100)
    except NotMeasured:
        film = video
    people = list(stills)
    try:
        people.append(media.picture("t1.jpg"))
    except NotMeasured:
        # The finding about faces in t1.jpg says that it is missing, and how it comes here.
        people = list(stills)
    path = folder / "pictures.npz"
    np.savez(
        path,
        clip=np.stack(clip),
        thumbnails=np.stack([cv2.resize(frame, (48, 27), interpolation=cv2.INTER_AREA) for frame in film]),
        **{f"faces_{number}": picture for number, picture in enumerate(people)},  # type: ignore[arg-type]
    )
    return path


def probe_each(bed: Bed, names: Sequence[str] | None = None) -> Iterator[Finding | Probe]:
    """Findings about each network and the probes they rest on, as each is done."""
    for name in names or tuple(BUILDERS):
        request = Request(network=name, networks_dir=str(bed.networks_dir), pictures=str(bed.pictures))
        lacking = _lacking(name, bed.networks_dir)
        if lacking:
            needed = is_required(name)
            todo = pull_command(required=needed)
            yield missing(SECTION, name, f"Not here: {', '.join(lacking)}.", todo, required=needed)
            continue
        try:
            chosen = bed.run(request, bed.folder)
        except NotMeasured as error:
            yield missing(SECTION, name, error.message, error.hint, required=is_required(name))
            continue
        except ProbeDied as error:
            yield crashed(SECTION, name, error)
            continue
        yield chosen
        yield _where(name, chosen, cuda=bed.cuda)
        if chosen.device.startswith("cuda"):
            yield from _against_cpu(bed, request, chosen)
    if not bed.cuda:
        yield missing(
            AGREEMENT,
            "half and full precision on the card, and the CPU",
            "There is no CUDA device here.",
            ELSEWHERE,
        )


def difference(one: Probe, other: Probe) -> float:
    """How far two answers to the same pictures lie apart: the largest 1 - cosine, or relative difference.

    Raises:
        NotMeasured: they cannot be compared, as when one device found a face more.
    """
    if [len(answer) for answer in one.answers] != [len(answer) for answer in other.answers]:
        raise NotMeasured(f"{len(one.answers)} answers cannot be compared with {len(other.answers)}.")
    if not any(one.answers):
        raise NotMeasured("There was nothing in the pictures for it to answer.")
    distances = []
    for mine, theirs in zip(one.answers, other.answers, strict=True):
        a, b = np.asarray(mine, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
        if one.kind == "vectors":
            distances.append(1.0 - float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b))))
        else:
            distances.append(float((np.abs(a - b) / np.maximum(1.0, np.abs(b))).max(initial=0.0)))
    # Python's own `max` passes over NaN, which is what half precision gives when it overflows.
    return float(np.max(distances))


def pull_command(*, required: bool) -> str:
    """What brings missing weights: those that a built-in profile needs, or all there are."""
    return f"farm networks pull {'--profile spec' if required else '--all'}"


def is_required(name: str) -> bool:
    """Whether a built-in profile cannot do without it."""
    files = NETWORKS[name].files if name in NETWORKS else (name,)
    return any(weights.profiles_of(file) for file in files)


def _against_cpu(bed: Bed, request: Request, chosen: Probe) -> Iterator[Finding | Probe]:
    """What half precision costs on the card, then full precision on the card against the CPU."""
    name = request.network
    try:
        full = bed.run(replace(request, full_precision=True), bed.folder)
        yield full
        yield _apart(f"{name}: half and full precision", chosen, full, _HALF)
        cpu = bed.run(replace(request, device="cpu"), bed.folder)
        yield cpu
        yield _apart(f"{name}: card and CPU", full, cpu, _FULL)
    except NotMeasured as error:
        yield missing(AGREEMENT, f"{name}: card and CPU", error.message, error.hint)
    except ProbeDied as error:
        yield crashed(AGREEMENT, f"{name}: card and CPU", error)


def _apart(title: str, one: Probe, other: Probe, bound: float) -> Finding:
    apart = difference(one, other)
    return compared(AGREEMENT, title, apart, Band(low=-1e-6, high=bound, source=_OURS), shown=f"{apart:.1e}")


def _where(name: str, probe: Probe, *, cuda: bool) -> Finding:
    shown = f"{probe.device}, {probe.per_second:.1f} {probe.unit}/s, loaded in {probe.load_seconds:.1f} s"
    if cuda and name not in _CPU_ONLY:
        return Finding(
            section=SECTION,
            name=name,
            outcome=Outcome.AGREED if probe.device.startswith("cuda") else Outcome.DISAGREED,
            shown=shown,
            expected="cuda",
            source="this machine has a CUDA device",
            todo="" if probe.device.startswith("cuda") else "farm doctor: look at onnxruntime and torch",
        )
    return noted(SECTION, name, shown)


def _lacking(name: str, networks_dir: Path) -> list[str]:
    """Entries of `networks.toml` that the network is loaded from and that are not here."""
    here = {item.name for item in weights.installed(networks_dir)}
    known = {item.name for item in weights.network_files()}
    files = NETWORKS[name].files if name in NETWORKS else (name,)
    return [file for file in files if file in known and file not in here]
