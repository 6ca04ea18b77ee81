"""What commands open to do their work: this machine's settings and the SDK; imported only when one runs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from farm.client import Farm
    from farm.settings import Settings


def here() -> Settings:
    """This machine's settings; raises `BadInput` when a variable cannot be used."""
    from farm.settings import settings

    return settings()


@contextmanager
def opened() -> Iterator[Farm]:
    """The farm of this folder, or the one far away that FARM_URL names; closed at the end.

    Raises:
        NotHere: it does not run.
    """
    from farm.client import Farm

    settings = here()
    key = settings.key.get_secret_value() if settings.key else None
    with Farm.connect(settings.url, key) if settings.url else Farm(settings) as farm:
        yield farm
