"""A person's own picture or clip as a take: kept under its content, so that it cannot change."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from db.files.artifacts import ArtifactStore
from farm.orders import limits, pictures, undrawn
from farm.orders.plan import Plan, recipe_of
from farm.paths import confined
from models import disk, pools
from models.disk import sha256_of
from models.errors import OrderRefused
from models.pools import IMPORTED
from models.recipe import InputPicture
from workers.renderers import registry

if TYPE_CHECKING:
    from farm.orders.plan import Ordered
    from farm.settings import Settings


def plan(ordered: Ordered, settings: Settings) -> Plan:
    """The recipe of a given file; raises `OrderRefused` for what it cannot be, and as `given` does."""
    order, can = ordered.order, registry.capabilities(ordered.renderer)
    limits.refuse_kind(ordered, can)
    if order.start_image is None:
        raise OrderRefused(
            f"The renderer '{IMPORTED}' takes a file, and the order names none.", hint="Name start_image."
        )
    outcome = undrawn.of_order(ordered)
    frames = limits.frame_count(ordered, can)
    file = given(order.start_image, settings)
    width, height = _size(ordered, Path(file.path))
    limits.refuse_size(ordered.renderer, can, width, height)
    recipe = recipe_of(
        ordered,
        width=width,
        height=height,
        frame_count=frames,
        # Nothing is drawn, so that the same file is the same recipe.
        seed=0,
        start_image=InputPicture(path=str(address(file, settings)), sha256=file.sha256),
    )
    return Plan(recipe=recipe, pool=pools.pool(ordered.renderer), not_drawn=outcome.not_drawn)


def given(raw: str, settings: Settings) -> InputPicture:
    """The file that somebody names, known by its content.

    Raises:
        Forbidden: it lies outside the allowed folders.
        UnknownName: there is no such file.
        OrderRefused: it is too large, or cannot be read.
    """
    path = confined(raw, (*settings.roots, settings.artifacts_dir), "file")
    try:
        if path.stat().st_size > settings.max_input_bytes:
            raise OrderRefused(
                f"The file '{raw}' is larger than {settings.max_input_bytes // 2**20} MiB.",
                hint="FARM_MAX_INPUT_BYTES sets how large a file may be.",
            )
        return InputPicture(path=str(path), sha256=sha256_of(path))
    except OSError as error:
        raise OrderRefused(
            f"The file '{raw}' cannot be read: {error.strerror or error}.", hint="Check its rights."
        ) from error


def address(file: InputPicture, settings: Settings) -> Path:
    """Where the store keeps it."""
    relative = f"inbox/{file.sha256}{Path(file.path).suffix.lower()}"
    return ArtifactStore(settings.artifacts_dir).path(relative)


def keep(file: InputPicture, settings: Settings) -> None:
    """Copy it into the store; harmless where it lies there.

    Raises:
        StepFailed: the store is full or cannot be written.
        OrderRefused: the file was changed while it was copied.
    """
    target = address(file, settings)
    if target.is_file():
        return
    with disk.step_errors(f"the artifact store {settings.artifacts_dir} cannot be written"):
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".keep-") as scratch:
            draft = Path(shutil.copyfile(file.path, Path(scratch) / target.name))
            if sha256_of(draft) != file.sha256:
                raise OrderRefused(
                    f"The file {file.path} was changed while it was copied.", hint="Give it again."
                )
            draft.chmod(0o444)
            os.replace(draft, target)


def _size(ordered: Ordered, file: Path) -> tuple[int, int]:
    """Pixels: what was ordered; else a picture's own, and of a clip what the project asks for."""
    width, height = limits.size_of(ordered)
    own = None if ordered.order.job_type.is_motion else pictures.size_of(file)
    return (ordered.order.width or own[0], ordered.order.height or own[1]) if own else (width, height)
