"""The reference Echo beside a farm: a task goes out, its take is called back, a decision comes home."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from farm import broker
from farm.client import Farm
from farm.demo.echo_brain import EchoBrain, running
from farm.events.courier import Courier
from models.access import Scope
from models.actors import Actor
from models.metrics import Metric
from tests.support.factories import judged, measured, settings_for
from tests.support.served import served

if TYPE_CHECKING:
    from pathlib import Path

    from db.engine import Database
    from models.shows import StoredShow

SECRET = "whsec_" + "c2VjcmV0" * 4


def test_a_dispatch_goes_from_echo_to_a_reviewed_take(
    database: Database, database_url: str, tmp_path: Path, show: StoredShow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "sender", lambda settings: None)
    monkeypatch.setattr(broker, "wake_pools", lambda names, sender: None)
    spoken: list[str] = []
    echo = EchoBrain(farm_url="", key="", secret=SECRET, say=spoken.append)
    with running(echo):
        settings = settings_for(
            tmp_path,
            given_database_url=database_url,
            callback_hosts=(echo.url.removeprefix("http://"),),
            callback_secret=SECRET,
        )
        farm = Farm(settings)
        echo.key = farm.create_key("echo", scopes=[Scope.ECHO], actor="echo").text
        with served(farm) as echo.farm_url:
            job_id = echo.dispatch("shot-1", "generate_image", show.project, cut="1/10/10")["job_id"]
            with database.transaction() as session:
                judged(session, job_id, measured(Metric.IDENTITY, 0.9))
            Courier(database, settings).round()

            heard = echo.wait_for("shot-1", "job.completed", 10)
            echo.decide(heard["job_id"], "approved", "As it should be.")

            (review,) = farm.job(job_id).reviews
            assert (review.verdict, review.by) == ("approved", Actor.read("echo"))
            assert any("Echo heard, verified: job.completed" in sentence for sentence in spoken)


def test_a_call_that_is_not_signed_as_agreed_is_not_heard() -> None:
    echo = EchoBrain(farm_url="", key="", secret=SECRET)
    with running(echo):
        forged = requests.post(f"{echo.url}/callbacks", json={"task_id": "a"}, timeout=5)

    assert (forged.status_code, echo.heard) == (401, [])
