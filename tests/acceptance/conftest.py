"""The studio of the acceptance tests: the whole farm up, the example show loaded, each phase made once."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from farm.client import Farm
from farm.demo import orders
from farm.ops import stack
from farm.settings import settings
from models.errors import PhaseLocked
from models.vocabulary import JobType, Phase
from tests.acceptance.studio import SHOW, Made, Studio, loaded
from tests.support.database_fixture import made_database

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def studio(servers: Any, database_template: str) -> Iterator[Studio]:
    """Workers, beat and Flower as `farm up` starts them, on servers of the test run, with the show loaded."""
    with (
        tempfile.TemporaryDirectory(prefix="farm-acceptance-") as folder,
        made_database(servers.database_url, f"acceptance_{Path(folder).name[-8:]}", database_template) as url,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("FARM_STATE_DIR", folder)
        patch.setenv("FARM_DATABASE_URL", url)
        patch.setenv("FARM_REDIS_URL", servers.redis_url)
        patch.setenv("FARM_QUEUE_PREFIX", f"{Path(folder).name}:")
        patch.setenv("FARM_FLOWER_PORT", "0")
        patch.setenv("FARM_API_PORT", "0")
        settings.cache_clear()
        try:
            stack.up(settings(), die_with_me=True, renderers=("toon",))
            with Farm() as farm:
                yield Studio(farm=farm, project=loaded(farm, SHOW))
        finally:
            stack.down(settings())
            settings.cache_clear()


@pytest.fixture(scope="session")
def refusal(studio: Studio) -> PhaseLocked | None:
    """What an order for a loop is answered while no still was made yet."""
    try:
        studio.farm.submit(project=studio.project, cut=studio.cuts[0].path, job_type=JobType.ANIMATION_LOOP)
    except PhaseLocked as error:
        return error
    return None


@pytest.fixture(scope="session")
def stills(studio: Studio, refusal: PhaseLocked | None) -> Made:
    """Every cut of the show as a still, and a sheet of every character."""
    return studio.make(orders.orders(Phase.STILL, studio.project, studio.cuts, studio.cast))


@pytest.fixture(scope="session")
def loops(studio: Studio, stills: Made) -> Made:
    """Six cuts as animation loops, ordered after the stills have opened their gate."""
    return studio.make(orders.orders(Phase.LOOP, studio.project, studio.cuts[:6], studio.cast))


@pytest.fixture(scope="session")
def videos(studio: Studio, loops: Made) -> Made:
    """Six cuts as full videos, ordered after the loops have opened their gate."""
    return studio.make(orders.orders(Phase.VIDEO, studio.project, studio.cuts, studio.cast))
