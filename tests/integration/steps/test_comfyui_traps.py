"""Every recorded trap of a ComfyUI is sprung on a real worker process; each job comes out once, and right."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
import requests

from db import queue
from models.vocabulary import ErrorKind

if TYPE_CHECKING:
    from typing import Any
    from uuid import UUID

    from tests.support.comfyui_floor import Studio


@pytest.fixture(scope="module")
def shared(lasting_studio: Studio) -> Studio:
    """One ComfyUI and its worker for the whole module."""
    studio = lasting_studio
    studio.comfyui("one")
    studio.hire("one")
    for hand in studio.floor.hands[:2]:
        studio.floor.wait_ready(hand)
    studio.wait_serving()
    return studio


@pytest.fixture
def studio(shared: Studio) -> Studio:
    """The shared one, healthy again and without traps."""
    comfyui = shared.comfyuis["one"]
    if comfyui.process is None:
        comfyui.start()
    comfyui.trap()
    if not shared.renderers["one"].mark.is_running():
        shared.hire("one")
    shared.wait_serving()
    return shared


def trap(studio: Studio, **traps: Any) -> None:
    studio.comfyuis["one"].trap(**traps)


def prompts(studio: Studio) -> list[str]:
    """Who waits or runs at the ComfyUI, by client."""
    told = requests.get(f"{studio.comfyuis['one'].url}/queue", timeout=5).json()
    return [item[3]["client_id"] for item in told["queue_running"] + told["queue_pending"]]


def wait_for_steps(studio: Studio, job: UUID) -> None:
    """Until the sampler is at work, as far as the database was told."""
    studio.floor.wait(lambda: bool(prompts(studio)), "the prompt to run")
    studio.floor.wait(lambda: studio.row(job).current_step > 0, "the sampler's steps to be told")


@pytest.mark.parametrize(
    "traps",
    [{"deaf_socket": True}, {"drop_socket": 2}, {"history_lag": 0.4}, {"busy": 1}, {"half_view": 1}],
    ids=str,
)
def test_what_only_delays_costs_no_retry(studio: Studio, traps: dict[str, Any]) -> None:
    trap(studio, **traps)

    [job] = studio.order()
    studio.finish(job)

    row = studio.row(job)
    assert row.status == "completed"
    assert studio.kinds(job)[-1] == "settled"
    assert row.tries == 1 or traps == {"busy": 1}


@pytest.mark.parametrize(
    ("traps", "kind"),
    [
        ({"half_graph": 1}, ErrorKind.BAD_RECIPE),
        ({"vanish": 1}, ErrorKind.WORKER_LOST),
        ({"drop_post": 1}, None),
        ({"junk_view": 1}, ErrorKind.BAD_OUTPUT),
        ({"node_error": 1}, ErrorKind.BUG),
        ({"oom": 1}, ErrorKind.OUT_OF_MEMORY),
    ],
    ids=str,
)
def test_a_passing_trouble_is_known_as_what_it_is(
    studio: Studio, traps: dict[str, int], kind: ErrorKind | None
) -> None:
    trap(studio, **traps)

    [job] = studio.order()
    studio.finish(job)

    expected = [kind.value] if kind else []
    if kind is ErrorKind.BAD_RECIPE:
        # A graph of which half was refused would be refused again.
        assert studio.row(job).status == "failed"
        assert not prompts(studio)
    else:
        assert studio.row(job).status == "completed"
        expected.append("settled")
    assert studio.kinds(job) == expected


def test_memory_that_ran_out_is_freed_before_the_second_try(studio: Studio) -> None:
    before = studio.comfyuis["one"].seen().count("free")
    trap(studio, oom=1)

    [job] = studio.order()
    studio.finish(job)

    assert studio.comfyuis["one"].seen().count("free") == before + 1
    assert studio.kinds(job) == ["out_of_memory", "settled"]


def test_a_cached_answer_is_never_taken_for_a_new_picture(studio: Studio) -> None:
    """ComfyUI answers an equal graph with the old file; each attempt's own folder makes graphs unequal."""
    before = studio.comfyuis["one"].seen().count("prompt")

    first, second = studio.order(seed=7) + studio.order(seed=7)
    studio.finish(first, second)

    assert [studio.kinds(job) for job in (first, second)] == [["settled"], ["settled"]]
    assert studio.comfyuis["one"].seen().count("prompt") == before + 2


