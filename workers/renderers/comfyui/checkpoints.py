"""Which files of weights a graph loads, and their hashes, where ComfyUI's model folder can be read."""

from __future__ import annotations

import json
import logging
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from models.disk import replace_text, sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from workers.renderers.comfyui.graph import Graph

_log = logging.getLogger(__name__)

#: loader input -> folders below `models` in which ComfyUI looks for it
_FOLDERS = {
    "ckpt_name": ("checkpoints",),
    "lora_name": ("loras",),
    "vae_name": ("vae",),
    "unet_name": ("diffusion_models", "unet"),
    "clip_name": ("text_encoders", "clip", "clip_vision"),
    "clip_name1": ("text_encoders", "clip"),
    "clip_name2": ("text_encoders", "clip"),
    "control_net_name": ("controlnet",),
    "style_model_name": ("style_models",),
}

#: a custom node may call its input as it likes; what it loads is known by the file's kind
_WEIGHTS = (".safetensors", ".sft", ".ckpt", ".pt", ".pt2", ".pth", ".bin", ".gguf", ".onnx", ".pkl")
#: a prompt loads one too: `embedding:name`, with or without the suffix
_EMBEDDING = re.compile(r"embedding:([\w./\\-]*[\w-])")


def names_weights(name: str, value: str) -> bool:
    """Whether an input of a node names a file of weights: told by a loader's input, or by the file's kind.

    >>> names_weights("lora_name", "ink"), names_weights("model", "Ink.PTH"), names_weights("text", "ink")
    (True, True, False)
    """
    return value != "" and (name in _FOLDERS or value.lower().endswith(_WEIGHTS))


def loaded(graph: Graph) -> Iterator[tuple[str, str]]:
    """Every file a graph loads, as (loader input, name), each once; one a prompt names is an `embedding`."""
    yield from dict.fromkeys(pair for node in graph.values() for pair in _named(node["inputs"]))


def _named(inputs: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in inputs.items():
        if not isinstance(value, str):
            continue
        if names_weights(name, value):
            yield name, value
        else:
            for embedding in _EMBEDDING.findall(value):
                yield "embedding", embedding


def checkpoint_hash(graph: Graph, hashes: Mapping[str, str]) -> str | None:
    """The hash of the checkpoint a graph samples with, the first of several; None where it is unknown."""
    for name, value in loaded(graph):
        if name in ("ckpt_name", "unet_name"):
            return hashes.get(value) or hashes.get(f"{name}={value}") or None
    return None


class CheckpointHashes:
    """SHA-256 of the files in a model folder; a file is read again only when its size or time changed."""

    def __init__(self, models_dir: Path | None, memory: Path | None = None) -> None:
        """`models_dir` is ComfyUI's `models`; `memory` keeps hashes between processes."""
        self._models_dir = models_dir
        self._memory = memory
        self._known: dict[str, str] = {}

    def of(self, graph: Graph) -> dict[str, str]:
        """File name -> SHA-256 in hexadecimal; empty where the file cannot be read from here.

        Where two loaders name different files alike, each is called `{loader input}={name}`.
        """
        files = list(loaded(graph))
        paths = {pair: self._path_of(*pair) for pair in files}
        hashes = self._hashes({path for path in paths.values() if path is not None})
        hash_of: dict[str, str] = {}
        for name, value in files:
            path = paths[name, value]
            alike = {paths[other] for other in files if other[1] == value}
            hash_of[value if len(alike) == 1 else f"{name}={value}"] = hashes.get(path, "") if path else ""
        return hash_of

    def replaced(self, server: str, hashes: Mapping[str, str]) -> tuple[str, ...]:
        """The files that are others now than when `server` last rendered with them: it still holds the old."""
        known = self._remembered()
        before = {name: known.get(_use(server, name)) for name in hashes}
        return tuple(name for name, now in hashes.items() if now and before[name] not in (None, now))

    def used(self, server: str, hashes: Mapping[str, str]) -> None:
        """Remember what `server` rendered with."""
        uses = {_use(server, name): sha256 for name, sha256 in hashes.items() if sha256}
        if not uses.items() <= self._remembered().items():
            self._remember(uses)

    def _hashes(self, paths: set[Path]) -> dict[Path, str]:
        """What is remembered is read once, and written once when something was learned."""
        keys = {path: key for path in paths if (key := _or_empty(_key, path))}
        if not set(keys.values()) <= self._known.keys():
            self._known |= self._remembered()
        missing = {key: path for path, key in keys.items() if key not in self._known}
        new = {key: sha256 for key, path in missing.items() if (sha256 := _or_empty(sha256_of, path))}
        if new:
            self._known |= new
            self._remember(new)
        return {path: self._known.get(key, "") for path, key in keys.items()}

    def _path_of(self, name: str, value: str) -> Path | None:
        try:
            return self._find(name, value)
        except OSError as error:
            _log.warning("%s cannot be looked for: %s", value, error)
            return None

    def _find(self, name: str, value: str) -> Path | None:
        """The one file that is meant; None when it is not here, or several of that name are."""
        if self._models_dir is None:
            return None
        root = self._models_dir
        if name in _FOLDERS:
            return next(_inside(root, _FOLDERS[name], value), None)
        if name == "embedding":
            names = (value, *(f"{value}{suffix}" for suffix in (".safetensors", ".pt", ".bin")))
            return next((path for each in names for path in _inside(root, ("embeddings",), each)), None)
        folders = sorted(folder.name for folder in root.iterdir() if folder.is_dir()) if root.is_dir() else []
        paths = set(_inside(root, folders, value))
        return paths.pop() if len(paths) == 1 else None

    def _remembered(self) -> dict[str, str]:
        if self._memory is None:
            return {}
        try:
            return dict(json.loads(self._memory.read_text()))
        except (OSError, ValueError, TypeError):
            # None yet, or not ours: the files themselves say it again.
            return {}

    def _remember(self, new: dict[str, str]) -> None:
        """Add to what other processes wrote meanwhile; where two write at once, one learns its hashes again."""
        if self._memory is None:
            return
        try:
            self._memory.parent.mkdir(parents=True, exist_ok=True)
            replace_text(self._memory, json.dumps(self._remembered() | new))
        except OSError as error:
            # A finished render is worth more than reading its weights once more.
            _log.warning("The hashes of weights cannot be kept in %s: %s", self._memory, error)


def _inside(root: Path, folders: Iterable[str], value: str) -> Iterator[Path]:
    """The files of that name below these folders of `root`; a studio's own links lead where it wants them."""
    name = PurePosixPath(value.replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts:
        return
    for folder in folders:
        path = root / folder / name
        if path.is_file():
            yield path.resolve()


def _use(server: str, name: str) -> str:
    return f"{server} {name}"


def _or_empty(of: Callable[[Path], str], path: Path) -> str:
    """What is asked of a file; empty, with a word in the log, where it cannot be read."""
    try:
        return of(path)
    except OSError as error:
        _log.warning("%s cannot be read: %s", path, error)
        return ""


def _key(path: Path) -> str:
    """Changes whenever the content may have; the second time is not under the control of who copies it here."""
    stat = path.stat()
    return f"{path}|{stat.st_size}|{stat.st_mtime_ns}|{stat.st_ctime_ns}"
