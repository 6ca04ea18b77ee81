"""What a machine says of itself: asked of the driver, never assumed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workers import machine

if TYPE_CHECKING:
    from pathlib import Path

DRIVER = "#!/bin/sh\necho 'NVIDIA L4, 23034, 550.54'\n"


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A driver's program of our own, alone on the path."""
    program = tmp_path / "nvidia-smi"
    program.write_text(DRIVER, encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return program


def test_without_a_driver_there_is_no_card(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    described = machine.describe()

    assert described["gpu_info"] is None
    assert described["cpus"] >= 1
    assert described["memory_mib"] > 0


@pytest.mark.usefixtures("driver")
def test_the_card_is_what_the_driver_says() -> None:
    assert machine.describe()["gpu_info"] == {"model": "NVIDIA L4", "vram_gb": 22.5, "driver": "550.54"}


@pytest.mark.usefixtures("driver")
def test_a_worker_that_may_see_no_card_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")

    assert machine.describe()["gpu_info"] is None


def test_a_driver_that_fails_is_no_card(driver: Path) -> None:
    driver.write_text("#!/bin/sh\nexit 9\n", encoding="utf-8")

    assert machine.describe()["gpu_info"] is None


@pytest.mark.usefixtures("driver")
def test_a_card_at_another_machine_borrows_no_driver_of_this_one() -> None:
    elsewhere = machine.card({"device": "cuda:0 NVIDIA H100 : cudaMallocAsync", "vram_mib": 81_920})

    assert elsewhere == {"model": "NVIDIA H100", "vram_gb": 80.0, "driver": None}
