"""Many orders at once: each wrong one is named by its place."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from farm.orders import batch, submission
from models.errors import OrderRefused, PhaseLocked, Refused, UnknownName


def refusal(orders: list[Any]) -> Refused:
    with pytest.raises(Refused) as refused:
        submission.parse_all(orders, batch.places(orders))
    return refused.value


def raising(*refusals: Refused) -> Refused:
    def step(number: int) -> None:
        raise refusals[number]

    with pytest.raises(Refused) as refused:
        batch.each(range(len(refusals)), step, batch.places(refusals))
    return refused.value


def test_one_wrong_order_of_many_is_named_by_its_number() -> None:
    refused = refusal([{"project": "a"}] * 2 + [{"project": "a", "heigth": 5}] + [{"project": "a"}])

    assert str(refused) == "Order 3 of 4: An order has no field 'heigth'. Did you mean 'height'?"


def test_an_order_alone_needs_no_number() -> None:
    assert str(refusal([{"prject": "a"}])) == "An order has no field 'prject'. Did you mean 'project'?"


def test_all_that_is_wrong_with_an_order_is_said_at_once() -> None:
    with pytest.raises(OrderRefused) as refused:
        submission.parse({"project": "a", "seed": -1, "priority": 11, "heigth": 5})

    assert [fault.where for fault in refused.value.faults] == [("seed",), ("priority",), ("heigth",)]
    for field in ("seed -1", "priority 11", "'heigth'. Did you mean 'height'?"):
        assert field in str(refused.value)


def test_what_is_no_order_has_its_number_too() -> None:
    assert str(refusal([{"project": "a"}, 5])).startswith("Order 2 of 2: An order is a mapping of fields")


def test_refusals_of_one_kind_stay_that_kind() -> None:
    assert isinstance(raising(PhaseLocked("closed"), PhaseLocked("closed too")), PhaseLocked)
    assert type(raising(PhaseLocked("closed"), UnknownName("nobody"))) is OrderRefused


def test_what_orders_share_is_said_once() -> None:
    refused = raising(
        UnknownName("nobody"), PhaseLocked("closed"), UnknownName("nobody"), UnknownName("nobody")
    )

    assert str(refused).count("nobody") == 1
    assert "Order 1 of 4 and others: nobody" in str(refused)
    assert "Order 2 of 4: closed" in str(refused)


def test_nobody_reads_a_thousand_refusals() -> None:
    refused = raising(*(UnknownName(f"nobody {number}") for number in range(1000)))

    assert str(refused).count("nobody") == 20


@pytest.mark.parametrize("enabled", [True, False])
def test_the_search_for_cycles_is_as_it_was_whatever_happens(enabled: bool) -> None:
    (gc.enable if enabled else gc.disable)()
    try:
        with pytest.raises(ZeroDivisionError), batch.uncollected():
            raise ZeroDivisionError

        assert gc.isenabled() is enabled
    finally:
        gc.enable()
