"""The networks of one process: each is loaded when first asked for, checked against the catalogue, and kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.errors import NotMeasured
from workers.scoring import weights

if TYPE_CHECKING:
    from pathlib import Path

    from workers.scoring.networks.dis_flow import DisFlow
    from workers.scoring.networks.efficientnet_lite0 import EfficientNetLite0
    from workers.scoring.networks.identity_toon import IdentityToon
    from workers.scoring.networks.lpips_alex import LpipsAlex
    from workers.scoring.networks.scene_toon import SceneToon
    from workers.scoring.networks.style_toon import StyleToon


class Shelf:
    """Hands out loaded networks; one that is missing or damaged makes its metric not measured."""

    def __init__(self, folder: Path, device: str | None = None) -> None:
        """`folder` is where `farm networks pull` put the files; `device` is `cpu`, `cuda`, or chosen here."""
        self._folder = folder
        self._device = device
        self._lpips: LpipsAlex | None = None
        self._lite0: EfficientNetLite0 | None = None
        self._flow: DisFlow | None = None
        self._identity: IdentityToon | None = None
        self._style: StyleToon | None = None
        self._scene: SceneToon | None = None

    def lpips_alex(self) -> LpipsAlex:
        """LPIPS on AlexNet.

        Raises:
            NotMeasured: its file is missing or damaged.
        """
        if self._lpips is None:
            from workers.scoring.networks import lpips_alex

            self._require(lpips_alex.NAME)
            self._lpips = lpips_alex.LpipsAlex(self._folder, self._device)
        return self._lpips

    def efficientnet_lite0(self) -> EfficientNetLite0:
        """EfficientNet-lite0, the features under identity, style, subject and continuity.

        Raises:
            NotMeasured: its file is missing or damaged.
        """
        if self._lite0 is None:
            from workers.scoring.networks import efficientnet_lite0

            self._require(efficientnet_lite0.NAME)
            self._lite0 = efficientnet_lite0.EfficientNetLite0(self._folder, self._device)
        return self._lite0

    def dis_flow(self) -> DisFlow:
        """DIS optical flow; has no file."""
        if self._flow is None:
            from workers.scoring.networks.dis_flow import DisFlow

            self._flow = DisFlow()
        return self._flow

    def identity_toon(self) -> IdentityToon:
        """The identity of the procedural renderer's characters.

        Raises:
            NotMeasured: the features under it are missing or damaged.
        """
        if self._identity is None:
            from workers.scoring.networks.identity_toon import IdentityToon

            self._identity = IdentityToon(self.efficientnet_lite0())
        return self._identity

    def style_toon(self) -> StyleToon:
        """The style of drawn pictures.

        Raises:
            NotMeasured: the features under it are missing or damaged.
        """
        if self._style is None:
            from workers.scoring.networks.style_toon import StyleToon

            self._style = StyleToon(self.efficientnet_lite0())
        return self._style

    def scene_toon(self) -> SceneToon:
        """Where a drawn picture plays.

        Raises:
            NotMeasured: the features under it are missing or damaged.
        """
        if self._scene is None:
            from workers.scoring.networks.scene_toon import SceneToon

            self._scene = SceneToon(self.efficientnet_lite0())
        return self._scene

    def _require(self, name: str) -> None:
        path = self._folder / weights.entry(name).file
        if not path.is_file():
            raise NotMeasured(f"The network {name} is not installed.", hint=f"Run `farm networks pull {name}`.")
        if weights.sha256_of(path) != weights.entry(name).kept_sha256:
            raise NotMeasured(f"The file of {name} is damaged.", hint=f"Run `farm networks pull {name}`.")
