"""Builds one reference from approved pictures and keeps it: what a character or a style is to one network."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.disk import sha256_of
from models.errors import BadInput, NotHere
from models.shows import NewReference

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from db.files.artifacts import ArtifactStore
    from models.actors import Actor
    from workers.scoring.networks.network import Network
    from workers.scoring.networks.shelf import Shelf

    Pictures = list[NDArray[np.uint8]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A reference that was made and stored."""

    character: str | None  #: slug; None: the style
    network: str
    network_sha256: str
    #: of the vector it is
    dimensions: int
    pictures: int
    used: int
    #: picture -> why it was left out: no face, or unlike the others
    outliers: dict[str, str]
    #: mean similarity of the used pictures to their own mean; None for a style
    baseline: float | None
    approved_by: Actor


def first_frames(paths: Sequence[Path]) -> Pictures:
    """The first frame of each file; raises `BadInput` for what is no picture."""
    from workers.media.reading import read_frames

    try:
        return [next(iter(read_frames(path))) for path in paths]
    except OSError as error:
        raise NotHere(f"A reference picture cannot be read: {error}.", hint="Check the name.") from error


class Builder:
    """Makes the references of one project, and hands each to whoever keeps it."""

    def __init__(self, keep: Callable[[NewReference], None], shelf: Shelf) -> None:
        self._keep, self._shelf = keep, shelf

    def network(self, name: str, character: str | None) -> Network:
        """The network, loaded; raises `NotMeasured` when it is not installed here."""
        return self._shelf.faces(name) if character else self._shelf.embedder(name)

    def build(
        self, character: str | None, network: str, pictures: Pictures, names: Sequence[str], *, by: Actor
    ) -> Built:
        """Embed the pictures, keep what the network makes of them, and say which were left out.

        `names` say where each picture lies. Raises:
            NotMeasured: the network is missing or damaged, or the pictures are too few for a style.
            NoFace: no picture shows one.
            BadInput: they show different people.
        """
        if character is None:
            return self._style(network, pictures, names, by)
        return self._character(character, network, pictures, names, by)

    def _character(self, slug: str, network: str, pictures: Pictures, names: Sequence[str], by: Actor) -> Built:
        from workers.scoring.gauges.faces import build_identity_reference

        reference = build_identity_reference(self._shelf.faces(network), pictures)
        self._keep(
            NewReference(
                character=slug,
                network=reference.network,
                network_sha256=reference.sha256,
                image_paths=tuple(names),
                approved_by=by,
                embedding=reference.to_bytes(),
                baseline=reference.baseline,
            )
        )
        return Built(
            character=slug,
            network=reference.network,
            network_sha256=reference.sha256,
            dimensions=len(reference.vector),
            pictures=len(pictures),
            used=reference.images_used,
            outliers={names[each.position]: each.why for each in reference.outliers},
            baseline=reference.baseline,
            approved_by=by,
        )

    def _style(self, network: str, pictures: Pictures, names: Sequence[str], by: Actor) -> Built:
        from workers.scoring.gauges.style import build_style_reference

        reference = build_style_reference(self._shelf.embedder(network), pictures)
        self._keep(
            NewReference(
                character=None,
                network=reference.network,
                network_sha256=reference.sha256,
                image_paths=tuple(names),
                approved_by=by,
                calibration=reference.to_json(),
            )
        )
        return Built(
            character=None,
            network=reference.network,
            network_sha256=reference.sha256,
            dimensions=len(reference.centroid),
            pictures=len(pictures),
            used=reference.n,
            outliers={},
            baseline=None,
            approved_by=by,
        )


def kept(store: ArtifactStore, project: str, label: str, picture: Path) -> str:
    """Where the store keeps a picture that a person named, under its content: re-drawn, it is another.

    `label` says of whom it is. Raises `OSError`.
    """
    address = place(project, label, sha256_of(picture)[:16], picture.suffix.lower())
    target = store.path(address)
    if not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".keep-") as scratch:
            os.replace(shutil.copyfile(picture, Path(scratch) / target.name), target)
    return address


def place(project: str, label: str, name: str, suffix: str) -> str:
    """Where a picture of a reference lies in the store."""
    return f"references/{project}/{label}/{name}{suffix}"


def pictures_named(texts: Sequence[str]) -> list[Path]:
    """The pictures a person named, in full; raises `BadInput` for one that is not there or stands twice."""
    paths = [Path(text).expanduser().resolve() for text in texts]
    for index, path in enumerate(paths):
        if not path.is_file():
            raise BadInput(f"There is no picture {texts[index]}.", hint="Check the name.")
        if path in paths[:index]:
            raise BadInput(f"The picture {texts[index]} stands here twice.", hint="Name each once.")
    return paths
