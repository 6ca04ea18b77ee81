"""Who the servers run as, and where that account can reach its files.

Postgres refuses to run as root, and a server for one farm has no need to. As root both servers run as `nobody`,
the one unprivileged account every system has (initdb wants one that exists, and we add none). That account
must reach its data and the programs. Folders above that others may not enter are left so: when the state folder
or the installation lies below one, data and a copy of the programs go to a folder of ours that everybody may
enter.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import NotHere

if TYPE_CHECKING:
    from farm.servers.programs import Installation

_OPEN_PARENTS = (Path("/var/lib/anime-render-farm"), Path("/var/tmp/anime-render-farm"))  # noqa: S108  (checked: ours alone)


@dataclass(frozen=True, slots=True)
class Account:
    """An account to run as, by its numbers."""

    uid: int
    gid: int


def server_account() -> Account | None:
    """The account to drop to; None when we are unprivileged already.

    Raises:
        NotHere: running as root on a system without `nobody`.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError as error:
        raise NotHere(
            "The embedded servers do not run as root, and this system has no account `nobody`.",
            hint="Run the farm as an ordinary user, or set FARM_DATABASE_URL and FARM_REDIS_URL.",
        ) from error
    return Account(entry.pw_uid, entry.pw_gid)


def can_reach(path: Path, account: Account | None) -> bool:
    """Whether `account` may pass through every folder above `path` and read `path` itself."""
    if account is None:
        return True
    resolved = path.resolve()
    if not _allows(resolved, account, stat.S_IROTH):
        return False
    return all(_allows(parent, account, stat.S_IXOTH) for parent in resolved.parents)


def home_of(state_dir: Path, account: Account | None) -> Path:
    """The folder for the servers' data: inside the state folder, or an open one when that is out of reach."""
    inside = state_dir / "servers"
    if account is None or all(_allows(parent, account, stat.S_IXOTH) for parent in inside.resolve().parents):
        return inside
    name = hashlib.sha256(str(state_dir.resolve()).encode()).hexdigest()[:16]
    return _open_parent() / name


def make_home(home: Path, account: Account | None) -> None:
    """Create the servers' folder for `account` alone."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    give(home, account)
    home.chmod(0o700)


def reachable(installation: Installation, account: Account | None) -> Path:
    """The programs' folder: as installed, or a copy in an open folder when the account cannot reach it.

    The copy serves every farm of this machine, is made anew when the original changes, and belongs to root, so
    that the servers cannot rewrite it.
    """
    if all(can_reach(installation.root / part, account) for part in installation.parts):
        return installation.folder
    details = installation.folder.stat()
    described = f"{installation.folder.resolve()} {details.st_mtime_ns} {details.st_ino}"
    copy = _open_parent() / "programs" / hashlib.sha256(described.encode()).hexdigest()[:16]
    if not copy.exists():
        _copy(installation, copy)
    return copy / installation.folder.relative_to(installation.root)


def _copy(installation: Installation, copy: Path) -> None:
    partial = copy.with_name(f".{copy.name}.{os.getpid()}")
    for part in installation.parts:
        source, target = installation.root / part, partial / part
        target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True)
        else:
            shutil.copy2(source, target)
    try:
        partial.rename(copy)
    except OSError:
        # Another farm of this machine copied the same programs meanwhile; that copy will do.
        shutil.rmtree(partial)
        if not copy.exists():
            raise


def give(path: Path, account: Account | None) -> None:
    """Hand one file or folder to the account."""
    if account is not None:
        os.chown(path, account.uid, account.gid)


def _open_parent() -> Path:
    """A folder of ours, passable for all and listable for none.

    Raises:
        NotHere: there is none that belongs to root alone.
    """
    for candidate in _OPEN_PARENTS:
        try:
            candidate.mkdir(mode=0o711, parents=True, exist_ok=True)
        except OSError:
            continue
        details = candidate.lstat()
        # In a shared temporary folder the name may have been taken by somebody else: then it is not used.
        if stat.S_ISDIR(details.st_mode) and details.st_uid == 0 and not details.st_mode & 0o022:
            candidate.chmod(0o711)
            return candidate
    raise NotHere(
        "The state folder lies behind a closed folder, and no open place for the servers' data was found.",
        hint="Set FARM_STATE_DIR to a folder whose parents others may pass through, such as /srv/farm.",
    )


def _allows(path: Path, account: Account, other_bit: int) -> bool:
    """Whether the account holds the permission that `other_bit` names for others."""
    while not path.exists():
        path = path.parent
    details = path.stat()
    if details.st_uid == account.uid:
        return bool(details.st_mode & (other_bit << 6))
    if details.st_gid == account.gid:
        return bool(details.st_mode & (other_bit << 3))
    return bool(details.st_mode & other_bit)
