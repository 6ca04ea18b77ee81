"""What integration tests share: a render floor for each test, one artifact store for each module, networks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.comfyui_floor import open_studio
from tests.support.factories import a_stored_show
from tests.support.floor import Floor
from tests.support.queue_jobs import add_project, execute
from workers.scoring import weights

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any
    from uuid import UUID

    from db.engine import Database
    from models.shows import StoredShow
    from tests.support.comfyui_floor import Studio
    from workers.scoring.network_files import NetworkFile


@pytest.fixture(scope="module")
def floor_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One artifact store for all that a module's database remembers."""
    return tmp_path_factory.mktemp("floor")


@pytest.fixture
def floor_settings() -> dict[str, str]:
    """What the processes of the floor find in their environment beside its addresses; for a module to say."""
    return {}


@pytest.fixture
def floor(
    servers: Any, database: Database, database_url: str, floor_folder: Path, floor_settings: dict[str, str]
) -> Iterator[Floor]:
    """A floor without workers; whoever a test starts is ended with it."""
    execute(database, "DELETE FROM workers")
    floor = Floor(database, floor_folder, database_url, servers.redis_url, extra=floor_settings)
    yield floor
    floor.clear()


@pytest.fixture(scope="module")
def lasting_floor(servers: Any, database: Database, database_url: str, floor_folder: Path) -> Iterator[Floor]:
    """A floor whose workers serve one test after the other, because starting them takes seconds."""
    floor = Floor(database, floor_folder, database_url, servers.redis_url)
    yield floor
    floor.clear()


@pytest.fixture
def project(floor: Floor) -> UUID:
    """A project of one's own for the workers of the floor, whichever floor a module has."""
    return add_project(floor.database)


@pytest.fixture
def show(database: Database) -> StoredShow:
    """A show of one's own: two characters, one scene of three cuts."""
    with database.transaction() as session:
        return a_stored_show(session)


@pytest.fixture(scope="module")
def lasting_studio(servers: Any, database: Database, database_url: str, floor_folder: Path) -> Iterator[Studio]:
    """The same for workers that render at ComfyUIs; without any yet."""
    with open_studio(database, floor_folder, database_url, servers.redis_url) as studio:
        yield studio


@pytest.fixture
def unsealed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The catalogue of networks without its hashes, for files of the upstream format, but not its bytes."""
    sealed = weights.checked

    def unsealed(folder: Path, item: NetworkFile) -> weights.Installed | None:
        found = sealed(folder, item)
        return found and replace(found, trouble="")

    monkeypatch.setattr(weights, "checked", unsealed)
