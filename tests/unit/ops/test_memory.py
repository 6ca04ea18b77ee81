"""The peak of memory is that of the whole tree of processes."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

from farm.ops.memory import MemoryPeak


def test_the_memory_of_a_child_counts() -> None:
    with MemoryPeak(timedelta(milliseconds=10)) as peak:
        child = subprocess.Popen(
            [sys.executable, "-S", "-c", "held = bytearray(64 << 20); print(len(held), flush=True); input()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        child.stdout.readline()
        while peak.mib < 64:
            pass
        child.communicate("\n")

    assert peak.mib >= 64
