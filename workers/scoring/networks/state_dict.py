"""Brings weights from a file into a network: nothing in it is run, nothing that does not fit is taken."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import nn

from models.errors import NotMeasured

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

Net = TypeVar("Net", bound=nn.Module)


def read_state(path: Path, entry: str, *, inside: str = "") -> dict[str, torch.Tensor]:
    """The tensors of a `.pth` file by name, on the CPU; `entry` is its name in `networks.toml`.

    `inside` names the part of a training checkpoint that holds them.

    Raises:
        NotMeasured: the file is damaged or holds anything but named tensors.
    """
    hint = f"Pull it again with `farm networks pull {entry}`."
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise NotMeasured(f"{path.name} holds no plain tensors that can be read.", hint=hint) from error
    if inside and isinstance(state, dict):
        state = state.get(inside)
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise NotMeasured(f"{path.name} holds something else than named tensors.", hint=hint)
    return state


def filled(build: Callable[[], Net], state: Mapping[str, torch.Tensor], network: str) -> Net:
    """A network with the weights `state`, by our names, as float32 on the CPU; ready to answer.

    Raises:
        NotMeasured: a tensor is missing, has another shape, or belongs to nothing.
    """
    with torch.device("meta"):
        # Random start values of 300 million weights cost seconds and are overwritten anyway.
        net = build()
    _refuse_mismatch(net.state_dict(), state, network)
    floats = {name: tensor.to(torch.float32) for name, tensor in state.items()}
    net.load_state_dict(floats, assign=True)
    return net.eval().requires_grad_(False)


def _refuse_mismatch(
    wanted: Mapping[str, torch.Tensor], given: Mapping[str, torch.Tensor], network: str
) -> None:
    missing = sorted(wanted.keys() - given.keys())
    odd = sorted(given.keys() - wanted.keys())
    reshaped = sorted(name for name in wanted.keys() & given.keys() if wanted[name].shape != given[name].shape)
    if missing:
        trouble = f"lacks {missing[0]}"
    elif odd:
        trouble = f"holds {odd[0]}, which this network has not"
    elif reshaped:
        name = reshaped[0]
        trouble = f"holds {name} as {tuple(given[name].shape)} instead of {tuple(wanted[name].shape)}"
    else:
        return
    raise NotMeasured(
        f"The file of {network} holds another network: it {trouble}.",
        hint=f"Pull it again with `farm networks pull {network}`.",
    )
