"""Importing the SDK must stay light, and must never pick up a stranger's package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support import ROOT

_HEAVY = ("torch", "torchvision", "onnxruntime", "insightface", "lpips", "cv2", "skia", "celery", "PIL", "av")


def _python(code: str, *, cwd: Path = ROOT, path: str = "") -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": path or str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def test_a_script_that_imports_the_sdk_loads_no_neural_network_and_no_task_queue() -> None:
    code = "import sys; from farm import Farm; print(' '.join(sys.modules))"

    done = _python(code)

    assert done.returncode == 0, done.stderr
    assert set(_HEAVY) & set(done.stdout.split()) == set()


def test_the_command_line_loads_no_network_and_no_database_before_it_knows_what_is_asked() -> None:
    code = (
        "import sys; from farm.cli import main; main(['submit', '--help']); print('|', ' '.join(sys.modules))"
    )

    done = _python(code)

    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.rpartition("|")[2].split())
    assert {*_HEAVY, "sqlalchemy", "numpy"} & loaded == set()


def test_a_strangers_package_called_models_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "__init__.py").write_text("")

    done = _python("import farm", cwd=tmp_path, path=f"{tmp_path}:{ROOT}")

    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: The farm needs its own package `models`")
    assert str(tmp_path) in last
