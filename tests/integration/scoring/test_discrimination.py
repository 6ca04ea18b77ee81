"""Good clips pass and each fault is refused under its own name, on film and on drawn clips."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pytest

from farm.settings import Settings
from models.vocabulary import JobType
from tests.bench.discrimination import Trier
from tests.bench.footage import real_clips, toon, toon_clips
from tests.bench.tampering import TAMPERINGS
from workers.scoring import weights
from workers.scoring.panel import Panel

if TYPE_CHECKING:
    from tests.bench.footage import Material

_NEEDED = ("lpips-alex", "efficientnet-lite0")
_SHORT = (
    real_clips()[3],
    toon("loop on twos", 8, JobType.ANIMATION_LOOP, 16),
    toon("loop on ones", 7, JobType.ANIMATION_LOOP, 16),
)


@pytest.fixture(scope="module")
def trier(tmp_path_factory: pytest.TempPathFactory) -> Trier:
    pulled = Settings().networks_dir
    if not all((pulled / weights.entry(name).file).is_file() for name in _NEEDED):
        pytest.skip("the embedded networks have not been pulled; run make networks")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import lpips  # noqa: F401 - its own imports warn
    return Trier(Panel(pulled, device="cpu", threads=1), tmp_path_factory.mktemp("takes"))


def misjudged(trier: Trier, material: Material) -> list[str]:
    return [cell.told() for cell in trier.try_all(material) if not cell.as_wanted]


@pytest.mark.parametrize("material", _SHORT, ids=lambda material: material.name)
def test_a_good_clip_passes_and_each_fault_is_refused_by_name(trier: Trier, material: Material) -> None:
    assert misjudged(trier, material) == []


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("material", [*real_clips(), *toon_clips()], ids=lambda material: material.name)
def test_the_whole_table_holds(trier: Trier, material: Material) -> None:
    assert misjudged(trier, material) == []


def test_every_fault_says_what_must_refuse_it_or_why_nothing_does() -> None:
    harmless = {each.name for each in TAMPERINGS if not each.refused_by and not each.not_judged}

    assert harmless == {"original", "slow fade"}
