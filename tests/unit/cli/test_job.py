"""A job on the terminal and in JSON: its steps, how it was made, what was reused, and how equal it is again."""

from __future__ import annotations

import json
from io import StringIO
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from rich.console import Console

from farm.cli.commands.jobs import ended_well
from farm.cli.tables.equality import differences_table, outcome_of
from farm.cli.tables.job import job_facts
from farm.cli.tables.jobs import jobs_table
from farm.dailies.from_jobs import page_take
from farm.explaining.answers import job_json, to_json
from farm.judging.reports import phase_report
from farm.orders.submission import SubmittedJob
from models.recipe import InputPicture, Lora, environment_sha256
from models.vocabulary import JobState, JobType, LeftOut, Phase, Verdict
from tests.support.factories import a_unit, slow
from tests.support.views_by_hand import a_detail, a_row, a_take_view

if TYPE_CHECKING:
    from models.jobs import JobDetail

OTHER = UUID(int=2)
RUNNING = {"state": JobState.PROCESSING, "current_frame": 0, "completed_at": None}


def printed(*parts: Any, width: int = 100) -> str:
    """What the terminal shows, with runs of spaces as one."""
    console = Console(file=StringIO(), width=width)
    for part in parts:
        console.print(part)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO here
    assert max(len(line) for line in text.splitlines()) <= width
    return " ".join(text.split())


def a_still(seconds: float = 0.5, kind: JobType = JobType.STILL_IMAGE, **take: Any) -> JobDetail:
    row = a_row(job_type=kind, phase=Phase.STILL, total_frames=1, current_frame=1)
    return a_detail(row, take=a_take_view(render_seconds=seconds, **take))


REPRODUCTION = {
    "equality": "equivalent",
    "reason": "",
    "comparison": {
        "equality": "equivalent",
        "frames": [16, 16],
        "equal_frames": 3,
        "mean_error": 0.31,
        "max_error": 4.0,
        "lpips": 0.004,
        "worst_frame": 7,
        "pixel_sha256": ["a" * 64, "b" * 64],
        "reason": "",
    },
    "differences": [
        {"fact": "recipe.seed", "original": 2**64 - 1, "again": 7},
        {"fact": "environment.device", "original": "RTX 3090", "again": "RTX 4090"},
        {"fact": "file_hashes.aiko.safetensors", "original": "c" * 64, "again": None},
    ],
    "changed": {"seed": [2**64 - 1, 7]},
}


@pytest.mark.parametrize("width", [80, 100, 160])
def test_a_running_render_shows_its_sampler_step_until_frames_come(width: int) -> None:
    sampling = a_row(**RUNNING, current_step=12, total_steps=20)
    writing = a_row(**{**RUNNING, "current_frame": 40}, current_step=20, total_steps=20)

    assert "step 12 of 20" in printed(jobs_table([sampling]), width=width)
    assert "frame 40 of 120" in printed(jobs_table([writing]), width=width)
    assert "step 12 of 20" in printed(job_facts(a_detail(sampling)), width=width)


@pytest.mark.parametrize("width", [80, 160])
def test_a_list_tells_a_reproduction_from_a_take(width: int) -> None:
    assert "again" in printed(jobs_table([a_row(reproduces_job_id=OTHER)]), width=width)
    assert "again" not in printed(jobs_table([a_row()]), width=width)


def test_a_job_says_how_it_was_made() -> None:
    detail = a_detail(
        a_row(job_type=JobType.ANIMATION_LOOP, phase=Phase.LOOP),
        {
            "renderer": "comfyui",
            "workflow": "night",
            "workflow_source": {"graph": {}},
            "workflow_inputs": {"shift": 8.0},
            "model_name": "wan.safetensors",
            "lora_models": (Lora(name="aiko", path="aiko.safetensors", weight=0.7),),
            "start_image": InputPicture(path="boards/c0010.png", sha256="e" * 64),
        },
        renderer_version="1",
        environment={"device": "RTX 4090", "comfyui": "0.3.64"},
        file_hashes={"wan.safetensors": "f" * 64},
    )

    text = printed(job_facts(detail))

    for words in (
        "workflow night (the studio's own)",
        "shift=8.0",
        "checkpoint wan.safetensors",
        "aiko at 0.7",
        "boards/c0010.png eeeeeeeeeeee",
        "wan.safetensors ffffffffffff",
        "comfyui 0.3.64, device RTX 4090",
    ):
        assert words in text


def test_a_job_says_what_of_its_order_is_not_drawn() -> None:
    detail = a_detail(not_drawn=("prompt", "location: moon base"))

    assert "not drawn prompt, location: moon base" in printed(job_facts(detail))
    assert "not drawn" not in printed(job_facts(a_detail()))
    assert job_json(detail)["not_drawn"] == ["prompt", "location: moon base"]
    assert page_take(detail).not_drawn == detail.not_drawn


