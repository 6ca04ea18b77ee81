"""The networks of one process: each is loaded when first asked for, checked against the catalogue, and kept."""

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

    from workers.scoring.networks.ccip import Variant
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
            self._loaded[name] = BUILDERS[name](self)
        return self._loaded[name]

    def file(self, entry: str) -> Path:
        """The checked file of a catalogue entry."""
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


def _lpips_alex(shelf: Shelf) -> Network:
    from workers.scoring.networks.lpips import Lpips

    return Lpips("alex", shelf.file("lpips-alex"), shelf.device)


def _lpips_vgg(shelf: Shelf) -> Network:
    from workers.scoring.networks.lpips import Lpips

    return Lpips("vgg", shelf.file("lpips-vgg"), shelf.device)


def _transnetv2(shelf: Shelf) -> Network:
    from workers.scoring.networks.transnetv2 import TransNetV2

    return TransNetV2(shelf.file("transnetv2"), shelf.device)


def _efficientnet_lite0(shelf: Shelf) -> EfficientNetLite0:
    from workers.scoring.networks.efficientnet_lite0 import EfficientNetLite0

    return EfficientNetLite0(shelf.file("efficientnet-lite0"), shelf.device)


def _dis_flow(shelf: Shelf) -> Network:
    from workers.scoring.networks.dis_flow import DisFlow

    return DisFlow()


def _toon_id(shelf: Shelf) -> Network:
    from workers.scoring.networks.identity_toon import IdentityToon

    return IdentityToon(_lite0_of(shelf))


def _toon_style(shelf: Shelf) -> Network:
    from workers.scoring.networks.style_toon import StyleToon

    return StyleToon(_lite0_of(shelf))


def _toon_scene(shelf: Shelf) -> Network:
    from workers.scoring.networks.scene_toon import SceneToon

    return SceneToon(_lite0_of(shelf))


def _arcface(shelf: Shelf) -> Network:
    from workers.scoring.networks.arcface import ArcFace

    return ArcFace(shelf.file("buffalo_l"), shelf.device)


def _ccip(shelf: Shelf) -> Network:
    from workers.scoring.networks.ccip import PRUNED

    return _ccip_of(shelf, PRUNED)


def _ccip_b36(shelf: Shelf) -> Network:
    from workers.scoring.networks.ccip import B36

    return _ccip_of(shelf, B36)


def _ccip_of(shelf: Shelf, variant: Variant) -> Network:
    from workers.scoring.networks.ccip import Ccip

    return Ccip(
        variant,
        features=shelf.file(variant.entry),
        differences=shelf.file("ccip-metrics"),
        person=shelf.file("anime-person"),
        device=shelf.device,
    )


def _dino_vitb16(shelf: Shelf) -> Network:
    from workers.scoring.networks import dino_vitb16

    return dino_vitb16.DinoVitB16(shelf.file("dino-vitb16"), dino_vitb16.SHAPE, shelf.device)


def _clip_vit_l14(shelf: Shelf) -> Network:
    from workers.scoring.networks import clip_vit

    return clip_vit.ClipVit("clip-vit-l14", shelf.file("clip-vit-l14"), clip_vit.L14, shelf.device)


def _clip_vit_b32(shelf: Shelf) -> Network:
    from workers.scoring.networks import clip_vit

    return clip_vit.ClipVit("clip-vit-b32", shelf.file("clip-vit-b32"), clip_vit.B32, shelf.device)


def _clip_l14_laion(shelf: Shelf) -> Network:
    from workers.scoring.networks.laion_aesthetic import LaionAesthetic

    head = shelf.file("laion-aesthetic")
    return LaionAesthetic(shelf.embedder("clip-vit-l14"), head)


def _amt_s(shelf: Shelf) -> Network:
    from workers.scoring.networks.amt_s import AmtS

    return AmtS(shelf.file("amt-s"), shelf.device)


def _lite0_of(shelf: Shelf) -> EfficientNetLite0:
    """The features under the toon networks, loaded once for all of them."""
    return cast("EfficientNetLite0", shelf.network("efficientnet-lite0"))


#: name -> how it is loaded; torch, onnxruntime and the rest are imported only then
BUILDERS: dict[str, Callable[[Shelf], Network]] = {
    "lpips-alex": _lpips_alex,
    "lpips-vgg": _lpips_vgg,
    "transnetv2": _transnetv2,
    "efficientnet-lite0": _efficientnet_lite0,
    "dino-vitb16": _dino_vitb16,
    "clip-vit-l14": _clip_vit_l14,
    "clip-vit-b32": _clip_vit_b32,
    "clip-l14-laion": _clip_l14_laion,
    "dis-flow": _dis_flow,
    "amt-s": _amt_s,
    "toon-id": _toon_id,
    "toon-style": _toon_style,
    "toon-scene": _toon_scene,
    "arcface-buffalo_l": _arcface,
    "ccip-caformer-24-randaug-pruned": _ccip,
    "ccip-caformer_b36-24": _ccip_b36,
}
