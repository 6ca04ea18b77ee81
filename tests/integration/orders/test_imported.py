"""A person's own picture is ordered, kept and becomes a take that counts at its gate."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from db import catalogue
from farm.client import Farm
from farm.settings import Settings
from models.errors import Forbidden, OrderRefused, PhaseLocked, UnknownName
from models.rows.shows import Project
from models.vocabulary import JobType, Verdict
from tests.comfyui_server import png_bytes
from tests.support.factories import a_stored_show
from tests.support.queue_jobs import PLAIN, PLAIN_MARKS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.shows import StoredShow
    from tests.support.floor import Floor

CUT = "ep001/sc010/c0010"


@pytest.fixture
def farm(floor: Floor, tmp_path: Path) -> Iterator[Farm]:
    noise = np.random.default_rng(5).integers(0, 256, (72, 96, 3), np.uint8)
    (tmp_path / "hand.png").write_bytes(png_bytes(noise))
    settings = Settings(
        state_dir=floor.folder,
        roots=(tmp_path,),
        given_database_url=floor.database_url,
        given_redis_url=floor.redis_url,
        queue_prefix=floor.prefix,
    )
    with Farm(settings) as farm:
        yield farm


@pytest.fixture
def show(farm: Farm) -> StoredShow:
    with farm.database.transaction() as session:
        stored = a_stored_show(session)
        project = session.get_one(Project, stored.project_id)
        project.defaults = replace(project.defaults, profiles={PLAIN: PLAIN_MARKS})
        return stored


def kept(farm: Farm) -> list[Path]:
    return sorted((farm.settings.artifacts_dir / "inbox").glob("*"))


def test_a_rehearsal_leaves_neither_job_nor_file(farm: Farm, show: StoredShow) -> None:
    before = kept(farm)
    with farm.as_one(keep=False) as rehearsal:
        rehearsal.add_take("hand.png", project=show.project, cut=CUT, by="Ada")

    assert kept(farm) == before
    assert farm.jobs(project=show.project).items == ()


def test_what_cannot_be_a_take_is_refused(farm: Farm, show: StoredShow, tmp_path: Path) -> None:
    outside = tmp_path.parent / "outside.png"
    outside.write_bytes(b"anything")
    name = show.project

    with pytest.raises(Forbidden, match="outside the allowed folders"):
        farm.add_take(outside, project=name, by="Ada")
    with pytest.raises(Forbidden, match="names nobody"):
        farm.add_take("hand.png", project=name, by="")
    with pytest.raises(UnknownName, match="There is no file"):
        farm.add_take("other.png", project=name, by="Ada")
    with pytest.raises(OrderRefused, match="knows no prompt"):
        farm.add_take("hand.png", project=name, cut=CUT, by="Ada", prompt="a moon")
    with pytest.raises(PhaseLocked):
        farm.add_take("hand.png", project=name, cut=CUT, by="Ada", kind=JobType.ANIMATION_LOOP)


def test_a_given_picture_is_mastered_scored_and_gated_and_starts_what_moves(
    floor: Floor, farm: Farm, show: StoredShow, tmp_path: Path
) -> None:
    job = farm.add_take("hand.png", project=show.project, cut=CUT, by="Ada", profile=PLAIN)
    (tmp_path / "hand.png").write_bytes(b"changed since, which changes nothing")
    floor.worker("render_queue.imported", "score", "gate", "control", ready=False)

    floor.wait_until_over([job.job_id])

    detail = farm.job(job.job_id)
    assert detail.row.verdict is Verdict.PASS
    assert (detail.recipe.renderer, str(detail.row.requested_by)) == ("imported", "Ada")
    assert detail.take is not None
    assert (detail.take.width, detail.take.height) == (96, 72)
    with farm.database.transaction() as session:
        cut = catalogue.cut(session, catalogue.project(session, show.project), CUT)
        assert [still.job_id for still in catalogue.passing_stills(session, cut.id)] == [job.job_id]
