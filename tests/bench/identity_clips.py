"""What identity says of good clips, and of the same clips held to somebody else: where a clip's mark belongs.

`python -m tests.bench.identity_clips` draws loops and videos of the procedural renderer and prints, for each,
the value the gate judges (p5 over its frames, the least alike character) with its own people, and with the
first of them replaced by a stranger's reference.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from farm.settings import Settings
from models.metrics import Metric
from models.vocabulary import JobType
from tests.training.calibration import Trier
from workers.renderers.toon.random_scenes import clip
from workers.scoring.expectations import Expectations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.renderers.toon.random_scenes import Cast
    from workers.scoring.references import CharacterReference

_STRANGERS = range(1000, 1007)
_LENGTHS = {JobType.ANIMATION_LOOP: 16, JobType.FULL_VIDEO: 60}


def main(argv: Sequence[str] | None = None) -> int:
    """Print both values of every clip, and the lowest of the one and the highest of the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=Path, default=Settings().networks_dir)
    parser.add_argument("--loops", type=int, default=26)
    parser.add_argument("--videos", type=int, default=10)
    options = parser.parse_args(argv)
    own: list[float] = []
    others: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        trier = Trier(options.networks, Path(folder))
        for kind, count in ((JobType.ANIMATION_LOOP, options.loops), (JobType.FULL_VIDEO, options.videos)):
            for number in range(count):
                cast = clip(number, kind, length=_LENGTHS[kind])
                people = [trier.person(who) for who in cast.characters]
                stranger = trier.person(_STRANGERS[number % len(_STRANGERS)])
                master = trier.render(cast, "clip")
                right = _value(trier, master, cast, people)
                wrong = _value(trier, master, cast, [stranger, *people[1:]])
                sys.stdout.write(f"{kind.value} {number}: {right:.4f}, held to a stranger {wrong:.4f}\n")
                own.append(right)
                others.append(wrong)
    sys.stdout.write(f"{len(own)} clips: own at least {min(own):.4f}, a stranger's at most {max(others):.4f}\n")
    return 0


def _value(trier: Trier, master: Path, cast: Cast, people: Sequence[CharacterReference]) -> float:
    """The value; -1 where it could not be measured."""
    expectations = Expectations.of(cast.recipe, characters=tuple(people))
    (found,) = trier.panel.measure(master, expectations, [(Metric.IDENTITY, "toon-id")])
    return -1.0 if found.value is None else found.value


if __name__ == "__main__":
    sys.exit(main())