def test_a_cancelled_job_leaves_nothing_running_though_interrupts_are_lost(studio: Studio) -> None:
    trap(studio, step_seconds=0.2, lost_interrupt=2)
    [job] = studio.order()
    wait_for_steps(studio, job)

    with studio.floor.database.transaction() as session:
        queue.cancel(session, [job])

    studio.floor.wait(lambda: not prompts(studio), "the prompt to go")
    studio.floor.settled()
    assert studio.row(job).status == "cancelled"
    assert studio.row(job).tries == 1


def test_a_comfyui_killed_and_started_again_in_mid_prompt_costs_one_try(studio: Studio) -> None:
    trap(studio, step_seconds=0.2)
    [job] = studio.order()
    wait_for_steps(studio, job)

    studio.comfyuis["one"].kill()
    studio.comfyuis["one"].start()
    studio.finish(job)

    assert studio.row(job).status == "completed"
    assert studio.kinds(job) == ["worker_lost", "settled"]


def test_a_comfyui_that_stays_dead_takes_no_work_and_serves_again_when_it_is_back(studio: Studio) -> None:
    studio.comfyuis["one"].kill()
    studio.wait_serving(0)
    jobs = studio.order(2)

    told = studio.floor.scalar(
        "SELECT capabilities -> 'comfyui' ->> 'error' FROM workers WHERE slots = 1 AND capabilities ? 'comfyui'"
    )
    assert "did not answer" in told
    assert all(studio.row(job).tries == 0 for job in jobs)

    studio.comfyuis["one"].start()
    studio.finish(*jobs)

    assert [studio.kinds(job) for job in jobs] == [["settled"], ["settled"]]


def test_a_comfyui_that_hangs_neither_delays_its_workers_beat_nor_is_given_work(studio: Studio) -> None:
    """It takes connections and answers nothing, as one does that swaps."""
    process = studio.comfyuis["one"].process
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    try:
        [job] = studio.order()
        then = studio.floor.scalar("SELECT now()")
        beats = "SELECT last_seen_at > :then + interval '4 seconds' FROM workers WHERE capabilities ? 'comfyui'"
        studio.floor.wait(lambda: studio.floor.scalar(beats, then=then), "the worker to beat on")
        assert studio.row(job).tries == 0
    finally:
        process.send_signal(signal.SIGCONT)
    studio.finish(job)

    assert studio.kinds(job) == ["settled"]


@pytest.mark.parametrize("who", ["worker", "child"])
def test_a_worker_killed_in_mid_prompt_leaves_nothing_behind(studio: Studio, who: str) -> None:
    """Its successor, under the same name, sweeps the prompt away and makes the job once."""
    trap(studio, step_seconds=0.5)
    [job] = studio.order()
    wait_for_steps(studio, job)
    hand = studio.renderers["one"]

    if who == "worker":
        hand.kill()
        studio.hire("one")
    else:
        hand.kill_child()
    studio.floor.wait(lambda: studio.row(job).tries == 2 or not prompts(studio), "the old prompt to go")
    trap(studio, step_seconds=0.002)
    studio.finish(job)

    assert studio.row(job).status == "completed"
    assert studio.kinds(job) == ["worker_lost", "settled"]


def test_a_file_added_while_it_runs_is_seen_and_brings_the_job_that_waited_for_it(studio: Studio) -> None:
    [job] = studio.order(needs=("lora_name=new.safetensors",))
    [other] = studio.order()
    studio.floor.wait_until_over([other])
    assert studio.row(job).tries == 0

    trap(studio, added={"loras": ["new.safetensors"]})
    studio.finish(job, other)

    assert studio.row(job).status == "completed"


def test_a_model_that_is_missing_fails_at_once_and_names_the_nearest(studio: Studio) -> None:
    [job] = studio.order(model_name="tiny.safetensor")
    studio.finish(job)

    row = studio.row(job)
    assert (row.status, row.error_kind, row.tries) == ("failed", "missing_checkpoint", 1)
    assert "The nearest is 'tiny.safetensors'." in row.error_message
