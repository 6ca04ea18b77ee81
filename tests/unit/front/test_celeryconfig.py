"""What the settings of delivery promise: every one of them answers a failure that was seen."""

from __future__ import annotations

import importlib
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from farm import broker
from farm.broker import TaskName
from farm.settings import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    def read(**env: str) -> Any:
        monkeypatch.setenv("FARM_REDIS_URL", "redis://127.0.0.1:1/4")
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        sys.modules.pop("celeryconfig", None)
        return importlib.import_module("celeryconfig")

    yield read
    sys.modules.pop("celeryconfig", None)
    settings.cache_clear()


def test_a_task_is_acknowledged_late_and_never_handed_on_as_poison(config):
    found = config()

    assert found.task_acks_late is True
    assert found.task_reject_on_worker_lost is False
    assert found.worker_prefetch_multiplier == 1


def test_messages_are_plain_data_and_results_stay_out_of_redis(config):
    found = config()

    assert found.accept_content == ["json"]
    assert found.task_serializer == "json"
    assert found.task_ignore_result is True
    assert found.result_backend is None


def test_redelivery_waits_longer_than_any_step_may_take(config):
    found = config()

    assert found.broker_transport_options["visibility_timeout"] > found.task_time_limit
    assert found.task_soft_time_limit < found.task_time_limit


def test_keys_in_redis_carry_the_farms_prefix(config):
    assert config().broker_transport_options["global_keyprefix"] == "farm:"
    assert config(FARM_QUEUE_PREFIX="b:").broker_transport_options["global_keyprefix"] == "b:"


def test_relay_and_retry_are_jobs_of_the_beat(config):
    schedule = config(FARM_RELAY_EVERY="3").beat_schedule

    assert schedule["relay"]["task"] == TaskName.RELAY.value
    assert schedule["relay"]["schedule"].total_seconds() == 3
    assert schedule["retry"]["task"] == TaskName.RETRY.value


def test_echo_has_a_beat_job_and_a_queue_of_its_own_once_it_is_named(config):
    assert "echo_heartbeat" not in config().beat_schedule

    found = config(FARM_ECHO_URL="http://127.0.0.1:8309")

    assert found.beat_schedule["echo_heartbeat"]["schedule"].total_seconds() == 30
    assert found.task_routes[TaskName.ECHO_HEARTBEAT.value] == {"queue": "echo"}


def test_no_upkeep_shares_a_queue_with_renders_scores_or_gates(config):
    routes = config().task_routes

    upkeep = (TaskName.RELAY, TaskName.RETRY, TaskName.TIDY)
    assert {routes[name.value]["queue"] for name in upkeep} == {"control"}
    assert [routes[name.value]["queue"] for name in (TaskName.SCORE, TaskName.GATE)] == ["score", "gate"]
    assert TaskName.RENDER.value not in routes


def test_a_pool_and_its_queue_name_each_other():
    assert broker.render_queue("toon") == "render_queue.toon"
    assert broker.pool_of("render_queue.toon") == "toon"
    assert broker.pool_of("score") is None


def test_every_name_the_front_sends_has_a_function_behind_it(config, monkeypatch):
    config()
    found = subprocess.run(
        [sys.executable, "-c", _REGISTERED], capture_output=True, text=True, check=True, timeout=60
    ).stdout.split()

    assert set(found) >= {name.value for name in TaskName}


def test_a_worker_process_carries_no_renderer_and_no_network_itself(config):
    config()
    heavy = subprocess.run(
        [sys.executable, "-c", _HEAVY], capture_output=True, text=True, check=True, timeout=60
    ).stdout.strip()

    assert heavy == "[]"


_REGISTERED = """
import tasks
tasks.app.loader.import_default_modules()
print("\\n".join(tasks.app.tasks))
"""
_HEAVY = """
import sys
import tasks
tasks.app.loader.import_default_modules()
print([name for name in ("torch", "skia", "cv2", "av", "onnxruntime", "lpips") if name in sys.modules])
"""
