"""Wake-ups save time and hold nothing up: without the broker an order is stored all the same."""

import pytest

from farm import broker
from models.errors import Unavailable


def test_each_pool_is_woken_once_for_all_its_jobs_and_a_silent_broker_only_costs_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[tuple[str, int]] = []

    def away(pool: str, count: int, **_: object) -> int:
        asked.append((pool, count))
        raise Unavailable("The broker does not answer: refused.")

    monkeypatch.setattr(broker, "wake", away)
    broker.wake_pools(["toon", "comfyui", "toon"])

    assert asked == [("toon", 2), ("comfyui", 1)]
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert "The broker does not answer: refused. Nothing is lost" in caplog.text


def test_what_is_no_outage_is_not_hidden() -> None:
    with pytest.raises(KeyError), broker.best_effort():
        raise KeyError("toon")
