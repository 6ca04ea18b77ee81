"""Orders from what a command line says: flags, files, and every cut of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from farm.cli.console import logged_in, note
from models.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from farm.client import Farm
    from farm.orders.files import WrittenOrder
    from models.vocabulary import JobType, Phase


def all_of(farm: Farm, file: str | None, given: dict[str, Any], *, all_cuts: bool) -> list[dict[str, Any]]:
    """The orders that a command line asks for, each with all that was said; flags go over the file.

    Raises:
        BadInput: nothing is ordered, the file cannot be read, or what was said does not go together.
        OrderRefused: with `all_cuts`, one of the orders is wrong in itself.
    """
    if file is None and not given and not all_cuts:
        raise BadInput("Nothing was ordered.", hint="Give a YAML file, flags, or --all-cuts; see --help.")
    orders = [given] if file is None else [order | given for order in _written(file)]
    if len(orders) > 1 and "idempotency_key" in given:
        raise BadInput(
            f"--key names one order, and {file} holds {len(orders)}.",
            hint="Write an idempotency_key into each of them.",
        )
    if all_cuts:
        _refuse_wrong(orders)
        orders = [each for order in orders for each in _for_every_cut(farm, order)]
    return [order if "requested_by" in order else order | {"requested_by": logged_in()} for order in orders]


def _written(file: str) -> list[WrittenOrder]:
    from farm.orders.files import read_orders

    return read_orders(file)


def _refuse_wrong(orders: Sequence[Mapping[str, Any]]) -> None:
    """Before they are many: what is wrong with one would be said for every cut."""
    from farm.orders import batch, submission

    if not all("project" in order for order in orders):
        raise BadInput("--all-cuts needs a project.", hint="Add --project NAME; `farm show load` prints it.")
    submission.parse_all(orders, batch.places(orders))


def _for_every_cut(farm: Farm, order: dict[str, Any]) -> list[dict[str, Any]]:
    if "cut" in order:
        raise BadInput(
            f"--all-cuts orders every cut, and this order names {order['cut']}.", hint="Leave one of them out."
        )
    cuts = [cut.path for cut in farm.cuts(order["project"]) if not cut.omitted]
    if not cuts:
        raise BadInput(
            f"{order['project']} has no cut.", hint="Load a show that has some: `farm show load FILE`."
        )
    return [order | {"cut": cut} | _keyed(order, cut) for cut in cuts]


def _keyed(order: dict[str, Any], cut: str) -> dict[str, str]:
    """The key of one cut's order: sent again, the same one is answered with the same job."""
    key = order.get("idempotency_key")
    return {"idempotency_key": f"{key}:{cut}"} if key is not None else {}


def kind_of(kind: JobType | None, phase: Phase | None) -> JobType | None:
    """What is made; raises `BadInput` where the two say different things."""
    if kind is None or phase is None or kind.phase is phase:
        return kind or (phase.usual_kind if phase else None)
    raise BadInput(
        f"--phase {phase.value} and --kind {kind.value} contradict each other: "
        f"that kind belongs to the {kind.phase.value} phase.",
        hint="Leave one of them out.",
    )


def more(pairs: Sequence[str] | None, flags: Mapping[str, Any]) -> dict[str, Any]:
    """`--set steps=30 --set location=park`, read by what the field is."""
    from farm.orders.words import value_of

    fields: dict[str, Any] = {}
    for pair in pairs or ():
        name, equals, word = pair.partition("=")
        name = name.strip()
        if not equals:
            raise BadInput(f"--set {pair} has no value.", hint="Write --set FIELD=VALUE.")
        if name in fields or flags.get(name) is not None:
            raise BadInput(f"The field {name} is given twice.", hint="Leave one of them out.")
        fields[name] = value_of(name, word)
    return fields


def warn_of_lacking_networks(farm: Farm, ordered: Iterable[Mapping[str, Any]]) -> None:
    """Say of each profile that an order names which of its networks nobody has."""
    from farm.judging.lacking import sentence

    named = dict.fromkeys((order["project"], order["profile"]) for order in ordered if order.get("profile"))
    for project, profile in named:
        if warning := sentence(profile, farm.networks_lacking(project, profile)):
            note(warning, "yellow")
