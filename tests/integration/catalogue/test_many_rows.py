"""Many rows in one statement are what one at a time would be: values of every kind, defaults, conflicts."""

from __future__ import annotations

from secrets import token_hex
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from db import catalogue
from db.catalogue import NewJob, insert_jobs
from db.catalogue.many import insert_new_rows, insert_rows
from models.actors import Actor
from models.recipe import SEED_LIMIT, Recipe
from models.rows.jobs import Job
from models.rows.shows import Project
from tests.support.factories import a_recipe, a_stored_show

if TYPE_CHECKING:
    from db.engine import Database, Session

_ODD = "\"'\\ \t\n$1 %s :a ::b 雨 é e\u0301 \U0001f3a8 {}"


def _stored(session: Session, recipe: Recipe, **more: Any) -> Job:
    project_id = catalogue.project(session, a_stored_show(session).project).id
    values: dict[str, Any] = {"pool": "null", "profile": "test", "order_data": {}, "quality_thresholds": {}}
    new = NewJob(project_id=project_id, recipe=recipe, requested_by=Actor.read("Ada"), **values | more)
    (job_id,) = insert_jobs(session, [new])
    return session.get_one(Job, job_id)


def test_every_kind_of_value_comes_back_as_it_was_given(database: Database) -> None:
    recipe = a_recipe(seed=SEED_LIMIT - 1, subseed=0, positive_prompt=_ODD, cfg_scale=7.1, model_name=_ODD[:20])
    order_data = {_ODD: [1, 2.5, None, True, {"deep": _ODD}], "big": SEED_LIMIT - 1}
    with database.transaction() as session:
        job = _stored(session, recipe, order_data=order_data, needs=('a "b" \\c', "d,e"), priority=9)
        assert (job.params.seed, job.params.subseed, job.params.cfg_scale) == (SEED_LIMIT - 1, 0, 7.1)
        assert job.params.positive_prompt == _ODD
        assert Recipe.from_json(job.params.recipe) == recipe
        assert job.order_data == order_data
        assert job.queue.needs == ['a "b" \\c', "d,e"]
        assert str(job.requested_by) == "Ada"


def test_nothing_is_null_and_what_is_left_out_is_the_servers_default(database: Database) -> None:
    with database.transaction() as session:
        job = _stored(session, a_recipe())
        absent = text("SELECT retake_reason IS NULL AND reproduction_changes IS NULL FROM jobs WHERE id = :id")
        assert session.scalar(absent, {"id": job.id})
        assert job.queue.queued_at == job.queue.created_at == job.created_at
        assert (job.queue.status, job.queue.networks, job.queue.epoch) == ("ready", [], 0)


def test_a_row_that_is_there_is_left_out_or_refused(database: Database) -> None:
    first, second = ({"id": uuid4(), "slug": token_hex(4), "name": name} for name in ("One", "Two"))
    again = {**first, "id": uuid4()}
    with database.transaction() as session:
        insert_rows(session, Project, [first])
        assert insert_new_rows(session, Project, [again, second]) == {second["id"]}
        assert insert_new_rows(session, Project, []) == set()
        named = select(Project.name).where(Project.slug == first["slug"])
        assert session.scalars(named).all() == ["One"]
    with pytest.raises(IntegrityError), database.transaction() as session:
        insert_rows(session, Project, [again])
