"""`make reproduce-demo`: draws every take of a demo again from the recipe inside its file, and compares pixels.

It needs no server and no database: `out/demo` (or the folder that is named) is all it reads. Progress goes to
stderr; the last line on stdout is one JSON value in the shape of every bench. Exit 1 when one is not identical.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

from models.errors import BadInput
from workers.media import provenance
from workers.media.comparison import Comparison, Equality, compare
from workers.renderers.registry import renderer


def main() -> int:
    """Compare, print the JSON line, and give the exit code."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "out/demo")
    masters = sorted((folder / "media").glob("*/master.*"))
    if not masters:
        raise SystemExit(f"There is no take in {folder / 'media'}. Run `make demo` first.")
    began = time.monotonic()
    identical = frames = 0
    for number, master in enumerate(masters, start=1):
        told = _again(master)
        identical += told.equality is Equality.IDENTICAL
        frames += told.frames[1]
        _say(f"{number:3} of {len(masters)}  {told.equality.value:10}  {master.parent.name}  {told.reason}")
    goal = {"goal": len(masters), "value": identical, "met": identical == len(masters)}
    figures = {
        "takes": len(masters),
        "identical": identical,
        "frames": frames,
        "seconds": round(time.monotonic() - began, 1),
    }
    machine = {"cpus": os.cpu_count(), "architecture": platform.machine(), "python": platform.python_version()}
    told_line = {
        "bench": "reproduce-demo",
        "machine": machine,
        "figures": figures,
        "goals": {"identical": goal},
    }
    print(json.dumps(told_line))
    return 0 if goal["met"] else 1


def _again(master: Path) -> Comparison:
    """One take drawn again on a cold cache, held against the first."""
    try:
        recipe = provenance.read(master).recipe
    except BadInput as error:
        raise SystemExit(f"{master}: {error}") from error
    with tempfile.TemporaryDirectory() as folder:
        made = renderer(recipe.renderer).render(
            recipe, Path(folder), progress=lambda *_: None, alive=lambda: True, cold=True
        )
        return compare(master, made.master, None)


def _say(text: str) -> None:
    print(text.rstrip(), file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
