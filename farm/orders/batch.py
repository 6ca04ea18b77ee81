"""Orders that come together: what is wrong with any of them is said at once, with the place of each."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from farm.orders.files import WrittenOrder
from models.errors import OrderRefused, Refused, together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from models.errors import Fault

    Place = Callable[[Sequence[str | int]], str]

_Given = TypeVar("_Given")
_Answer = TypeVar("_Answer")

#: so many refusals are looked for where each asks the database
MOST = 20


@contextmanager
def uncollected() -> Iterator[None]:
    """Cycles are not searched for meanwhile.

    Ten thousand orders are a million objects, which live until all are stored: each search walks them in vain.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def places(given: Sequence[Any]) -> list[Place]:
    """How each of several orders is called: by its number, and by file and line where it has them."""
    return [_place(number, order, len(given)) for number, order in enumerate(given, start=1)]


def each(
    given: Sequence[_Given], step: Callable[[_Given], _Answer], where: Sequence[Place], most: int = MOST
) -> list[_Answer]:
    """What `step` makes of each.

    Raises:
        Refused: `step` refused some of them, the first `most` of which are named by their places.
    """
    answers: list[_Answer] = []
    # What several orders share is wrong once.
    refused: dict[str, list[tuple[Refused, Place]]] = {}
    count = 0
    for order, place in zip(given, where, strict=True):
        try:
            answers.append(step(order))
        except Refused as refusal:
            refused.setdefault(str(refusal), []).append((refusal, place))
            count += 1
            if count >= most:
                break
    if refused:
        listed = [one for equals in refused.values() for one in _placed(*equals[0], others=len(equals) > 1)]
        once = list({str(one): one for one in listed}.values())
        raise together(once, f"Nothing was stored, {len(once)} things are wrong:")
    return answers


def _place(number: int, order: Any, count: int) -> Place:
    numbered = f"order {number} of {count}" if count > 1 else ""

    def place(field: Sequence[str | int]) -> str:
        if not isinstance(order, WrittenOrder):
            return numbered[:1].upper() + numbered[1:]
        alone = not numbered or order.shares(field)
        return order.place(field) if alone else f"{order.place(field)} ({numbered})"

    return place


def _placed(refusal: Refused, place: Place, *, others: bool) -> list[Refused]:
    """The refusal, one for each of its faults, with the place in front, and whether it holds for others too."""
    faults: Sequence[Fault] = refusal.faults if isinstance(refusal, OrderRefused) else ()
    if not place(()):
        return [refusal]
    more = " and others" if others else ""
    if not faults:
        return [type(refusal)(f"{place(())}{more}: {refusal.message}", hint=refusal.hint)]
    return [type(refusal)(f"{place(each.where)}{more}: {each.sentence}", hint=each.hint) for each in faults]
