"""What workers' ComfyUIs have: kept once, read as who has what, held against what jobs need."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from db import queue
from db.fleet import inventories, workers
from db.fleet.workers import WorkerIdentity
from farm.scheduling.failures import Backoff
from farm.scheduling.order import AFFINITY
from models.pools import served_by
from models.vocabulary import ErrorKind, QueueStatus
from tasks.process import endings, serving
from tasks.process.serving import Serving
from tests.support.queue_jobs import add_jobs, add_project, execute, one

if TYPE_CHECKING:
    from uuid import UUID

    from db.engine import Database
    from models.fleet import KnownServer

LEASE = timedelta(seconds=60)
CONTENT: dict[str, Any] = {"nodes": {"KSampler": {}}, "models": {"loras": ["aiko.safetensors"]}}
AIKO, INK = "lora_name=aiko.safetensors", "lora_name=ink.safetensors"


@pytest.fixture
def project(database: Database) -> UUID:
    for everything in ("DELETE FROM projects", "DELETE FROM workers", "DELETE FROM inventories"):
        execute(database, everything)
    return add_project(database)


def keep(database: Database, *has: str, **models: list[str]) -> str:
    with database.transaction() as session:
        return inventories.store(session, {**CONTENT, "models": models}, has=has)


def enter(database: Database, host: str, inventory: str | None, *, error: str | None = None) -> str:
    """A render worker; without an inventory one that has no ComfyUI."""
    told = {"url": "http://x", "vram_mib": 24_564, "inventory": inventory, "error": error, "version": "0.3.64"}
    worker = WorkerIdentity(
        host=host,
        role="render",
        pid=1,
        incarnation=uuid4(),
        queues=("render_queue.comfyui",),
        pools=() if error or not inventory else served_by("comfyui", 24_564),
        capabilities={"comfyui": told} if inventory else {},
        slot=0,
    )
    with database.transaction() as session:
        return workers.register(session, worker, slot=0)


def known(database: Database) -> tuple[KnownServer, ...]:
    with database.transaction() as session:
        return inventories.known(session, silent_after=LEASE)


def due(database: Database, pool: str) -> int:
    with database.transaction() as session:
        found = queue.demand(session, reserve=4, silent_after=LEASE)
    return {each.pool: each.due for each in found}[pool]


def test_equal_inventories_share_one_row(database, project):
    first, second = keep(database, AIKO, loras=["aiko"]), keep(database, AIKO, loras=["aiko"])

    assert first == second
    assert keep(database, loras=["ink"]) != first
    assert one(database, "SELECT count(*) AS n FROM inventories").n == 2


def test_who_has_what_is_known_live_ones_first(database, project):
    mine = keep(database, AIKO, loras=["aiko.safetensors"])
    enter(database, "toon-only", None)
    enter(database, "lost", mine)
    execute(database, "UPDATE workers SET last_seen_at = now() - interval '1 hour' WHERE host = 'lost'")
    enter(database, "silent", mine, error="ComfyUI at http://x did not answer /system_stats.")
    enter(database, "well", mine)

    found = known(database)

    assert [(each.host, each.is_live) for each in found] == [
        ("well", True),
        ("silent", False),
        ("lost", False),
    ]
    assert all(each.content["models"] == {"loras": ["aiko.safetensors"]} for each in found)
    assert found[0].has == (AIKO,)
    assert found[1].error == "ComfyUI at http://x did not answer /system_stats."
    assert "comfyui-24g" in found[1].pools
    assert found[2].seconds_silent > 3599


def test_a_server_that_never_answered_is_known_without_content(database, project):
    mine = keep(database, AIKO)
    enter(database, "new", mine, error="No answer.")
    execute(
        database,
        "UPDATE workers SET capabilities = capabilities #- '{comfyui,inventory}' #- '{comfyui,vram_mib}'",
    )

    [only] = known(database)

    assert (only.is_live, only.inventory, only.has, only.vram_mib) == (False, "", (), 0)


def test_only_what_no_worker_names_is_forgotten_after_a_day(database, project):
    named, unnamed, fresh = (keep(database, loras=[name]) for name in ("named", "unnamed", "fresh"))
    enter(database, "a", named)
    execute(
        database,
        "UPDATE inventories SET seen_at = now() - interval '25 hours' WHERE sha256 = ANY(:old)",
        old=[named, unnamed],
    )

    with database.transaction() as session:
        forgotten = inventories.prune(session)

    kept = one(database, "SELECT array_agg(sha256) AS names FROM inventories").names
    assert (forgotten, set(kept)) == (1, {named, fresh})


def test_wake_ups_are_wanted_only_for_what_somebody_can_render(database, project):
    enter(database, "a", keep(database, AIKO, loras=["a"]))
    enter(database, "b", keep(database, AIKO, "node=Custom", loras=["b"]))
    add_jobs(database, project, renderer="comfyui", pool="comfyui-16g", needs=(AIKO, "node=Custom"))
    add_jobs(database, project, renderer="comfyui", pool="comfyui-16g")
    add_jobs(database, project, renderer="comfyui", pool="comfyui-16g", needs=(INK,))

    assert due(database, "comfyui-16g") == 2
    assert due(database, "comfyui") == 0


def test_what_two_workers_have_between_them_nobody_has(database, project):
    enter(database, "a", keep(database, AIKO, loras=["a"]))
    enter(database, "b", keep(database, INK, loras=["b"]))
    add_jobs(database, project, renderer="comfyui", needs=(AIKO, INK))

    assert due(database, "comfyui") == 0


def lacks_a_file(database: Database, worker: str, job: UUID) -> QueueStatus | None:
    """The worker claims the job, and its ComfyUI turns out to lack the file that it was listed with."""
    with database.transaction() as session:
        mine = queue.claim_render(
            session, pools=["comfyui"], worker_id=worker, lease=LEASE, affinity=AFFINITY, has=[AIKO, INK]
        )
    assert mine is not None
    assert mine.job_id == job
    with database.transaction() as session:
        return endings.fail(
            session,
            mine,
            error_kind=ErrorKind.MISSING_CHECKPOINT,
            message="LoraLoader has no lora_name 'aiko.safetensors'.",
            backoff=Backoff(base=timedelta(0), cap=timedelta(0)),
            silent_after=LEASE,
        )


def test_a_file_that_just_went_leaves_the_job_to_a_worker_that_has_it(database, project):
    [job] = add_jobs(database, project, 1, pool="comfyui", needs=(AIKO,))
    was_listed = enter(database, "atelier", keep(database, AIKO, loras=["aiko"]))
    another = enter(database, "annexe", keep(database, AIKO, INK, loras=["aiko", "ink"]))

    assert lacks_a_file(database, was_listed, job) is QueueStatus.READY

    with database.transaction() as session:
        again = queue.claim_render(
            session, pools=["comfyui"], worker_id=was_listed, lease=LEASE, affinity=AFFINITY, has=[AIKO]
        )
    assert again is None
    assert lacks_a_file(database, another, job) is QueueStatus.READY


@pytest.mark.parametrize("has", [(), (INK,)])
def test_a_file_that_nobody_else_has_fails_its_job_at_once(database, project, has):
    [job] = add_jobs(database, project, 1, pool="comfyui", needs=(AIKO,))
    was_listed = enter(database, "atelier", keep(database, AIKO, loras=["aiko"]))
    enter(database, "annexe", keep(database, *has, loras=["ink"]))

    assert lacks_a_file(database, was_listed, job) is QueueStatus.FAILED


def test_a_worker_whose_list_was_wrong_is_given_nothing_until_it_is_listed_anew(database, project):
    [job] = add_jobs(database, project, 1, pool="comfyui", needs=(AIKO,))
    was_listed = enter(database, "atelier", keep(database, AIKO, loras=["aiko"]))

    def serves() -> Serving:
        with database.transaction() as session:
            return serving.by_row(session, was_listed)

    assert serves().has == (AIKO,)
    lacks_a_file(database, was_listed, job)

    assert serves() == Serving(pools=served_by("comfyui", 24_564), has=())
    assert known(database)[0].has == (AIKO,)
    enter(database, "atelier", keep(database, INK, loras=["ink"]))
    assert serves().has == (INK,)


def test_an_equipped_worker_says_what_it_serves_and_is_registered_with_echo_anew(database, project):
    worker = enter(database, "a", keep(database, AIKO))
    execute(database, "UPDATE workers SET echo_status = 'registered'")
    row = one(database, "SELECT incarnation, capabilities FROM workers")

    def equip(gpu: str) -> str | None:
        told = {**row.capabilities, "gpu_info": {"model": gpu}}
        with database.transaction() as session:
            workers.equip(session, worker, row.incarnation, pools=("comfyui",), capabilities=told)
        return one(database, "SELECT echo_status AS s FROM workers").s

    assert equip("NVIDIA L4") is None
    execute(database, "UPDATE workers SET echo_status = 'registered'")
    assert equip("NVIDIA L4") == "registered"
    with database.transaction() as session:
        assert workers.equipment(session, worker).pools == ("comfyui",)
        assert workers.equipment(session, "nobody").pools == ()
