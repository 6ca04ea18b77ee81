"""What a take is held against for continuity: takes of its own phase and shape, and nothing else."""

from __future__ import annotations

from uuid import uuid4

import pytest

from farm.judging.neighbours import neighbours
from models.takes import CutTake, TakeToScore
from models.vocabulary import JobType, Phase, Verdict
from tests.support.factories import a_recipe


def beside(width: int, height: int, phase: Phase = Phase.VIDEO, verdict: Verdict | None = None) -> CutTake:
    name = uuid4()
    return CutTake(
        job_id=name,
        take_number=1,
        verdict=verdict,
        phase=phase,
        width=width,
        height=height,
        master_path=f"{name}.mkv",
        file_sha256="",
    )


def held_against(*takes: CutTake, size: tuple[int, int] = (832, 480)) -> CutTake | None:
    width, height = size
    recipe = a_recipe(job_type=JobType.FULL_VIDEO, width=width, height=height)
    own = TakeToScore(
        job_id=uuid4(), recipe=recipe, master_path="own.mkv", references=(), styles={}, before=takes
    )
    before, after = neighbours(own)
    assert after is None
    return before


@pytest.mark.parametrize("phase", [Phase.STILL, Phase.LOOP])
def test_a_take_of_another_phase_stands_in_for_no_video(phase: Phase) -> None:
    assert held_against(beside(832, 480, phase)) is None


def test_the_best_take_of_the_phase_is_chosen() -> None:
    poor, good = beside(832, 480, verdict=Verdict.REVIEW), beside(832, 480, verdict=Verdict.PASS)

    assert held_against(poor, good, beside(832, 480, Phase.STILL, Verdict.APPROVED)) is good


@pytest.mark.parametrize("size", [(640, 360), (1280, 720), (1024, 576), (832, 480)])
def test_another_size_of_the_same_shape_is_compared(size: tuple[int, int]) -> None:
    assert held_against(beside(*size)) is not None


@pytest.mark.parametrize("size", [(480, 832), (640, 480), (512, 512), (1152, 480), (512, 768), (720, 480)])
def test_another_shape_is_not(size: tuple[int, int]) -> None:
    assert held_against(beside(*size)) is None


@pytest.mark.parametrize("size", [(512, 768), (480, 832), (640, 640), (1152, 480)])
def test_every_shape_is_compared_with_its_own(size: tuple[int, int]) -> None:
    own = beside(*size)

    assert held_against(beside(832, 480), own, beside(512, 512, verdict=Verdict.PASS), size=size) is not None
