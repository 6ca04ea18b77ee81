"""`make bench-scoring`: the panel against the usual way of scoring, in one run and on the same weights.

A 120-frame video of the procedural renderer at 1280 x 720, once with all frames different and once drawn on
twos, with the phase-3 panel of the `embedded` profile; then the LPIPS part alone, on frames decoded before;
then 24 frames of each kind with the `spec` profile's on seeded weights, and the peak memory of each side. Both
sides run in one process with one torch and one OpenCV thread, in alternating order; the medians are compared,
and the numbers must be equal to 1e-4.
Progress goes to stderr; the last line on stdout is one JSON value in the shape of every bench.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from farm.settings import Settings
from tests.bench import race_spec, seeded_networks
from tests.bench.race import HEIGHT, SIDES, WIDTH, Bench, say
from tests.bench.race_spec import SpecBench
from tests.bench.scoring_memory import peak_mib

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.race import Contest

    Figures = dict[str, float]

#: how many times as fast as the usual way the panel must at least be, and the name scripts read it under
_GOALS = {
    "ones_times_as_fast": ("ratio_distinct", 1.5),
    "twos_times_as_fast": ("ratio_on_twos", 2.5),
    "lpips_times_as_fast": ("ratio_lpips", 2.2),
}
_EQUAL = 1e-4


def main(argv: list[str] | None = None) -> int:
    """Measure, and print the JSON line; exit code 1 when a goal is missed or the numbers differ."""
    options = _options(argv)
    figures: Figures = {}
    for profile in options.profile:
        figures |= _RACES[profile](options)
    return _told(figures)


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=Path, default=Settings().networks_dir)
    parser.add_argument("--profile", nargs="+", choices=_RACES, default=list(_RACES))
    parser.add_argument("--runs", type=int, default=2, help="of each side on each clip")
    parser.add_argument("--frames", type=int, default=120, help="an even number; the goals are for 120")
    parser.add_argument("--spec-frames", type=int, default=24, help="an even number; DINO takes its time")
    return parser.parse_args(argv)


def _embedded(options: argparse.Namespace) -> Figures:
    bench = Bench(options.networks, options.frames)
    figures: Figures = {}
    with tempfile.TemporaryDirectory() as folder:
        ones, twos = bench.draw(Path(folder))
        beside = bench.draw_neighbour(Path(folder))
        for name, master in {"ones": ones, "twos": twos}.items():
            say(name)
            contest = bench.contest(master, beside, options.runs)
            figures |= _read(name, contest, options.frames)
            figures |= {f"{name}_one_by_one_{part}_s": took for part, took in contest.parts.items()}
        say("lpips")
        return figures | _read("lpips", bench.lpips_part(ones, options.runs), options.frames)


def _spec(options: argparse.Namespace) -> Figures:
    say(f"spec, {options.spec_frames} frames of {WIDTH} x {HEIGHT}: {race_spec.WEIGHTS}")
    figures: Figures = {}
    with tempfile.TemporaryDirectory() as folder:
        networks = Path(folder) / "networks"
        seeded_networks.write(networks, options.networks)
        bench = SpecBench(networks, options.spec_frames)
        ones, twos = bench.draw(Path(folder))
        beside = bench.draw_neighbour(Path(folder))
        for name, master in {"spec_ones": ones, "spec_twos": twos}.items():
            say(name)
            contest = bench.contest(master, beside, options.runs)
            peaks = bench.peaks(name, master, beside) if master == ones else None
            figures |= _read(name, contest, options.spec_frames, peaks)
    return figures


def _read(name: str, contest: Contest, frames: int, peaks: Figures | None = None) -> Figures:
    """The figures of one contest, and one line of them for people."""
    found = contest.figures(name, frames) | (peaks or {})
    sides = []
    for side in SIDES:
        memory = ""
        if peaks:
            loading, whole = (peaks[f"{name}_{side}_{when}_mib"] for when in ("loading", "peak"))
            memory = f", at most {whole:,.0f} MiB ({loading:,.0f} to load)"
        sides.append(f"{side} {found[f'{name}_{side}_frames_a_second']:.2f} frames/s{memory}")
    worst = max(contest.differences, key=lambda metric: contest.differences[metric])
    say(
        f"{name}: {'; '.join(sides)}; {found[f'{name}_times_as_fast']:.2f} times as fast, "
        f"{found[f'{name}_times_less_cpu']:.2f} times less CPU; "
        f"largest difference {contest.largest_difference:.1e} ({worst.value})"
    )
    return found


def _told(figures: Figures) -> int:
    differences = [value for name, value in figures.items() if name.endswith("_largest_difference")]
    summary = {read: figures[own] for own, (read, _) in _GOALS.items() if own in figures}
    summary |= {"max_abs_difference": max(differences), "peak_rss_mib": peak_mib()}
    rounded = {
        name: round(value, 10 if "difference" in name else 2) for name, value in (summary | figures).items()
    }
    goals = {
        read: {"goal": goal, "value": rounded[read], "met": summary[read] >= goal}
        for read, goal in _GOALS.values()
        if read in summary
    }
    goals["max_abs_difference"] = {
        "goal": _EQUAL,
        "value": rounded["max_abs_difference"],
        "met": max(differences) <= _EQUAL,
    }
    machine = {"cpus": os.cpu_count(), "architecture": platform.machine(), "python": platform.python_version()}
    print(json.dumps({"bench": "bench-scoring", "machine": machine, "figures": rounded, "goals": goals}))
    return 0 if all(goal["met"] for goal in goals.values()) else 1


_RACES: dict[str, Callable[[argparse.Namespace], Figures]] = {"embedded": _embedded, "spec": _spec}


if __name__ == "__main__":
    sys.exit(main())
