"""A farm that is given its settings is that farm, whatever this machine's environment names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from farm import broker
from farm.client import Farm
from farm.settings import settings
from models.errors import NotHere
from tests.support.factories import SHOW, settings_for

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def _elsewhere(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A machine whose own servers do not answer."""
    monkeypatch.setenv("FARM_DATABASE_URL", "postgresql://127.0.0.1:1/none")
    monkeypatch.setenv("FARM_REDIS_URL", "redis://127.0.0.1:1/4")
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.usefixtures("_elsewhere")
def test_a_farm_with_settings_of_its_own_stores_and_wakes_there(
    servers: Any, database_url: str, tmp_path: Path
) -> None:
    own = settings_for(
        tmp_path,
        given_database_url=database_url,
        given_redis_url=servers.redis_url,
        queue_prefix=f"{tmp_path.name}:",
    )
    project = {**SHOW["project"], "slug": "elsewhere"}  # type: ignore[dict-item]
    file = tmp_path / "show.yaml"
    file.write_text(yaml.safe_dump({**SHOW, "project": project}))

    with Farm(own) as farm:
        stored = farm.load_show(file)
        job = farm.submit(project=stored.project, cut="1/10/10", requested_by="script:test")

        assert farm.job(job.job_id).row.project == "elsewhere"
        sender = broker.sender(own)
        assert broker.queue_length(broker.render_queue(job.pool), sender) == 1
        sender.close()


@pytest.mark.usefixtures("_elsewhere")
def test_a_farm_without_named_servers_does_not_take_those_of_the_machine(tmp_path: Path) -> None:
    own = settings().model_copy(
        update={"state_dir": tmp_path, "given_database_url": None, "given_redis_url": None}
    )

    with pytest.raises(NotHere, match="not running here"):
        Farm(own)
