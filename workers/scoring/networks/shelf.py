"""The networks of one process: each is loaded when first asked, checked against `networks.toml`, and kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from models.errors import NotMeasured
from workers.scoring import weights
from workers.scoring.networks.network import (
    Embedder,
    FaceNetwork,
    Interpolator,
    Network,
    PairNetwork,
    Rater,
    ShotFinder,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workers.scoring.networks.efficientnet_lite0 import EfficientNetLite0

Kind = TypeVar("Kind", bound=Network)


class Shelf:
    """Hands out loaded networks by name; one that is missing or damaged makes its metric not measured.

    Every method raises `NotMeasured`: the network's file is missing or damaged, no network has that name, or it
    is of another kind.
    """

    def __init__(self, folder: Path, device: str | None = None) -> None:
        """`folder` is where `farm networks pull` put the files; `device` is `cpu`, `cuda`, or chosen here."""
        self.device = device
        self._folder = folder
        self._loaded: dict[str, Network] = {}

    def embedder(self, name: str) -> Embedder:
        """A network that makes one vector of a picture."""
        return self._of_kind(name, Embedder)  # type: ignore[type-abstract]

    def faces(self, name: str) -> FaceNetwork:
        """A network that finds faces and knows them."""
        return self._of_kind(name, FaceNetwork)  # type: ignore[type-abstract]

    def pairs(self, name: str) -> PairNetwork:
        """A network that compares two pictures."""
        return self._of_kind(name, PairNetwork)  # type: ignore[type-abstract]

    def interpolator(self, name: str) -> Interpolator:
        """A network that interpolates between two frames."""
        return self._of_kind(name, Interpolator)  # type: ignore[type-abstract]

    def rater(self, name: str) -> Rater:
        """A network that gives a picture a number."""
        return self._of_kind(name, Rater)  # type: ignore[type-abstract]

    def shot_finder(self, name: str) -> ShotFinder:
        """A network that finds cuts."""
        return self._of_kind(name, ShotFinder)  # type: ignore[type-abstract]

    def network(self, name: str) -> Network:
        """The network of that name, whatever it can do."""
        if name not in self._loaded:
            if name not in BUILDERS:
                raise NotMeasured(f"The network {name} is not available here.")
            self._loaded[name] = BUILDERS[name](self, name)
        return self._loaded[name]

    def file(self, entry: str) -> Path:
        """The checked file of an entry of `networks.toml`."""
        installed = weights.checked(self._folder, weights.entry(entry))
        hint = f"Run `farm networks pull {entry}`."
        if installed is None:
            raise NotMeasured(f"The network {entry} is not installed.", hint=hint)
        if installed.trouble:
            raise NotMeasured(f"The file of {entry} cannot be used: {installed.trouble}.", hint=hint)
        return installed.path

    def _of_kind(self, name: str, kind: type[Kind]) -> Kind:
        network = self.network(name)
        if not isinstance(network, kind):
            raise NotMeasured(f"The network {name} cannot measure this.")
        return network


def _lpips(shelf: Shelf, name: str) -> Network:
    from workers.scoring.networks.lpips import Lpips

    return Lpips(name.removeprefix("lpips-"), shelf.file(name), shelf.device)


def _transnetv2(shelf: Shelf, name: str) -> Network:
    from workers.scoring.networks.transnetv2 import TransNetV2

    return TransNetV2(shelf.file(name), shelf.device)


def _efficientnet_lite0(shelf: Shelf, name: str) -> EfficientNetLite0:
    from workers.scoring.networks.efficientnet_lite0 import EfficientNetLite0

    return EfficientNetLite0(shelf.file(name), shelf.device)


def _dis_flow(shelf: Shelf, name: str) -> Network:
    from workers.scoring.networks.dis_flow import DisFlow

    return DisFlow()


def _toon(shelf: Shelf, name: str) -> Network:
    from workers.scoring.networks import identity_toon, scene_toon, style_toon

    kinds = (identity_toon.IdentityToon, style_toon.StyleToon, scene_toon.SceneToon)
    # The features under them are loaded once for all three.
    lite0 = cast("EfficientNetLite0", shelf.network("efficientnet-lite0"))
    return next(kind for kind in kinds if kind.name == name)(lite0)


def _arcface(shelf: Shelf, name: str) -> Network:
    from workers.scoring.networks.arcface import ArcFace

    return ArcFace(shelf.file("buffalo_l"), shelf.device)


def _ccip(shelf: Shelf, name: str) -> Network:
    from workers.scoring.networks import ccip

    variant = next(each for each in (ccip.PRUNED, ccip.B36) if each.name == name)
    return ccip.Ccip(
        variant,
        features=shelf.file(variant.entry),
        differences=shelf.file("ccip-metrics"),
        person=shelf.file("anime-person"),
        device=shelf.device,
    )


def _dino_vitb16(shelf: Shelf, name: str) -> Network:
    from workers.scoring.networks import dino_vitb16

    return dino_vitb16.DinoVitB16(shelf.file(name), dino_vitb16.SHAPE, shelf.device)


def _clip_vit(shelf: Shelf, name: str) -> Network:
    from workers.scoring.networks import clip_vit

    shape = clip_vit.L14 if name == "clip-vit-l14" else clip_vit.B32
    return clip_vit.ClipVit(name, shelf.file(name), shape, shelf.device)


def _clip_l14_laion(shelf: Shelf, name: str) -> Network:
    from workers.scoring.networks.laion_aesthetic import LaionAesthetic

    head = shelf.file("laion-aesthetic")
    return LaionAesthetic(shelf.embedder("clip-vit-l14"), head)


def _amt_s(shelf: Shelf, name: str) -> Network:
    from workers.scoring.networks.amt_s import AmtS

    return AmtS(shelf.file(name), shelf.device)


#: name -> how it is loaded; torch, onnxruntime and the rest are imported only then
BUILDERS: dict[str, Callable[[Shelf, str], Network]] = {
    "lpips-alex": _lpips,
    "lpips-vgg": _lpips,
    "transnetv2": _transnetv2,
    "efficientnet-lite0": _efficientnet_lite0,
    "dino-vitb16": _dino_vitb16,
    "clip-vit-l14": _clip_vit,
    "clip-vit-b32": _clip_vit,
    "clip-l14-laion": _clip_l14_laion,
    "dis-flow": _dis_flow,
    "amt-s": _amt_s,
    "toon-id": _toon,
    "toon-style": _toon,
    "toon-scene": _toon,
    "arcface-buffalo_l": _arcface,
    "ccip-caformer-24-randaug-pruned": _ccip,
    "ccip-caformer_b36-24": _ccip,
}
