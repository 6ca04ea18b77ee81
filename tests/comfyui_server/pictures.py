"""The pictures the stand-in makes: they follow from the graph, as a real one's do."""

from __future__ import annotations

import hashlib
import io
import json
from typing import Any

import numpy as np
from PIL import Image


def pixels(graph: dict[str, Any], saver: str) -> list[np.ndarray[Any, np.dtype[np.uint8]]]:
    """Frames that follow from everything in the graph but the name under which they are saved."""
    told = {node_id: node for node_id, node in graph.items() if node_id != saver}
    stripped = {k: {**v, "_meta": None} for k, v in told.items()}
    seed = int.from_bytes(hashlib.sha256(json.dumps(stripped, sort_keys=True).encode()).digest()[:8], "big")
    sizes = [node["inputs"] for node in told.values() if "width" in node["inputs"]]
    width, height = (int(sizes[0]["width"]), int(sizes[0]["height"])) if sizes else (64, 64)
    count = int(sizes[0].get("length", sizes[0].get("batch_size", 1))) if sizes else 1
    draw = np.random.default_rng(seed)
    base = draw.integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8)
    picture = np.kron(base, np.ones((8, 8, 1), np.uint8))[:height, :width]
    return [np.roll(picture, 2 * index, axis=1) for index in range(count)]


def png_bytes(picture: np.ndarray[Any, np.dtype[np.uint8]]) -> bytes:
    """A picture as a PNG file, for tests that upload one."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()
