"""Reads orders from YAML: one mapping, a list of them, or a list under `orders` beside shared fields."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from farm.paths import typed
from models.errors import BadInput

_HINT = "Write one order as `field: value` lines, or a list of such orders."
_MOST_BYTES = 16 * 1024**2


def read_orders(file: str | Path) -> list[dict[str, Any]]:
    """The orders of a file as mappings, at least one; their fields are checked when they are submitted.

    Raises:
        BadInput: the file cannot be read, is not YAML, or holds no order; the sentence names the line.
    """
    path = typed(str(file))
    parsed = _parsed(path)
    shared: dict[str, Any] = {}
    if isinstance(parsed, dict) and isinstance(parsed.get("orders"), list):
        shared = {name: value for name, value in parsed.items() if name != "orders"}
        parsed = parsed["orders"]
    orders = parsed if isinstance(parsed, list) else [parsed]
    if not orders:
        raise BadInput(f"{path.name} holds no order.", hint=_HINT)
    for number, order in enumerate(orders, start=1):
        if not isinstance(order, dict):
            raise BadInput(f"Order {number} in {path.name} is no set of fields.", hint=_HINT)
    return [{**shared, **{str(name): value for name, value in order.items()}} for order in orders]


def _parsed(path: Path) -> Any:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise BadInput(f"{path.name} is larger than {_MOST_BYTES // 2**20} MiB.", hint="Split it.")
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.", hint="Check the path.") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path.name} is not UTF-8 text.", hint="Save it as UTF-8.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise BadInput(f"{path.name} is not YAML{where}: {problem}.", hint=_HINT) from error
    except (ValueError, RecursionError) as error:
        # ValueError: a date such as 2026-02-31. RecursionError: brackets in brackets, thousands deep.
        raise BadInput(f"{path.name} holds a value that cannot be read as YAML.", hint=_HINT) from error
