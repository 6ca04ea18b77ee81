"""Admits orders for ComfyUI in a folder of their own, held against one that a worker reported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import yaml

from farm.judging import gate
from farm.orders import submission
from models.errors import Refused
from models.vocabulary import Phase
from tests.comfyui_server import png_bytes
from tests.support import ROOT
from tests.support.factories import a_stored_show, settings_for
from tests.support.queue_jobs import execute
from tests.support.reported_comfyui import report

if TYPE_CHECKING:
    from db.catalogue import NewJob
    from db.engine import Database
    from farm.settings import Settings
    from models.shows import StoredShow

EXAMPLE = ROOT / "examples" / "workflows" / "portrait.yaml"


@pytest.fixture(scope="module")
def comfyui_show(database: Database) -> StoredShow:
    with database.transaction() as session:
        stored = a_stored_show(session, defaults={"renderer": "comfyui", "model_name": "tiny.safetensors"})
        for phase in (Phase.LOOP, Phase.VIDEO):
            gate.open_door(session, stored.project_id, phase, by="Ada", reason="every kind is tested")
        return stored


class Desk:
    """Admits orders for the show in a folder of its own, with one ComfyUI reported."""

    def __init__(self, database: Database, show: StoredShow, folder: Path) -> None:
        self.database, self.show, self.folder = database, show, folder
        self.settings: Settings = settings_for(folder, workflows_dir=folder / "workflows")

    def admit(self, **fields: Any) -> NewJob:
        order = submission.parse({"project": self.show.project, "cut": "1/10/10", **fields})
        with self.database.transaction() as session:
            return submission.admit(session, order, self.settings)

    def refusal(self, **fields: Any) -> str:
        with pytest.raises(Refused) as refused:
            self.admit(**fields)
        assert "\n" not in str(refused.value)
        return str(refused.value)

    def picture(self, name: str = "pose.png") -> Path:
        path = self.folder / name
        path.write_bytes(png_bytes(np.zeros((64, 64, 3), np.uint8)))
        return path

    def workflow(self, name: str = "ours", graph: Any = None, **binding: Any) -> None:
        """A studio's workflow made from the example, with parts of its files replaced."""
        folder = self.settings.workflows_dir
        folder.mkdir(exist_ok=True)
        told = yaml.safe_load(EXAMPLE.read_text())
        (folder / f"{name}.yaml").write_text(yaml.safe_dump({**told, **binding}))
        given = json.loads(EXAMPLE.with_suffix(".json").read_text())
        (folder / f"{name}.json").write_text(json.dumps({**given, **(graph or {})}))


@pytest.fixture
def desk(database: Database, comfyui_show: StoredShow, tmp_path: Path) -> Desk:
    execute(database, "DELETE FROM workers")
    report(database)
    return Desk(database, comfyui_show, tmp_path)
