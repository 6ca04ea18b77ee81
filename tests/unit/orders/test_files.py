"""Files of orders: what they hold, and where it stands."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from farm.orders import batch, submission
from farm.orders.files import read_orders
from models.errors import BadInput, OrderRefused, Refused

#: fields of an order that hold one number
NUMBERS = (
    *("width", "height", "frame_count", "steps", "cfg_scale", "motion_strength", "seed", "subseed"),
    *("priority", "max_retries", "max_retakes"),
)


def written(folder: Path, text: str, name: str = "orders.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path, text: str) -> Refused:
    orders = read_orders(written(folder, text))
    with pytest.raises(Refused) as refused:
        submission.parse_all(orders, batch.places(orders))
    return refused.value


def test_a_file_holds_one_order_or_many_or_many_with_shared_fields(tmp_path: Path) -> None:
    one = written(tmp_path, "project: a\ncut: 1/10/10\n", "one.yaml")
    many = written(tmp_path, "- project: a\n- project: b\n", "many.yaml")
    shared = written(
        tmp_path, "project: a\norders:\n  - cut: 1/10/10\n  - cut: 1/10/20\n    project: b\n", "shared.yaml"
    )

    assert read_orders(one) == [{"project": "a", "cut": "1/10/10"}]
    assert [order["project"] for order in read_orders(many)] == ["a", "b"]
    assert [order["project"] for order in read_orders(shared)] == ["a", "b"]


def test_programs_write_orders_as_json(tmp_path: Path) -> None:
    orders = [{"project": "a", "prompt": "rain \U0001f327"}, {"project": "b", "cfg_scale": 1e1}]

    assert read_orders(written(tmp_path, json.dumps(orders), "orders.json")) == orders
    assert read_orders(written(tmp_path, json.dumps(orders, indent=1))) == orders


def test_numbers_with_leading_zeros_are_those_numbers(tmp_path: Path) -> None:
    text = "project: zeros\njob_type: animation_loop\nframe_count: 016\nsteps: 024\nseed: 0123\npriority: 08\n"

    (order,) = map(submission.parse, read_orders(written(tmp_path, text)))

    assert (order.frame_count, order.steps, order.seed, order.priority) == (16, 24, 123, 8)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("project: [unclosed", "line 1: this is not YAML"),
        ("- just words", "line 1: order 1 is no set of fields"),
        ("- project: a\n- 5\n- []\n", "has 2 mistakes"),
        ("[]", "holds no order"),
        ("orders: []", "holds no order"),
        ("just words", "holds no order"),
        ("\x00", "this is not YAML"),
        ("project: [", "not YAML"),
        ("project: " + "[" * 3000, "nested too deeply"),
        ("project: a\nseed: 1\nseed: 2\n", "line 3: 'seed' stands here twice, first in line 2"),
    ],
)
def test_a_file_that_holds_no_orders_is_refused_in_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        read_orders(written(tmp_path, text))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"nowhere\.yaml cannot be read"):
        read_orders(tmp_path / "nowhere.yaml")


def test_the_wrong_one_of_a_thousand_orders_is_named_by_number_and_line(tmp_path: Path) -> None:
    orders = [f"- {{project: a, cut: 1/10/10, seed: {number}}}" for number in range(1000)]
    orders[637] = "- {project: a, cut: 1/10/10, cammera_angle: low}"

    refused = refusal(tmp_path, "\n".join(orders))

    assert isinstance(refused, OrderRefused)
    assert "orders.yaml, line 638 (order 638 of 1000): An order has no field 'cammera_angle'." in str(refused)
    assert refused.hint == "Did you mean 'camera_angle'?"
    assert "\n" not in str(refused)


def test_all_that_is_wrong_with_a_file_is_said_at_once_with_its_lines(tmp_path: Path) -> None:
    text = """stpes: 20
priority: 11
orders:
  - project: a
    seed: true
    lora_models:
      - name: x
        weihgt: 1
  - project: b
    cut: 1/10/10
  - prject: c
"""

    refused = refusal(tmp_path, text)

    head, *wrong = str(refused).split("\n  ")
    assert head == "Nothing was stored, 5 things are wrong:"
    places = [each.partition("orders.yaml, line ")[2] for each in wrong]
    assert [int(re.split("[ :]", place)[0]) for place in places] == [5, 8, 2, 1, 11]
    assert ["(order" in place for place in places] == [True, True, False, False, True]


@pytest.mark.parametrize("value", [True, False])
@pytest.mark.parametrize("field", NUMBERS)
def test_true_and_false_are_no_numbers(field: str, value: bool) -> None:
    with pytest.raises(OrderRefused, match=f"{field} {value} cannot be used: it must be a number"):
        submission.parse({"project": "a", field: value})


@pytest.mark.parametrize(
    "fields",
    [
        {"lora_models": [{"name": "a", "weight": True}]},
        {"quality_thresholds": {"identity": True}},
        {"ipadapter_refs": [{"reference_image_path": "a.png", "noise": False}]},
    ],
)
def test_nor_are_they_in_the_parts_of_an_order(fields: dict[str, Any]) -> None:
    with pytest.raises(OrderRefused, match="must be a number, not true or false"):
        submission.parse({"project": "a", **fields})
