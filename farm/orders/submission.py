"""Takes orders: admission refuses what cannot work, with the nearest fix, before anything is stored."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from db import catalogue
from db.catalogue import NewJob
from db.events import outbox
from farm.orders import batch
from farm.orders.desk import Desk
from farm.orders.form import Order
from farm.settings import settings as machine_settings
from models.actors import Actor
from models.errors import Conflict, OrderRefused
from models.events import EventType, NewEvent
from models.plain import plain, refuse_unkeepable
from models.recipe import SEED_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from db.engine import Session
    from farm.orders.batch import Place
    from farm.settings import Settings
    from models.jobs import JobDetail, JobRow
    from models.recipe import Recipe


#: part of an order that may differ when it is sent again under the same idempotency key
_NOT_COMPARED = frozenset({"requested_by"})

#: what a retake shares with its root, or the gate would count one take for another
_IDENTITY = frozenset({"project", "cut", "job_type", "idempotency_key"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedJob:
    """A job that is stored and waits."""

    job_id: UUID
    seed_used: int
    pool: str
    #: what was asked for and its renderer will not draw: `prompt`, `location: moon base`
    not_drawn: tuple[str, ...] = ()
    #: False: it had been ordered before under the same idempotency key
    is_new: bool = True


def parse(given: Order | Mapping[str, Any]) -> Order:
    """The order as a value; raises `OrderRefused` for no mapping, an unknown field or a value out of range."""
    if isinstance(given, Order):
        return given
    if not isinstance(given, Mapping):
        raise OrderRefused(
            f"An order is a mapping of fields, not {given!r}.", hint='Begin with {"project": "my-show"}.'
        )
    return Order.model_validate(dict(given))


def admit(session: Session, order: Order, settings: Settings | None = None) -> NewJob:
    """The job an order asks for; stores nothing.

    Raises:
        UnknownName: it names a project, cut, character, ... that is not there; the hint names the nearest.
        PhaseLocked: the gate before its phase has not opened; the sentence says how far it is.
        OrderRefused: anything else that cannot work.
    """
    return Desk(session, settings or machine_settings()).admit(order)


def parse_all(given: Sequence[Order | Mapping[str, Any]], where: Sequence[Place]) -> list[Order]:
    """As `parse`, of each; the refusal names all that are wrong by their places (`batch.places`)."""
    return batch.each(given, parse, where, most=sys.maxsize)


def submit(
    session: Session,
    orders: Iterable[Order],
    settings: Settings | None = None,
    where: Sequence[Place] | None = None,
    *,
    key_prefix: str | None = None,
) -> list[SubmittedJob]:
    """Store orders in this transaction, all of them or none; wake workers after the commit (`farm.broker`).

    An order that was stored before under its idempotency key is answered with that job. `where` says how
    a refusal calls each order; by default by its number. `key_prefix` names the key they are ordered with.

    Raises:
        Refused: as `admit`, for each that is wrong.
        Conflict: an idempotency key was used for another order.
    """
    wanted = list(orders)
    where = batch.places(wanted) if where is None else where
    desk = Desk(session, settings or machine_settings())
    batch.each(wanted, lambda order: desk.project(order.project), where)
    known = _known_before(session, desk, wanted)
    new = [place for place, order in enumerate(wanted) if _key(desk, order) not in known]
    desk.look_up_cuts(wanted[place] for place in new)
    admitted = batch.each([wanted[place] for place in new], desk.admit, [where[place] for place in new])
    inserted = catalogue.insert_jobs(session, admitted, key_prefix=key_prefix)
    stored = {
        place: _answer(job_id, job)
        for place, job, job_id in zip(new, admitted, inserted, strict=True)
        if job_id is not None
    }
    # Whoever lost a race for a key, or named one twice, finds it taken now.
    known |= _known_before(session, desk, [wanted[place] for place in new if place not in stored])
    return batch.each(
        range(len(wanted)),
        lambda place: stored.get(place) or _ordered_before(wanted[place], known.get(_key(desk, wanted[place]))),
        where,
    )


def retake(
    session: Session,
    job_id: UUID,
    *,
    reason: str,
    requested_by: Actor | str,
    changes: Mapping[str, Any] | None = None,
    settings: Settings | None = None,
    key_prefix: str | None = None,
) -> SubmittedJob:
    """Another take that a person asks for: the job's order with `changes` to its fields, by default a new seed.

    The budget limits only the retakes that the gate orders by itself; a person may always ask for another.

    Raises:
        UnknownName: there is no such job.
        Conflict: a take of the same root is still in work, or the job is a reproduction.
        OrderRefused: `changes` cannot be accepted.
        BadInput: the reason cannot be kept.
    """
    who = Actor.named(requested_by)
    refuse_unkeepable(reason, "The reason")
    job = catalogue.find_job(session, job_id)
    if job.reproduces_job_id is not None:
        raise Conflict(
            f"The job {job_id} is a reproduction and counts nowhere.",
            hint=f"Retake its original: {job.reproduces_job_id}.",
        )
    catalogue.lock_gate(session, job.project_id, job.phase)
    detail = catalogue.job_detail(session, job_id)
    _refuse_while_in_work(detail.family)
    changed = dict(changes or {}) or {"seed": secrets.randbelow(SEED_LIMIT)}
    order = _changed_order(detail, changed, who)
    admitted = Desk(session, settings or machine_settings()).admit(
        order,
        follows=job_id,
        root_job_id=job.root_job_id,
        take_number=catalogue.newest_take_number(session, job.root_job_id) + 1,
        retake_reason={"reason": reason, "requested_by": str(who), "changed": changed},
    )
    (stored,) = catalogue.insert_jobs(session, [admitted], key_prefix=key_prefix)
    if stored is None:
        raise Conflict("Somebody else ordered this retake just now.", hint="Look at the job's takes first.")
    again = {"retake_job_id": stored, "take_number": admitted.take_number, "changed": changed}
    facts = plain(again | {"by": who, "reason": reason})
    event = NewEvent(type=EventType.JOB_RETAKEN, project_id=job.project_id, job_id=job_id, facts=facts)
    outbox.put(session, [event])
    return _answer(stored, admitted)


def _answer(job_id: UUID, job: NewJob) -> SubmittedJob:
    return SubmittedJob(job_id=job_id, seed_used=job.recipe.seed, pool=job.pool, not_drawn=job.not_drawn)


def _changed_order(detail: JobDetail, changed: Mapping[str, Any], requested_by: Actor) -> Order:
    """The order of a job, with changes that a retake may make; raises `OrderRefused` for others."""
    if other := sorted(_IDENTITY & changed.keys()):
        raise OrderRefused(
            f"A retake keeps its {other[0]}: it counts in place of the take before it.",
            hint="Submit a new order instead.",
        )
    return Order.model_validate(
        {
            **detail.order_data,
            "defect": None,
            **_kept_seed(detail.recipe),
            **_kept_start(detail.recipe, changed),
            **changed,
            "requested_by": requested_by,
        }
    )


def _kept_seed(recipe: Recipe) -> dict[str, int]:
    """The seed, but for a studio's workflow that has no place for one."""
    bound = recipe.workflow_source.get("binding", {}).get("inputs") if recipe.workflow_source else None
    return {"seed": recipe.seed} if bound is None or "seed" in bound else {}


