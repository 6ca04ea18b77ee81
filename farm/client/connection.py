"""What every verb of the SDK works with: settings, database and store, and when they are given back."""

from __future__ import annotations

import copy
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Self
from uuid import UUID

from models.errors import BadInput, UnknownName

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from db.engine import Database, Session
    from farm.client.follower import Follower
    from farm.settings import Settings
    from models.access import Caller, Change
    from models.actors import Actor
    from models.jobs import JobRow


class Connection:
    """One farm's settings, database and artifact store; the groups of verbs build on it."""

    def __init__(
        self,
        settings: Settings | None = None,
        caller: Caller | None = None,
        *,
        database: Database | None = None,
    ) -> None:
        """`settings` say which farm it is; None: this machine's. `caller` is who asks; None: this process.

        `database` is one that is open already; None: the one that `settings` name. Raises `NotHere` when that
        farm does not run and no servers were named.
        """
        from db.engine import Database
        from db.files.artifacts import ArtifactStore
        from farm.settings import settings as machine_settings
        from models.access import Caller

        self.settings: Settings = settings or machine_settings()
        self.database: Database = database or Database(self.settings.database_url)
        self.store = ArtifactStore(self.settings.artifacts_dir)
        self.caller = caller or Caller.here()
        #: what waits for the end of `as_one`; None: every verb ends by itself
        self._waiting: list[Callable[[], None]] | None = None
        #: False in a rehearsal, which leaves no file either
        self._keeps = True

    def close(self) -> None:
        """Stop watching and give all connections back."""
        self._follower.close()
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ending: object) -> None:
        self.close()

    def on_behalf_of(self, caller: Caller) -> Self:
        """The same farm, asked by somebody else: what is changed through it is noted as theirs."""
        other = copy.copy(self)
        other.caller = caller
        return other

    @contextmanager
    def as_one(self, *, keep: bool = True) -> Iterator[Self]:
        """A farm all of whose changes in the block are kept together at its end, or none of them.

        With `keep` false nothing stays: the very same code runs and answers, and is rolled back. Workers are
        woken after the end. Belongs to one thread; follow no jobs through it.
        """
        with self.database.as_one(keep=keep) as database:
            whole = copy.copy(self)
            whole.database, whole._waiting, whole._keeps = database, [], keep
            yield whole
        waiting = whole._waiting if keep else []
        whole.database, whole._waiting, whole._keeps = self.database, self._waiting, self._keeps
        for action in waiting:
            whole._once_kept(action)

    @cached_property
    def _follower(self) -> Follower:
        """The one that asks after watched jobs, for all who watch through this object."""
        from farm.client.families import Families
        from farm.client.follower import Follower

        return Follower(Families(self.families, self.moved_families))

    def families(self, job_ids: Sequence[UUID]) -> tuple[JobRow, ...]:
        """These jobs and all takes of the same orders; unknown ids left out."""
        from db import catalogue

        with self.database.transaction() as session:
            return catalogue.family_rows(session, job_ids)

    def moved_families(self, waiting: Sequence[UUID], begun: Sequence[UUID]) -> tuple[JobRow, ...]:
        """As `families`, of those jobs of the first list that began meanwhile, and of all of the second."""
        from db import catalogue

        with self.database.transaction() as session:
            return catalogue.moved_families(session, waiting, begun)

    def _wake(self, pools: Iterable[str]) -> None:
        """Tell workers that something is due, after the commit; without the broker they learn of it later."""
        from farm import broker
        from models import failpoints

        failpoints.hit(failpoints.Window.ORDER)
        wanted = tuple(pools)
        self._once_kept(lambda: broker.wake_pools(wanted, broker.sender(self.settings)))

    def _once_kept(self, action: Callable[[], None]) -> None:
        """Do this when what was changed is kept: now, or at the end of `as_one`; never in a rehearsal."""
        if self._waiting is None:
            action()
        else:
            self._waiting.append(action)

    def _acting_as(self, named: Actor | str | None) -> Actor:
        """In whose name the caller does this; raises `Forbidden` for a name that it may not use."""
        from farm.access import rights

        return rights.acting_as(self.caller, named)

    def _note(self, session: Session, change: Change) -> None:
        """Keep in the audit, within the same transaction, what this verb changes."""
        from db import catalogue

        catalogue.note_change(session, change, self.caller)


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
