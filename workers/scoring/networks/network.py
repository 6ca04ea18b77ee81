"""What every network is: a name, the hash of its file and a device."""

from __future__ import annotations

from typing import Protocol


class Network(Protocol):
    """A loaded network; what it answers differs, how a score names it does not."""

    @property
    def name(self) -> str:
        """The name that scores and marks carry, e.g. `lpips-alex`."""
        ...

    @property
    def sha256(self) -> str:
        """SHA-256 of the file that decides its numbers."""
        ...

    @property
    def device(self) -> str:
        """Where it runs: `cpu`, `cuda`."""
        ...
