"""A process of its own that measures one file after the other, so that a test sees it die, hang or swell.

`python -m tests.support.reader_child` reads a path from each line and answers each with one line of JSON.
"""

from __future__ import annotations

import json
import os
import resource
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support import ROOT

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

#: address space, so that a bomb ends in a MemoryError here and not in a machine without memory
_MOST_BYTES = 8 * 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of one file."""

    decodable: float | None  #: the metric; None when the child did not answer
    text: str  #: the reason, or what went wrong with the child
    seconds: float
    rss_mib: int  #: the most memory the child has held so far
    unexpected: str = ""  #: an exception that is not the farm's; it would fail the step as a bug
    died: bool = False


class ReaderChild:
    """The child, started when it is first asked and again after it died."""

    def __init__(self, *, limit_s: float) -> None:
        self._limit_s = limit_s
        self._process: subprocess.Popen[bytes] | None = None

    def measure(self, path: Path) -> Answer:
        """Everything a panel without networks says of the file as a loop of 16 frames of 64x48."""
        child = self._child()
        assert child.stdin is not None
        assert child.stdout is not None
        began = time.monotonic()
        child.stdin.write(os.fsencode(path) + b"\n")
        child.stdin.flush()
        ready, _, _ = select.select([child.stdout], [], [], self._limit_s)
        line = child.stdout.readline() if ready else b""
        took = time.monotonic() - began
        if not line:
            text = f"died with {child.wait(5)}" if ready else f"hung for more than {self._limit_s} s"
            self.close()
            return Answer(decodable=None, text=text, seconds=took, rss_mib=0, died=True)
        return Answer(**json.loads(line), seconds=took)

    def close(self) -> None:
        """End the child."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _child(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=os.environ | {"OMP_NUM_THREADS": "1"},
            )
        return self._process


def _serve() -> None:
    from models.errors import FarmError
    from models.metrics import STRUCTURE, Metric
    from models.vocabulary import JobType
    from workers.scoring.expectations import Expectations
    from workers.scoring.panel import Panel

    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
    kind = JobType.ANIMATION_LOOP
    ordered = Expectations(phase=kind.phase, job_type=kind, frame_count=16, width=64, height=48, fps=24)
    diagnostics = (Metric.LUMA_FLICKER, Metric.JITTER, Metric.FRAME_ORDER)
    wanted = [(metric, "none") for metric in (*STRUCTURE, *diagnostics)]
    panel = Panel(Path("/nowhere"), device="cpu")
    for line in sys.stdin.buffer:
        decodable, text, unexpected = None, "", ""
        try:
            first = panel.measure(Path(os.fsdecode(line.rstrip(b"\n"))), ordered, wanted)[0]
            decodable, text = first.value, str(first.detail.get("text", ""))
        except FarmError as error:
            # The panel turns an exception it did not expect into a failed step.
            unexpected = str(error)
        answer = {"decodable": decodable, "text": text, "rss_mib": _peak_mib(), "unexpected": unexpected}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _peak_mib() -> int:
    """The most memory this program has held; `ru_maxrss` would count what its parent held at its start."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    [peak_kib] = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(peak_kib) // 1024


if __name__ == "__main__":
    _serve()
