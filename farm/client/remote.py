"""The same farm from far away: every verb of the SDK over HTTP, with the same values and the same errors."""

from __future__ import annotations

import inspect
import time
from datetime import timedelta
from functools import cached_property, partialmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from farm.client import Farm, wire
from farm.client.calls import Calls
from farm.client.connection import job_id_of
from farm.client.files import TakeFile
from farm.client.measuring import PATIENCE
from farm.client.routes import AT_HOME, GIVEN, IF_MATCH, PREFIX, ROUTES, Route
from farm.orders.form import Order
from farm.orders.submission import SubmittedJob
from models.errors import NotHere
from models.measuring import MeasurementView

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from farm.shows.form import Show
    from models.access import Caller
    from models.actors import Actor
    from models.metrics import Metric
    from models.shows import StoredShow

#: seconds that one call waits for a score worker's answer
_WAIT_S = 20.0


class RemoteFarm(Farm):
    """A farm behind an address; see `Farm.connect`. What is not written out here `routes` places."""

    def __init__(self, url: str, key: str | None = None) -> None:
        """Connects to nothing yet. Raises `BadInput` for an address that is none."""
        from farm.settings import settings

        self.settings = settings()
        self._calls = Calls(url, key)

    def __getattr__(self, name: str) -> Any:
        if name in ("database", "store"):
            raise NotHere(
                f"This needs the farm's own machine, and {self._calls.url} is far away.",
                hint="Run it there, or unset FARM_URL.",
            )
        raise AttributeError(f"a farm has no {name!r}")

    @cached_property
    def caller(self) -> Caller:  # type: ignore[override]  # asked for once, when somebody needs it
        """Whose key this is, as the farm says; raises what a verb raises."""
        return self.whoami()

    def close(self) -> None:
        """Stop watching and hang up."""
        self._follower.close()
        self._calls.close()

    def submit_many(self, given: Iterable[Order | Mapping[str, Any]]) -> list[SubmittedJob]:
        """As the verb of a farm at home."""
        orders = [_as_json(order) for order in given]
        answer = self._calls.change("POST", f"{PREFIX}/jobs/batch", {"orders": orders})
        submitted: list[SubmittedJob] = wire.answered(list[SubmittedJob], answer)
        return submitted

    def plan(self, order: Order | Mapping[str, Any] | None = None, /, **fields: Any) -> SubmittedJob:
        """As the verb of a farm at home."""
        body = _as_json(fields if order is None else order)
        answer = self._calls.change("POST", f"{PREFIX}/jobs", body, query={"dry_run": "true"})
        planned: SubmittedJob = wire.decode(SubmittedJob, answer)
        return planned

    def retake(
        self, job_id: UUID | str, *, reason: str, requested_by: Actor | str, **changes: Any
    ) -> SubmittedJob:
        """As the verb of a farm at home."""
        body = {"reason": reason, "requested_by": str(requested_by), "changes": wire.encode(changes, Any)}
        return self._again(job_id, "retake", body)

    def reproduce(
        self,
        job_id: UUID | str,
        changes: Mapping[str, Any] | None = None,
        /,
        *,
        requested_by: Actor | str = "unknown",
        **more: Any,
    ) -> SubmittedJob:
        """As the verb of a farm at home."""
        changed = wire.encode({**(changes or {}), **more}, Any)
        return self._again(job_id, "reproduce", {"modifications": changed, "requested_by": str(requested_by)})

    def load_show(
        self,
        show: Show | Path | str,
        *,
        lenient: bool = False,
        rename: bool = False,
        if_match: str | None = None,
    ) -> StoredShow:
        """As the verb of a farm at home; a file is read and checked here."""
        from farm.shows import loading
        from models.shows import StoredShow

        story = loading.load(show, lenient=lenient) if isinstance(show, str | Path) else show
        body = {"show": story.model_dump(mode="json", exclude_unset=True), "lenient": lenient, "rename": rename}
        answer = self._calls.change("POST", f"{PREFIX}/shows", body, etag=if_match)
        stored: StoredShow = wire.decode(StoredShow, answer)
        return stored

    def fetch(self, job_id: UUID | str, to: Path | str, which: TakeFile | str = TakeFile.MASTER) -> Path:
        """As the verb of a farm at home."""
        return self._calls.fetch(f"{PREFIX}/jobs/{job_id_of(job_id)}/take/{quote(str(which))}", Path(to))

    def fetch_worst_frame(self, job_id: UUID | str, metric: Metric | str, to: Path | str) -> Path:
        """As the verb of a farm at home."""
        return self._calls.fetch(
            f"{PREFIX}/jobs/{job_id_of(job_id)}/worst-frames/{quote(str(metric))}", Path(to)
        )

    def _again(self, job_id: UUID | str, verb: str, body: dict[str, Any]) -> SubmittedJob:
        answer = self._calls.change("POST", f"{PREFIX}/jobs/{job_id_of(job_id)}/{verb}", body)
        submitted: SubmittedJob = wire.decode(SubmittedJob, answer)
        return submitted

    def _call(self, route: Route, *args: Any, **given: Any) -> Any:
        """Any verb of the table: its arguments placed where they travel, its answer read back."""
        bound = inspect.signature(getattr(Farm, route.verb)).bind(self, *args, **given).arguments
        named = bound | given
        sent = {
            name: wire.encode(named[name], each.annotation)
            for name, each in route.parameters.items()
            if name in named
        }
        path = PREFIX + route.path.replace(":path", "").format(
            **{name: quote(str(sent[name]), safe="/") for name in route.in_path}
        )
        rest = {name: sent[name] for name in route.named if name in sent}
        if route.method == "GET":
            answer = self._calls.ask(path, _query(rest))
        else:
            body, query = (rest, None) if route.has_fields else (sent.get(GIVEN), _query(rest))
            etag = (sent.get(IF_MATCH) or "*") if route.edits else None
            answer = self._calls.change(route.method, path, body, query=query, etag=etag)
        value = None if answer is None else wire.answered(route.answer, answer)
        return (
            self._awaited(value, bound.get("wait", PATIENCE)) if isinstance(value, MeasurementView) else value
        )

    def measurement(
        self, measurement_id: UUID | str, *, wait: timedelta | float = timedelta(0)
    ) -> MeasurementView:
        """As the verb of a farm at home."""
        deadline = time.monotonic() + (wait.total_seconds() if isinstance(wait, timedelta) else wait)
        while True:
            left_s = min(max(deadline - time.monotonic(), 0.0), _WAIT_S)
            answer = self._calls.ask(f"{PREFIX}/measurements/{job_id_of(measurement_id)}", {"wait": left_s})
            view: MeasurementView = wire.decode(MeasurementView, answer)
            if view.is_over or time.monotonic() >= deadline:
                return view

    def _awaited(self, view: MeasurementView, wait: timedelta | float) -> MeasurementView:
        view = self.measurement(view.id, wait=wait)
        if view.is_over:
            view.answered()
        return view

    def _refuse(self, reason: str, *args: Any, **given: Any) -> Any:
        raise NotHere(
            f"This needs the farm's own machine: {reason}.",
            hint=f"Run it there; {self._calls.url} is far away.",
        )


for _route in ROUTES:
    setattr(RemoteFarm, _route.verb, partialmethod(RemoteFarm._call, _route))
for _verb, _reason in AT_HOME.items():
    setattr(RemoteFarm, _verb, partialmethod(RemoteFarm._refuse, _reason))


def _query(named: Mapping[str, Any]) -> dict[str, Any]:
    """Names without a value stay away; yes and no travel as JSON has them."""
    return {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in named.items()
        if value is not None
    }


def _as_json(order: Order | Mapping[str, Any]) -> Any:
    """What the order says, and nothing that it leaves open."""
    if isinstance(order, Order):
        return order.model_dump(mode="json", exclude_unset=True)
    return wire.encode(order, Any)
