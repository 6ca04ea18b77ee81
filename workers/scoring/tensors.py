"""Plain named arrays on disk, in the safetensors layout: no code runs when they are read.

Eight bytes little-endian length, a JSON header {name: {dtype, shape, data_offsets}}, then the raw numbers.
"""

from __future__ import annotations

import io
import json
import pickle
import struct
from typing import TYPE_CHECKING, Any

from models.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

_DTYPE = {"F32": "<f4", "F16": "<f2"}
_ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"): ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"): ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"): ("numpy", "ndarray"),
    ("numpy", "dtype"): ("numpy", "dtype"),
}


class _ArraysOnly(pickle.Unpickler):
    """Unpickles nothing but numpy arrays in plain containers; anything else could run code."""

    def find_class(self, module: str, name: str) -> Any:
        """The class a pickle asks for, when it belongs to a numpy array."""
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"the file asks for {module}.{name}")
        return super().find_class(*_ALLOWED[module, name])


def unpickle_arrays(data: bytes) -> dict[str, NDArray[np.float32]]:
    """The nested dict of arrays in a pickle, flattened to `outer/inner` names.

    Raises:
        BadInput: the pickle holds anything but arrays.
    """
    try:
        tree = _ArraysOnly(io.BytesIO(data)).load()
    except (pickle.UnpicklingError, EOFError, ValueError, AttributeError, ImportError) as error:
        raise BadInput(
            f"These weights are no plain arrays: {error}.", hint="Do not use the file; pull it again."
        ) from error
    return dict(_flatten(tree, ""))


def _flatten(tree: Any, prefix: str) -> list[tuple[str, NDArray[np.float32]]]:
    import numpy as np

    if isinstance(tree, np.ndarray) and tree.dtype == np.float32:
        return [(prefix, tree)]
    if not isinstance(tree, dict):
        raise BadInput(f"These weights hold a {type(tree).__name__} where an array is expected.")
    return [pair for key in sorted(tree) for pair in _flatten(tree[key], f"{prefix}/{key}" if prefix else key)]


def dump(tensors: Mapping[str, NDArray[Any]]) -> bytes:
    """The same arrays always give the same bytes."""
    import numpy as np

    header: dict[str, Any] = {}
    chunks: list[bytes] = []
    offset = 0
    for name in sorted(tensors):
        array = tensors[name]
        code = "F16" if array.dtype == np.float16 else "F32"
        raw = np.ascontiguousarray(array).astype(_DTYPE[code]).tobytes()
        header[name] = {"dtype": code, "shape": list(array.shape), "data_offsets": [offset, offset + len(raw)]}
        chunks.append(raw)
        offset += len(raw)
    text = json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(text)) + text + b"".join(chunks)


def load(path: Path) -> dict[str, NDArray[np.float32]]:
    """The arrays of a file made by `dump`.

    Raises:
        BadInput: the file is not of this layout.
    """
    import numpy as np

    content = path.read_bytes()
    try:
        (length,) = struct.unpack("<Q", content[:8])
        header: dict[str, Any] = json.loads(content[8 : 8 + length])
        body = memoryview(content)[8 + length :]
        return {
            name: np.frombuffer(body[slice(*spec["data_offsets"])], dtype=_DTYPE[spec["dtype"]])
            .astype(np.float32)
            .reshape(spec["shape"])
            for name, spec in header.items()
        }
    except (struct.error, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{path.name} is damaged: {error}.", hint="Run `farm networks pull`.") from error
