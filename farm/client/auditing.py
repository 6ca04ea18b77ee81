"""The verb that reads what was changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farm.client.connection import Connection

if TYPE_CHECKING:
    from models.access import AuditPage


class Auditing(Connection):
    """Who changed what."""

    def audit(
        self,
        *,
        project: str | None = None,
        subject: str | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> AuditPage:
        """A page of changes, the newest first, of one project or one subject (`job 0b1c...`) where named."""
        from db import catalogue

        with self.database.transaction() as session:
            return catalogue.audit(session, project=project, subject=subject, after=after, limit=limit)
