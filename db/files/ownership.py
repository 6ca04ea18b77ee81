"""Whose an artifact store is: the id of its farm, in a file of the store itself."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from models import disk
from models.errors import StepFailed
from models.vocabulary import ErrorKind

if TYPE_CHECKING:
    from pathlib import Path

MARK = "farm.json"


def owner(root: Path) -> UUID | None:
    """The id of the farm whose store this is; None: no farm has signed it yet.

    Raises:
        StepFailed: it cannot be read, or does not say so (STORE_UNAVAILABLE).
    """
    mark = root / MARK
    with disk.step_errors(f"{mark} cannot be read"):
        try:
            content = mark.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
    try:
        return UUID(json.loads(content)["farm"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StepFailed(
            f"{mark} does not say whose takes these are.",
            error_kind=ErrorKind.STORE_UNAVAILABLE,
            hint="Look whether they are this farm's; `farm store adopt` then writes it anew.",
        ) from error


def sign(root: Path, farm_id: UUID, *, anew: bool = False) -> None:
    """Make the store, folder and all, that of this farm; who signed it first stays unless it is done `anew`.

    Raises:
        StepFailed: the store cannot be written (STORE_UNAVAILABLE) or is full (DISK_FULL).
    """
    mark, draft = root / MARK, root / f".{MARK}.{os.getpid()}.{os.urandom(4).hex()}"
    with disk.step_errors(f"the artifact store {root} cannot be written"):
        root.mkdir(parents=True, exist_ok=True)
        try:
            draft.write_text(json.dumps({"farm": str(farm_id), "since": f"{datetime.now(UTC):%FT%TZ}"}) + "\n")
            disk.sync(draft)
            if anew:
                draft.replace(mark)
            else:
                _put_where_nothing_is(draft, mark)
        finally:
            draft.unlink(missing_ok=True)
        for folder in (root, root.parent):
            disk.sync(folder)


def _put_where_nothing_is(draft: Path, mark: Path) -> None:
    with suppress(FileExistsError):
        try:
            os.link(draft, mark)
        except FileExistsError:
            raise
        except OSError:
            # A file system without links; of two farms at the same moment the later would win.
            if not mark.exists():
                draft.replace(mark)
