"""Builds one reference from approved pictures and stores it: what a character or a style is to one network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.errors import BadInput, NotHere
from models.metrics import Metric
from models.nearest import unknown_name
from models.shows import NewReference
from workers.scoring.network_table import NETWORKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from farm.extras import Premises
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
    pictures: int
    used: int
    #: picture -> why it was left out: no face, or unlike the others
    outliers: dict[str, str]
    #: mean similarity of the used pictures to their own mean; None for a style
    baseline: float | None
    approved_by: Actor


def require_known(networks: Iterable[str], metrics: frozenset[Metric]) -> None:
    """Raises `UnknownName` for a network that makes no reference of this kind."""
    known = sorted(name for name, card in NETWORKS.items() if card.measures & metrics)
    for name in networks:
        if name not in known:
            raise unknown_name(name, known, "network that makes such a reference")


def first_frames(paths: Sequence[Path]) -> Pictures:
    """The first frame of each file; raises `BadInput` for what is no picture."""
    from workers.media.reading import read_frames

    try:
        return [next(iter(read_frames(path))) for path in paths]
    except OSError as error:
        raise NotHere(f"A reference picture cannot be read: {error}.", hint="Check the name.") from error


class Builder:
    """Makes and stores the references of one project."""

    def __init__(self, farm: Premises, project: str, shelf: Shelf) -> None:
        self._farm, self._project, self._shelf = farm, project, shelf

    def network(self, name: str, character: str | None) -> Network:
        """The network, loaded; raises `NotMeasured` when it is not installed here."""
        return self._shelf.faces(name) if character else self._shelf.embedder(name)

    def build(
        self, character: str | None, network: str, pictures: Pictures, names: Sequence[str], *, by: Actor
    ) -> Built:
        """Embed the pictures, keep what the network makes of them, and say which were left out.

        `names` say where each picture lies. Raises:
            NotMeasured: the network is missing or damaged, or the pictures are too few for a style.
            BadInput: no picture shows a face, or they show different people.
        """
        if character is None:
            return self._style(network, pictures, names, by)
        return self._character(character, network, pictures, names, by)

    def _character(self, slug: str, network: str, pictures: Pictures, names: Sequence[str], by: Actor) -> Built:
        from workers.scoring.gauges.faces import build_identity_reference

        reference = build_identity_reference(self._shelf.faces(network), pictures)
        self._farm.store_reference(
            self._project,
            NewReference(
                character=slug,
                network=reference.network,
                network_sha256=reference.sha256,
                image_paths=tuple(names),
                approved_by=by,
                embedding=reference.to_bytes(),
                baseline=reference.baseline,
            ),
        )
        return Built(
            character=slug,
            network=reference.network,
            network_sha256=reference.sha256,
            pictures=len(pictures),
            used=reference.images_used,
            outliers={names[each.position]: each.why for each in reference.outliers},
            baseline=reference.baseline,
            approved_by=by,
        )

    def _style(self, network: str, pictures: Pictures, names: Sequence[str], by: Actor) -> Built:
        from workers.scoring.gauges.style import build_style_reference

        reference = build_style_reference(self._shelf.embedder(network), pictures)
        self._farm.store_reference(
            self._project,
            NewReference(
                character=None,
                network=reference.network,
                network_sha256=reference.sha256,
                image_paths=tuple(names),
                approved_by=by,
                calibration=reference.to_json(),
            ),
        )
        return Built(
            character=None,
            network=reference.network,
            network_sha256=reference.sha256,
            pictures=len(pictures),
            used=reference.n,
            outliers={},
            baseline=None,
            approved_by=by,
        )


def pictures_named(texts: Sequence[str]) -> list[Path]:
    """The pictures a person named, in full; raises `BadInput` for one that is not there or stands twice."""
    from pathlib import Path

    paths = [Path(text).expanduser().resolve() for text in texts]
    for index, path in enumerate(paths):
        if not path.is_file():
            raise BadInput(f"There is no picture {texts[index]}.", hint="Check the name.")
        if path in paths[:index]:
            raise BadInput(f"The picture {texts[index]} stands here twice.", hint="Name each once.")
    return paths
