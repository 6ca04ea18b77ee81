"""Reads the named tensors that `torch.save` wrote, without running any code a file may bring."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import torch

from models.errors import NotMeasured

if TYPE_CHECKING:
    from pathlib import Path


def read_state(path: Path, entry: str) -> dict[str, torch.Tensor]:
    """The tensors of a `.pth` file by name, on the CPU; `entry` is what the catalogue calls the file.

    Raises:
        NotMeasured: the file is damaged or holds anything but named tensors.
    """
    hint = f"Pull it again with `farm networks pull {entry}`."
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise NotMeasured(f"{path.name} holds no plain tensors that can be read.", hint=hint) from error
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise NotMeasured(f"{path.name} holds something else than named tensors.", hint=hint)
    return state
