"""How large a frame may be before it is refused unseen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

#: 64 megapixels are 192 MiB of RGB: room for 8K and a poster, not for a file that unpacks to gigabytes
MAX_FRAME_PX = 64 * 1024 * 1024


def require_bounded(path: Path, width: int, height: int) -> None:
    """Refuse a frame that is too large to decode safely.

    Raises:
        BadInput: more than `MAX_FRAME_PX` pixels.
    """
    if width * height > MAX_FRAME_PX:
        raise BadInput(
            f"{path.name} is {width}x{height}; a frame may have {MAX_FRAME_PX // 1024**2} megapixels at most.",
            hint="Scale it down.",
        )
