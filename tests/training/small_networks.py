"""What training the style network and the scene network have in common: learn arrays, try them, write both."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from workers.scoring.networks.efficientnet_lite0 import EfficientNetLite0
from workers.scoring.networks.shelf import Shelf
from workers.scoring.networks.torch_device import set_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Learn = Callable[[EfficientNetLite0], Mapping[str, NDArray[np.float32]]]
    Try = Callable[[EfficientNetLite0, Path], dict[str, Any]]


def learn_and_try(
    networks: Path, file: Path, *, learn: Learn, try_unseen: Try, learnt_from: dict[str, int]
) -> None:
    """Write the arrays that `learn` answers to `file`, and what `try_unseen` finds of them to its `.json` twin.

    `networks` holds efficientnet-lite0; `learnt_from` is written down with the figures. One thread computes, so
    that two runs on one kind of machine write the same arrays.
    """
    set_threads(1)
    started = time.monotonic()
    lite0 = EfficientNetLite0(Shelf(networks).file("efficientnet-lite0"))
    np.savez(file, **learn(lite0))  # type: ignore[arg-type]
    figures = try_unseen(lite0, file)
    figures |= learnt_from | {"seconds": round(time.monotonic() - started)}
    told = json.dumps(figures, indent=2) + "\n"
    file.with_suffix(".json").write_text(told)
    sys.stdout.write(told)
