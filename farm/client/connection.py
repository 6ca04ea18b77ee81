"""What every verb of the SDK works with: settings, database and store, and when they are given back."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Self
from uuid import UUID

from models.errors import BadInput, UnknownName

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from farm.client.follower import Follower
    from farm.settings import Settings
    from models.jobs import JobRow


class Connection:
    """One farm's settings, database and artifact store; the groups of verbs build on it."""

    def __init__(self, settings: Settings | None = None) -> None:
        """`settings` say which farm it is; None: this machine's.

        Raises `NotHere` when that farm does not run and no servers were named.
        """
        from db.engine import Database
        from db.files.artifacts import ArtifactStore
        from farm.settings import settings as machine_settings

        self.settings: Settings = settings or machine_settings()
        self.database = Database(self.settings.database_url)
        self.store = ArtifactStore(self.settings.artifacts_dir)

    def close(self) -> None:
        """Stop watching and give all connections back."""
        self._follower.close()
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ending: object) -> None:
        self.close()

    @cached_property
    def _follower(self) -> Follower:
        """The one that asks after watched jobs, for all who watch through this object."""
        from db import catalogue
        from farm.client.families import Families
        from farm.client.follower import Follower

        def all_rows(job_ids: Sequence[UUID]) -> tuple[JobRow, ...]:
            with self.database.transaction() as session:
                return catalogue.family_rows(session, job_ids)

        def moved_rows(waiting: Sequence[UUID], begun: Sequence[UUID]) -> tuple[JobRow, ...]:
            with self.database.transaction() as session:
                return catalogue.moved_families(session, waiting, begun)

        return Follower(Families(all_rows, moved_rows))

    def _wake(self, pools: Iterable[str]) -> None:
        """Tell workers that something is due, after the commit; without the broker they learn of it later."""
        from farm import broker
        from models import failpoints

        failpoints.hit(failpoints.Window.ORDER)
        broker.wake_pools(pools, broker.sender(self.settings))


def require_all(job_ids: Sequence[UUID], rows: Iterable[JobRow]) -> None:
    """Raises `UnknownName` for the first id without a row."""
    known = {row.id for row in rows}
    for job_id in job_ids:
        if job_id not in known:
            raise UnknownName(f"There is no job {job_id}.", hint="`farm jobs` lists them.")


def job_id_of(text: UUID | str) -> UUID:
    """A job's id as a person writes it; raises `BadInput`."""
    if isinstance(text, UUID):
        return text
    try:
        return UUID(text)
    except ValueError:
        raise BadInput(f"'{text}' is not a job's id.", hint="`farm jobs` lists them.") from None
