"""What the doctor says of the folders in which a farm keeps things."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from farm.ops.doctor.examine import examine
from farm.ops.doctor.findings import Health
from tests.support.factories import settings_for

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from farm.ops.doctor.findings import Finding
    from farm.settings import Settings


def takes(settings: Settings) -> Finding:
    return next(finding for finding in examine(settings) if finding.name == "takes")


def test_the_doctor_says_where_takes_lie_and_leaves_nothing_there(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()

    finding = takes(settings_for(tmp_path, artifacts_dir=tmp_path / "shared"))

    assert finding.message.startswith(f"{tmp_path / 'shared'}, ")
    assert "made when it is needed" not in finding.message
    assert list((tmp_path / "shared").iterdir()) == []


def test_a_folder_that_is_not_there_yet_is_said_and_not_made(tmp_path: Path) -> None:
    finding = takes(settings_for(tmp_path, artifacts_dir=tmp_path / "unmounted"))

    assert finding.message.endswith("made when it is needed")
    assert list(tmp_path.iterdir()) == []


def test_takes_that_cannot_be_written_fail_with_the_variable_to_set(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    finding = takes(settings_for(tmp_path, artifacts_dir=tmp_path / "file" / "takes"))

    assert finding.health is Health.FAIL
    assert "cannot be written" in finding.message
    assert "FARM_ARTIFACTS" in finding.hint


def test_each_folder_has_its_own_line_because_each_may_lie_on_its_own_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shared").mkdir()
    usage = shutil.disk_usage(tmp_path)
    full = tmp_path / "shared"
    monkeypatch.setattr(
        shutil, "disk_usage", lambda folder: usage._replace(free=0 if folder == full else 2**40)
    )

    findings = {each.name: each for each in examine(settings_for(tmp_path, artifacts_dir=full))}

    assert findings["takes"].health is Health.FAIL
    assert findings["state folder"].health is Health.OK
