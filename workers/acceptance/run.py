"""`farm doctor --accept`: what this machine measures, held against what is known, when it meets its GPU."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import FarmError
from workers import machine
from workers.acceptance import checks, networks
from workers.acceptance import renders as acceptance_renders
from workers.acceptance.findings import Finding, Outcome, missing, noted, verdict
from workers.acceptance.media import Media
from workers.acceptance.probe import Probe
from workers.media.reading import read_frames
from workers.scoring import weights
from workers.scoring.panel import Panel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from models.vocabulary import Exit
    from workers.acceptance.renders import Render

_WEIGHTS = "Weights"
_MACHINE = "This machine"
_LIBRARIES = ("torch", "torchvision", "onnxruntime-gpu", "insightface", "lpips")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How a person wants it run."""

    networks_dir: Path
    media: Media = field(default_factory=Media)
    #: names of entries of `networks.toml` to fetch first, licences agreed to
    pull: tuple[str, ...] = ()
    way: weights.Way = field(default_factory=weights.Way)
    offline: bool = False
    threads: int | None = None
    #: told of each file's name, bytes so far and bytes in all while it is fetched
    progress: Callable[[str, int, int | None], None] = lambda name, done, total: None
    #: only these networks are probed; None is all of them
    only: tuple[str, ...] | None = None
    video_frames: int = acceptance_renders.VIDEO_FRAMES


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """Everything one run found out."""

    made_at: datetime
    machine: dict[str, Any]
    findings: tuple[Finding, ...]
    probes: tuple[Probe, ...]
    posters: tuple[NDArray[np.uint8], ...] = ()
    seconds: float = 0.0

    @property
    def exit(self) -> Exit:
        """0 all agreed, 1 something disagreed, 2 something required was not measured."""
        return verdict(self.findings)

    def count(self, outcome: Outcome) -> int:
        """How many findings ended that way."""
        return sum(finding.outcome is outcome for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """What `report.json` holds."""
        return {
            "report": "acceptance",
            "version": 1,
            "made_at": self.made_at.isoformat(),
            "seconds": round(self.seconds, 1),
            "exit_code": int(self.exit),
            "counts": {outcome.value: self.count(outcome) for outcome in Outcome},
            "machine": self.machine,
            "findings": [finding.to_json() for finding in self.findings],
            "networks": [
                {key: value for key, value in asdict(probe).items() if key != "answers"}
                for probe in self.probes
            ],
        }


def run(wish: Wish, tell: Callable[[Finding], None] = lambda finding: None) -> Acceptance:
    """Go through everything; `tell` hears each finding as it is made. Nothing is written here."""
    started = datetime.now(UTC)
    findings: list[Finding] = []
    probes: list[Probe] = []

    def take(items: Iterable[Finding | Probe]) -> None:
        for item in items:
            if isinstance(item, Probe):
                probes.append(item)
            else:
                findings.append(item)
                tell(item)

    described = describe_machine()
    take(_machine(described))
    take(_weights(wish))
    with tempfile.TemporaryDirectory(prefix="farm-acceptance-") as name:
        folder = Path(name)
        renders = acceptance_renders.render(folder, wish.video_frames)
        take(_networks(wish, folder, renders, cuda=described["cuda"] is not None))
        panel = Panel(wish.networks_dir, threads=wish.threads)
        take(checks.checks(panel.shelf, wish.media))
        take(acceptance_renders.judged(panel, renders))
    return Acceptance(
        made_at=started,
        machine=described,
        findings=tuple(findings),
        probes=tuple(probes),
        posters=tuple(each.poster for each in renders),
        seconds=(datetime.now(UTC) - started).total_seconds(),
    )


def describe_machine() -> dict[str, Any]:
    """Processors, memory, the card and the libraries that decide numbers and speed."""
    import torch

    cuda = None
    if torch.cuda.is_available():
        properties = torch.cuda.get_device_properties(0)
        cuda = {"name": properties.name, "vram_gb": round(properties.total_memory / 2**30, 1)}
    return {
        **machine.describe(),
        "cuda": cuda,
        "torch_threads": torch.get_num_threads(),
        "libraries": {name: _version(name) for name in _LIBRARIES},
    }


def _machine(described: dict[str, Any]) -> Iterator[Finding]:
    memory = described["memory_mib"] / 1024
    yield noted(_MACHINE, "processors and memory", f"{described['cpus']} processors, {memory:.0f} GiB")
    card = described["cuda"]
    if card is None:
        seen = described["gpu_info"]
        reason = f"The driver shows {seen['model']}, but torch cannot use it." if seen else "There is none."
        todo = "Install the driver and the CUDA build of torch." if seen else networks.ELSEWHERE
        yield missing(_MACHINE, "CUDA device", reason, todo)
    else:
        yield noted(_MACHINE, "CUDA device", f"{card['name']}, {card['vram_gb']:g} GB")
    if shutil.which("nvidia-smi") is None and card is not None:
        todo = "Install nvidia-smi beside the driver."
        yield missing(
            _MACHINE, "memory of the card by process", "nvidia-smi is not here.", todo, required=False
        )


def _weights(wish: Wish) -> Iterator[Finding]:
    """Fetch what was agreed to, then say of every file whether it is here and sound."""
    troubles: dict[str, FarmError] = {}
    for name in () if wish.offline else wish.pull:
        try:
            weights.pull([name], wish.networks_dir, wish.progress, way=wish.way)
        except FarmError as error:
            troubles[name] = error
    installed = {item.name: item for item in weights.verify(wish.networks_dir)}
    for item in weights.network_files():
        here = installed.get(item.name)
        if here is not None and not here.trouble:
            yield Finding(
                section=_WEIGHTS,
                name=item.name,
                outcome=Outcome.AGREED if item.sha256 else Outcome.NOTED,
                shown=here.sha256[:12],
                expected=(item.kept_sha256 or "")[:12],
                source="the catalogue's hash" if item.sha256 else "",
            )
            continue
        trouble = troubles.get(item.name)
        reason = here.trouble if here else trouble.message if trouble else "It was not pulled."
        needed = bool(weights.profiles_of(item.name))
        todo = trouble.hint if trouble else networks.pull_command(required=needed)
        yield missing(_WEIGHTS, item.name, reason, todo, required=needed)


def _networks(wish: Wish, folder: Path, renders: Sequence[Render], *, cuda: bool) -> Iterator[Finding | Probe]:
    video = [frame for each in renders[-1:] for frame in islice(read_frames(each.master), 24)]
    pictures = networks.lay_out(folder, video, [renders[0].poster], wish.media)
    bed = networks.Bed(networks_dir=wish.networks_dir, folder=folder, pictures=pictures, cuda=cuda)
    yield from networks.probe_each(bed, wish.only)


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