def _kept_start(recipe: Recipe, changed: Mapping[str, Any]) -> dict[str, str]:
    """The picture that a take started from, so that its retake differs in nothing but what was asked for.

    Another renderer or workflow finds its own.
    """
    if recipe.start_image is None or changed.keys() & {"renderer", "workflow"}:
        return {}
    return {"start_image": recipe.start_image.path}


def _refuse_while_in_work(family: Sequence[JobRow]) -> None:
    busy = next((row for row in family if not row.state.is_over), None)
    if busy:
        raise Conflict(
            f"Take {busy.take_number} of this order is still in work ({busy.state.value}).",
            hint=f"Wait for it, or cancel it first: farm cancel {busy.id}.",
        )


def _key(desk: Desk, order: Order) -> tuple[UUID, str] | None:
    return (desk.project(order.project).id, order.idempotency_key) if order.idempotency_key else None


def _known_before(
    session: Session, desk: Desk, orders: Sequence[Order]
) -> dict[tuple[UUID, str] | None, catalogue.KeyedJob]:
    """What was stored before under these orders' idempotency keys, by project and key."""
    keys: dict[UUID, list[str]] = {}
    for project_id, key in filter(None, (_key(desk, order) for order in orders)):
        keys.setdefault(project_id, []).append(key)
    return {
        (project_id, key): job
        for project_id, wanted in keys.items()
        for key, job in catalogue.jobs_by_key(session, project_id, wanted).items()
    }


def _ordered_before(order: Order, known: catalogue.KeyedJob | None) -> SubmittedJob:
    """The answer to an order whose idempotency key was used before."""
    if known is None:
        # Only a key can keep a new root from being stored.
        raise Conflict("The order could not be stored.", hint="Submit it again.")
    if _compared(order.model_dump(mode="json", exclude_defaults=True)) != _compared(known.order_data):
        raise Conflict(
            f"The idempotency key '{order.idempotency_key}' was used for another order (job {known.job_id}).",
            hint="Use a new key for a new order.",
        )
    return SubmittedJob(
        job_id=known.job_id,
        seed_used=known.seed,
        pool=known.pool,
        not_drawn=known.not_drawn,
        is_new=False,
    )


def _compared(order_data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in order_data.items() if name not in _NOT_COMPARED}
