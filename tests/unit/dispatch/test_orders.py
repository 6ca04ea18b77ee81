"""What a task of a render orders."""

from __future__ import annotations

from typing import Any

import pytest

from farm.dispatch import form
from farm.dispatch.orders import order_of
from models.dispatch import TaskType
from models.errors import OrderRefused


def task(**fields: Any) -> form.Task:
    return form.read(form.Task, {"task_id": "a", "task_type": "generate_loop"} | fields, "task")


def test_a_payload_is_an_order_by_the_names_of_old_callers_too() -> None:
    asked = task(priority=10, payload={"character_ids": ["mio"], "cut_id": "1/10/10", "prompt": "rain"})

    assert order_of(asked, "paper-moon") == {
        "project": "paper-moon",
        "priority": 10,
        "job_type": "animation_loop",
        "characters": ["mio"],
        "cut": "1/10/10",
        "prompt": "rain",
    }


@pytest.mark.parametrize("payload", [{"project": "x"}, {"requested_by": "ada"}, {"job_type": "still_image"}])
def test_a_payload_does_not_say_what_the_task_says(payload: dict[str, Any]) -> None:
    with pytest.raises(OrderRefused):
        order_of(task(payload=payload), "paper-moon")


def test_words_of_echos_protocol_are_known() -> None:
    assert task(task_type="compose_scene").task_type is TaskType.SCENE_COMPOSITION
    with pytest.raises(OrderRefused, match="A task has no field 'priorty'"):
        task(priorty=5)
