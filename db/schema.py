"""Which schemas this code works on: an update migrates first, and workers are replaced one after the other.

A release needs the schema it was written for, or a newer one whose migrations said that older code still works
on it: each migration after which it does not writes its own revision into `farm_identity.oldest_code`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from models.errors import NotHere

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

MIGRATIONS = Path(__file__).parent / "migrations"

HEAD = max(file.stem for file in (MIGRATIONS / "versions").glob("[0-9]*.py"))
"""The revision this code was written for."""

_TABLES = text("SELECT to_regclass('alembic_version') AS version, to_regclass('farm_identity') AS farm")
_REVISION = text("SELECT version_num FROM alembic_version")
_OLDEST_CODE = text("SELECT to_jsonb(i)->>'oldest_code' FROM farm_identity i")


def fits(present: str | None, oldest_code: str | None, *, ours: str = HEAD) -> bool:
    """Whether code written for `ours` works on the schema `present`, which names the oldest code that does.

    >>> fits("0012_late", "0011_mine", ours="0011_mine"), fits("0012_late", "0012_late", ours="0011_mine")
    (True, False)
    """
    if present is None or present <= ours:
        return present == ours
    return oldest_code is not None and oldest_code <= ours


def require_fitting(session: Session) -> None:
    """Raises `NotHere` unless this code works on the schema that is there."""
    tables = session.execute(_TABLES).one()
    present = session.execute(_REVISION).scalar_one_or_none() if tables.version else None
    oldest_code = session.execute(_OLDEST_CODE).scalar_one_or_none() if tables.farm else None
    if fits(present, oldest_code):
        return
    if present is not None and present > HEAD:
        raise NotHere(
            f"The database's schema is {present}, which is newer than this farm ({HEAD}) and too new for it.",
            hint="Install the newer farm on this machine too.",
        )
    raise NotHere(
        f"The database's schema is {present or 'empty'}, this farm needs {HEAD}.", hint="Run `farm migrate`."
    )
