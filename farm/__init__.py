"""The front of the house: what decides, and what a person, a script or Echo calls.

Settings, SDK (`client`) and command line (`cli`); orders, recipes and what ComfyUI must have for them
(`orders`); gates, retakes and calibration (`judging`); reproductions, deliveries and dailies; the Echo client;
the servers that `farm up` starts. What needs pixels joins through the entry points in `extras`.

`from farm import Farm` is all a script needs. Loading is lazy, so that importing this package costs nothing,
and refuses a stranger's `models` or `db`: those names are generic, and another package of that name on the path
would otherwise answer in place of ours with errors nobody understands.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from farm.client import Farm
    from farm.orders.form import Order

__all__ = ["Farm", "Order"]

_LAZY = {"Farm": "farm.client", "Order": "farm.orders.form"}


def _refuse_strangers() -> None:
    """Raise ImportError when `models` or `db` would be answered by somebody else's package."""
    ours = Path(__file__).resolve().parent.parent
    for name in ("models", "db"):
        spec = find_spec(name)
        folder = Path(spec.origin).resolve().parent if spec and spec.origin else None
        if folder is None or folder.parent != ours:
            raise ImportError(
                f"The farm needs its own package `{name}` from {ours}, but Python finds "
                f"{folder or 'none'} under that name. "
                f"Start from another folder, or take the other `{name}` off PYTHONPATH."
            )


_refuse_strangers()


def __getattr__(name: str) -> Any:
    """Load the SDK on first use."""
    if name not in _LAZY:
        raise AttributeError(f"module 'farm' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LAZY[name]), name)
