"""Verbs about the machinery: workers, what the studio's ComfyUIs can run, the schema, the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farm.client.connection import Connection

if TYPE_CHECKING:
    from uuid import UUID

    from farm.orders.comfyui.fleet import Site
    from farm.orders.comfyui.workflows import Offer
    from models.fleet import Health, WorkerView


class Machinery(Connection):
    """Workers, workflows and where they can run, and the schema and the store they all meet at."""

    def workers(self) -> tuple[WorkerView, ...]:
        """Every worker ever heard of."""
        from db import catalogue

        with self.database.transaction() as session:
            return catalogue.workers(session)

    def health(self) -> Health:
        """How the farm stands: `down` without its database, `degraded` where something it needs is away."""
        from db import catalogue
        from db.fleet.workers import echo_trouble
        from models.errors import Unavailable
        from models.fleet import Health

        try:
            with self.database.transaction() as session:
                live = [each for each in catalogue.workers(session) if each.is_live(self.settings.lease)]
                echo = echo_trouble(session) if self.settings.echo_url else None
        except Unavailable as error:
            return Health(status="down", reasons=(error.message,))
        reasons = [] if live else ["No worker is alive: nothing is rendered until one starts."]
        if echo:
            reasons.append(f"Echo degraded: {echo}")
        return Health(status="degraded" if reasons else "ok", reasons=tuple(reasons), workers=len(live))

    def workflows(self) -> tuple[Offer, ...]:
        """The ComfyUI workflows that orders may name, the farm's and the studio's; broken ones say why."""
        from farm.orders.comfyui.workflows import Library

        return tuple(Library(self.settings.workflows_dir).offers().values())

    def comfyuis(self) -> tuple[Site, ...]:
        """Every ComfyUI that answers now, by host: what `farm.orders.comfyui.trials` tries workflows at."""
        from farm.orders.comfyui.fleet import Fleet

        with self.database.transaction() as session:
            live = [site for site in Fleet.of(session, self.settings).sites if site.server.is_live]
        return tuple(sorted(live, key=lambda site: (site.server.host, site.server.worker_id)))

    def adopt_store(self) -> UUID | None:
        """Make the artifact store this farm's; the id of the farm whose it was, if it was another's."""
        from farm.ops.store import adopt

        return adopt(self.store.root, self.database)

    def set_unknown_aside(self) -> int:
        """Move aside every folder of the store that the database does not know; how many those were.

        Raises `StepFailed` when the store is another farm's, or cannot be written.
        """
        from farm.ops import tidying
        from farm.ops.store import id_of, require_ours

        require_ours(self.store.root, id_of(self.database), self.database)
        return tidying.set_aside(self.database, self.store).set_aside

    def migrate(self) -> tuple[str | None, str | None]:
        """Bring the database's schema up to date; its revision before (None: empty) and after."""
        before = self.database.revision()
        self.database.migrate()
        return before, self.database.revision()
