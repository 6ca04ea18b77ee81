"""What several commands read from their flags."""

from __future__ import annotations

import re

from models.errors import BadInput


def size_of(text: str | None) -> tuple[int, int] | None:
    """Width and height in pixels of `832x480`, each 1 to 99999; None where nothing was said.

    Raises:
        BadInput: it is no such pair.
    """
    if text is None:
        return None
    pair = re.fullmatch(r"([1-9]\d{0,4})[xX×]([1-9]\d{0,4})", text.strip())
    if not pair:
        raise BadInput(
            f"The size {text!r} cannot be read.", hint="Write width x height in pixels: --size 832x480."
        )
    return int(pair[1]), int(pair[2])