def test_a_still_over_twenty_seconds_is_called_slow_and_one_of_exactly_twenty_is_not() -> None:
    late, in_time = a_still(20.01), a_still(20.0)

    assert "slow: a still may take 20 s" in printed(job_facts(late))
    assert "slow" not in printed(job_facts(in_time))
    assert [job_json(each)["take"]["is_slow"] for each in (late, in_time)] == [True, False]
    assert [page_take(each).is_slow for each in (late, in_time)] == [True, False]


def test_a_sheet_and_a_video_may_take_longer() -> None:
    video = a_detail(take=a_take_view(render_seconds=300.0, frames=120))

    for detail in (a_still(60.0, JobType.CHARACTER_SHEET), video):
        assert "slow" not in printed(job_facts(detail))


def test_a_reused_take_names_where_it_comes_from_and_is_never_slow() -> None:
    detail = a_still(99.0, reused_from_job_id=OTHER)

    text = printed(job_facts(detail))

    assert f"none: the equal take of job {OTHER} is used" in text
    assert "slow" not in text
    assert job_json(detail)["take"]["is_slow"] is False
    assert (page_take(detail).reused_from, page_take(detail).render_seconds) == (str(OTHER), 0.0)


def test_a_reproduction_is_shown_with_its_equality_its_numbers_and_what_differs() -> None:
    table = differences_table(REPRODUCTION)
    row = a_row(reproduces_job_id=OTHER)

    outcome = printed(outcome_of(REPRODUCTION), width=200)
    differing = printed(table)

    assert outcome.startswith("equivalent: 13 of 16 frames differ, LPIPS 0.004")
    assert "the device RTX 3090 RTX 4090" in differing
    assert "the file aiko.safetensors cccccccccccc not recorded now" in differing
    assert f"makes again {OTHER}" in printed(job_facts(a_detail(row)))
    assert differences_table({**REPRODUCTION, "differences": []}) is None


def test_every_seed_in_json_stands_there_as_text_too() -> None:
    detail = a_detail(
        recipe={"seed": 2**64 - 1, "subseed": 2**63},
        reproduction=REPRODUCTION,
        order_data={"seed": 2**60},
    )

    told = json.loads(json.dumps(job_json(detail)))

    assert (told["recipe"]["seed_text"], told["recipe"]["subseed_text"]) == (str(2**64 - 1), str(2**63))
    assert told["order_data"]["seed_text"] == str(2**60)
    assert told["reproduction"]["changed"]["seed_text"] == [str(2**64 - 1), "7"]
    assert told["reproduction"]["differences"][0]["original_text"] == str(2**64 - 1)
    assert told["recipe"]["scene"]["background_seed_text"] == "0"


def test_a_submitted_order_tells_its_seed_as_text_too() -> None:
    told = to_json([SubmittedJob(job_id=OTHER, seed_used=2**64 - 1, pool="toon")])

    assert told[0]["seed_used_text"] == str(2**64 - 1)


def test_a_job_in_json_names_its_environment_by_one_hash_and_its_reproduction_in_one_sentence() -> None:
    facts = {"device": "RTX 4090"}
    made = job_json(a_detail(environment=facts, reproduction=REPRODUCTION))

    assert made["environment_sha256"] == environment_sha256(facts)
    assert made["reproduction"]["sentence"].startswith("equivalent: ")
    assert job_json(a_detail())["environment_sha256"] is None


def test_a_gate_counts_slow_stills_names_the_slowest_and_opens_all_the_same() -> None:
    late = [a_unit(**slow(seconds)) for seconds in (21.0, 45.5)]
    omitted = a_unit(left_out=LeftOut.OMITTED, **slow(90.0))

    report = phase_report([*(a_unit() for _ in range(4)), *late, omitted], Phase.STILL)
    told = report.to_json()

    assert report.can_open
    assert report.pace_sentence == f"2 stills took longer than 20 s, the slowest 45.5 s in {late[1].cut}."
    assert (told["slow_stills"], told["slowest_still"]["seconds"], told["still_limit_s"]) == (2, 45.5, 20.0)
    assert phase_report([a_unit()], Phase.STILL).to_json()["slowest_still"] is None


def test_watching_a_reproduction_ends_well_when_it_was_made() -> None:
    made = a_row(reproduces_job_id=OTHER, verdict=Verdict.RETAKE)

    assert ended_well([made]).value == 0
    assert ended_well([a_row(verdict=Verdict.RETAKE)]).value == 1
    assert ended_well([a_row(reproduces_job_id=OTHER, state=JobState.FAILED)]).value == 1
