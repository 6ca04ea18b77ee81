"""Who the servers run as, and where that account can reach its files.

Postgres refuses to run as root, and a server for one farm has no need to. As root both servers run as `nobody`,
the one unprivileged account every system has (initdb wants one that exists, and we add none). That account
must reach its data and the programs. Parents that somebody closed stay closed: when the state folder or the
installation lies behind one, data and a copy of the programs go to a folder of ours that is open to pass.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from models.errors import NotHere

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
    if account is not None:
        os.chown(home, account.uid, account.gid)
    home.chmod(0o700)


def reachable_copy(folder: Path, home: Path, account: Account | None) -> Path:
    """`folder` itself, or a copy of it in `home` when the account cannot reach it.

    The copy is renewed when the original changes; it belongs to root, so that the servers cannot rewrite it.
    """
    if can_reach(folder, account):
        return folder
    details = folder.stat()
    stamp = hashlib.sha256(f"{folder.resolve()} {details.st_mtime_ns}".encode()).hexdigest()[:12]
    copy = home / "programs" / f"{folder.name}-{stamp}"
    if not copy.exists():
        partial = copy.with_name(f".{copy.name}.{os.getpid()}")
        shutil.copytree(folder, partial, symlinks=True)
        partial.rename(copy)
    return copy


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
