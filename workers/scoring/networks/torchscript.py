"""Reads the tensors of a TorchScript archive without running any of its code.

Such an archive is a zip of a pickled tree of modules, the raw numbers of each tensor, and source code that
`torch.jit.load` would compile. Only the tree and the numbers are wanted here, so modules become inert parts and
everything else a pickle could ask for is refused.
"""

from __future__ import annotations

import collections
import io
import pickle
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from models.errors import NotMeasured

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TYPES = {"HalfStorage": torch.float16, "BFloat16Storage": torch.bfloat16, "FloatStorage": torch.float32}
#: what damaged or foreign archives raise while they are read
_DAMAGE = (
    zipfile.BadZipFile, pickle.UnpicklingError, EOFError, KeyError, IndexError, ValueError, TypeError,
    AttributeError, RuntimeError, RecursionError, NotImplementedError,
)  # fmt: skip


def read_tensors(path: Path, prefix: str) -> dict[str, torch.Tensor]:
    """The floating-point tensors below `prefix` (`visual.`) by their dotted names without it, on the CPU.

    Raises:
        NotMeasured: the file is no such archive, is damaged, or asks for anything but modules and tensors.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            (tree,) = (name for name in archive.namelist() if name.endswith("/data.pkl"))
            top = _Modules(io.BytesIO(archive.read(tree))).load()
            folder = tree.removesuffix("data.pkl") + "data/"
            return {
                name.removeprefix(prefix): stored.read(archive, folder)
                for name, stored in _walk(top, "")
                if name.startswith(prefix) and stored.kind in _TYPES and 0 not in stored.shape
            }
    except _DAMAGE as error:
        raise NotMeasured(
            f"{path.name} is no TorchScript archive that can be read: {str(error) or type(error).__name__}.",
            hint="Pull the file again with `farm networks pull`.",
        ) from error


@dataclass(frozen=True, slots=True)
class _Storage:
    kind: str


@dataclass(frozen=True, slots=True)
class _Stored:
    """Where one tensor lies in the archive."""

    kind: str
    key: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def read(self, archive: zipfile.ZipFile, folder: str) -> torch.Tensor:
        flat = torch.frombuffer(bytearray(archive.read(folder + self.key)), dtype=_TYPES[self.kind])
        return flat.as_strided(self.shape, self.strides, self.offset).contiguous()


class _Part:
    """A module of the archive, of which only the attributes are kept."""

    def __setstate__(self, state: Any) -> None:
        self.state = state


def _tensor(
    storage: _Stored, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *rest: Any
) -> _Stored:
    return _Stored(storage.kind, storage.key, offset, tuple(shape), tuple(strides))


def _nothing(*ignored: Any) -> None:
    """Stands where the archive tags lists of numbers, which no weights need."""


class _Modules(pickle.Unpickler):
    """Unpickles parts and the places of tensors; a pickle that asks for more is refused."""

    def find_class(self, module: str, name: str) -> Any:
        """The inert stand-in for what the pickle asks for."""
        if module == "__torch__" or module.startswith("__torch__."):
            return _Part
        if module == "torch" and name.endswith("Storage"):
            return _Storage(name)
        if module == "torch.jit._pickle":
            return _nothing
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")

    def persistent_load(self, pid: Any) -> _Stored:
        """The storage that a tensor names: its type and the archive member that holds it."""
        _, storage, key, *_ = pid
        return _Stored(storage.kind, str(key), 0, (), ())


def _walk(part: Any, prefix: str) -> Iterator[tuple[str, _Stored]]:
    for name, value in (part.state if isinstance(part, _Part) else {}).items():
        if isinstance(value, _Stored):
            yield prefix + name, value
        elif isinstance(value, _Part):
            yield from _walk(value, f"{prefix}{name}.")
