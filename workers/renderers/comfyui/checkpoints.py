"""Which files of weights a graph loads, and their hashes, where ComfyUI's model folder can be read."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workers.renderers.comfyui.graph import Graph

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

#: inputs by which loaders name a file of weights
LOADER_INPUTS = frozenset(_FOLDERS)


def loaded(graph: Graph) -> Iterator[tuple[str, str]]:
    """Every file a graph loads, as (loader input, name), each once."""
    seen = set()
    for node in graph.values():
        for name, value in node["inputs"].items():
            if name in _FOLDERS and isinstance(value, str) and value and (name, value) not in seen:
                seen.add((name, value))
                yield name, value


class CheckpointHashes:
    """SHA-256 of the files in a model folder; a file is read again only when its size or time changed."""

    def __init__(self, models_dir: Path | None, memory: Path | None = None) -> None:
        """`models_dir` is ComfyUI's `models`; `memory` keeps hashes between processes."""
        self._models_dir = models_dir
        self._memory = memory

    def of(self, graph: Graph) -> dict[str, str]:
        """File name -> SHA-256 in hexadecimal; empty where the file cannot be read from here."""
        return {value: self._hash(name, value) for name, value in loaded(graph)}

    def _hash(self, name: str, value: str) -> str:
        path = self._find(name, value)
        if path is None:
            return ""
        stat = path.stat()
        key = f"{path}|{stat.st_size}|{stat.st_mtime_ns}"
        known = self._known()
        if key not in known:
            with path.open("rb") as file:
                known[key] = hashlib.file_digest(file, "sha256").hexdigest()
            self._remember(known)
        return known[key]

    def _find(self, name: str, value: str) -> Path | None:
        if self._models_dir is None:
            return None
        root = self._models_dir.resolve()
        for folder in _FOLDERS[name]:
            path = (root / folder / value).resolve()
            if path.is_relative_to(root) and path.is_file():
                return path
        return None

    def _known(self) -> dict[str, str]:
        if self._memory is None or not self._memory.is_file():
            return {}
        try:
            return dict(json.loads(self._memory.read_text()))
        except ValueError:
            return {}

    def _remember(self, known: dict[str, str]) -> None:
        if self._memory is not None:
            self._memory.parent.mkdir(parents=True, exist_ok=True)
            partial = self._memory.with_name(f".{self._memory.name}.{os.getpid()}")
            partial.write_text(json.dumps(known))
            os.replace(partial, self._memory)
