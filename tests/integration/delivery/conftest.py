"""What tests of delivery share: a studio of their own, which the command opens as its farm."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from db.files.artifacts import ArtifactStore
from farm.cli.commands import deliver as command
from farm.client import Farm
from tests.support.delivery_studio import Studio
from tests.support.factories import a_stored_show, settings_for

if TYPE_CHECKING:
    from pathlib import Path

    from db.engine import Database


@pytest.fixture
def studio(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Studio:
    """A show without a take; the command opens the same farm."""
    farm = Farm(settings_for(tmp_path), database=database)
    farm.store = ArtifactStore(tmp_path / "artifacts", min_free_bytes=0)

    @contextmanager
    def opened() -> Any:
        yield farm

    monkeypatch.setattr(command, "opened", opened)
    with database.transaction() as session:
        show = a_stored_show(session)
    return Studio(farm, show, tmp_path / "delivered")
