"""Random numbers that depend on words alone, the same in every process and on every machine."""

from __future__ import annotations

import hashlib

import numpy as np


def chance(*words: object) -> np.random.Generator:
    """A PCG64 generator seeded by the SHA-256 of `words`; equal words give equal numbers."""
    text = "\x1f".join(str(word) for word in words)
    return np.random.Generator(
        np.random.PCG64(int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big"))
    )


def pick(words: tuple[str, ...], *seed: object) -> str:
    """One of `words`, chosen by `seed`."""
    return words[int(chance(*seed).integers(len(words)))]
