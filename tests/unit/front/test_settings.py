"""Settings: read from the environment, refused in a sentence, and without side effects."""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from farm.servers.state import write_json
from farm.servers.supervisor import mark_of
from farm.settings import Settings, settings
from models.errors import BadInput, NotHere

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("FARM_DATABASE_URL", "FARM_REDIS_URL", "FARM_STATE_DIR"):
        monkeypatch.delenv(name, raising=False)
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_times_are_plain_seconds_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_LEASE", "2.5")
    monkeypatch.setenv("FARM_HEARTBEAT", "0.5")

    assert settings().lease == timedelta(seconds=2.5)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("FARM_LEASE", "soon", "FARM_LEASE='soon' cannot be used: it must be a number of seconds"),
        ("FARM_LEASE", "-1", "more than zero"),
        (
            "FARM_COMFYUI_URL",
            "localhost:8188",
            "FARM_COMFYUI_URL='localhost:8188' cannot be used: it must be an",
        ),
        ("FARM_COMFYUI_URL", "127.0.0.1", "such as http://127.0.0.1:8188"),
        ("FARM_COMFYUI_URL", "http://[::1", "such as http://127.0.0.1:8188"),
        ("FARM_COMFYUI_URL", "http://card:port", "such as http://127.0.0.1:8188"),
        ("FARM_URL", "farm.example", "such as http://127.0.0.1:8188"),
        ("FARM_LEASE", "nan", "more than zero"),
        ("FARM_LEASE", "20", "FARM_HEARTBEAT must be at most half of FARM_LEASE"),
        ("FARM_SOFT_TIME_LIMIT", "3600", "FARM_SOFT_TIME_LIMIT must be shorter"),
        ("FARM_MAX_RETAKES", "-1", "FARM_MAX_RETAKES"),
        ("FARM_SEND_TASK_EVENTS", "perhaps", "FARM_SEND_TASK_EVENTS"),
        ("FARM_FLOWER_PORT", "70000", "FARM_FLOWER_PORT"),
        ("FARM_ROOTS", ":", "at least one folder"),
        (
            "FARM_ARTIFACTS",
            "s3://takes/farm",
            "FARM_ARTIFACTS='s3://takes/farm' cannot be used: takes are kept",
        ),
        ("FARM_ARTIFACTS", "file:///srv/takes", "takes are kept in a folder"),
    ],
)
def test_a_bad_value_gets_one_sentence_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(BadInput) as refusal:
        settings()

    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_reading_settings_creates_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_STATE_DIR", str(tmp_path / "farm"))

    assert settings().artifacts_dir == tmp_path / "farm" / "artifacts"
    assert not list(tmp_path.iterdir())


def test_takes_may_lie_apart_from_the_state_of_a_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARM_STATE_DIR", str(tmp_path / "here"))
    monkeypatch.setenv("FARM_ARTIFACTS", str(tmp_path / "shared"))

    assert settings().artifacts_dir == tmp_path / "shared"
    assert settings().state_dir == tmp_path / "here"


def test_folders_stay_where_they_were_when_the_process_moves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FARM_STATE_DIR", "state")
    read = settings()

    monkeypatch.chdir("/")

    assert read.state_dir == tmp_path / "state"


def test_given_servers_are_used_as_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_DATABASE_URL", "postgresql://farm:secret@db.example/farm")

    assert settings().database_url == "postgresql://farm:secret@db.example/farm"


def test_passwords_do_not_show() -> None:
    read = Settings(
        given_database_url="postgresql://farm:whisper@db.example/farm",
        flower_password="hush",
        key="farm_hidden",
    )  # type: ignore[arg-type]

    assert "whisper" not in repr(read)
    assert "hush" not in repr(read)
    assert "farm_hidden" not in repr(read)


def test_where_no_farm_runs_the_sentence_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(NotHere, match="farm up"):
        _ = Settings(state_dir=tmp_path).database_url


def test_several_roots_are_separated_as_in_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FARM_ROOTS", f"{tmp_path}:/srv/shows")

    assert [str(root) for root in settings().roots] == [str(tmp_path), "/srv/shows"]


def test_a_server_that_is_away_is_told_from_a_farm_that_does_not_run_and_from_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = asdict(mark_of(os.getpid()))
    process = {"name": "render-0", "argv": ["x"], "env": {}, "cwd": "/", "mark": mark}
    write_json(tmp_path / "processes.json", {"keeper": None, "processes": [process]})
    here = Settings(state_dir=tmp_path)

    with pytest.raises(NotHere, match="does not answer just now"):
        _ = here.database_url

    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage._replace(free=0))
    with pytest.raises(NotHere, match="The disk is full"):
        _ = here.database_url
