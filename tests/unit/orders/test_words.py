"""What a word on the command line means: the order's form says it, not the word's look."""

from __future__ import annotations

from typing import Any

import pytest

from farm.orders import submission, words
from models.errors import BadInput, OrderRefused


@pytest.mark.parametrize(
    ("field", "word", "meant"),
    [
        ("action", "walks to stall #3 and waves", "walks to stall #3 and waves"),
        ("mood", "#calm", "#calm"),
        ("location", "~", "~"),
        ("mood", "null", "null"),
        ("mood", "yes", "yes"),
        ("prompt", "[blurry] sky", "[blurry] sky"),
        ("prompt", "3:30", "3:30"),
        ("prompt", "0123", "0123"),
        ("prompt", "a: b", "a: b"),
        ("prompt", '"quoted"', '"quoted"'),
        ("model_name", "1e3", "1e3"),
        ("seed", "0123", 123),
        ("cfg_scale", "07.5", 7.5),
        ("max_retakes", "0", 0),
        ("reuse", "no", False),
        ("characters", "mio", ("mio",)),
        ("characters", "[mio, ren]", ("mio", "ren")),
        ("workflow_inputs", "{shift: 3, sign: yes}", {"shift": 3, "sign": "yes"}),
        ("variations", "{mio: [yukata]}", {"mio": ("yukata",)}),
    ],
)
def test_a_word_is_taken_as_the_field_takes_it(field: str, word: str, meant: Any) -> None:
    order = submission.parse({"project": "p", field: words.value_of(field, word)})

    assert getattr(order, field) == meant


def test_a_lora_goes_by_its_name() -> None:
    order = submission.parse({"project": "p", "lora_models": words.value_of("lora_models", "ink")})

    assert [lora.name for lora in order.lora_models] == ["ink"]


@pytest.mark.parametrize("word", ["true", "null", "many", "1.5", "-1", ""])
def test_what_is_no_seed_is_refused(word: str) -> None:
    with pytest.raises(OrderRefused, match="seed"):
        submission.parse({"project": "p", "seed": words.value_of("seed", word)})


@pytest.mark.parametrize("word", ["{a: ", "{a: 1, a: 2}"])
def test_a_mapping_that_cannot_be_read_is_refused(word: str) -> None:
    with pytest.raises(BadInput, match="--set workflow_inputs, line 1"):
        words.value_of("workflow_inputs", word)
