"""What an agent finds, orders and reads over HTTP, with the official client."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from mcp.shared.exceptions import MCPError

from models.access import Caps, Door, Scope
from models.metrics import WORST_PICTURE, WORST_PICTURE_FRAMES
from models.rows.takes import QualityScores
from models.vocabulary import JobState, Phase
from tests.support.agent import OLD

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from mcp import Client

    from farm.client import Farm
    from models.shows import StoredShow
    from tests.support.agent import Agent
    from tests.support.delivery_studio import Studio


@pytest.fixture
def order(show: StoredShow) -> dict[str, Any]:
    return {"project": show.project, "cut": next(iter(show.cuts)), "seed": 2**63 + 5}


@pytest.mark.parametrize("mode", ["auto", OLD])
def test_an_order_is_placed_seen_and_called_off(
    home: Farm, agent_for: Callable[..., Agent], order: dict[str, Any], mode: str
) -> None:
    agent = agent_for(Scope.READ, Scope.SUBMIT, Scope.ADMIN, mode=mode)
    job_id = agent.value("submit_order", order=order)["job_id"]

    stands = agent.value("get_job", job_id=job_id)
    assert (stands["is_over"], stands["state"], stands["seed_text"]) == (False, "queued", str(2**63 + 5))
    assert "No worker serves the pool toon" in stands["sentences"][0]
    assert agent.value("why_waiting", job_id=job_id)["sentences"] == stands["sentences"]
    assert [each["job_id"] for each in agent.value("list_takes", job_id=job_id)["items"]] == [job_id]
    assert agent.value("cancel_job", job_id=job_id)["cancelled"] == [job_id]
    assert agent.value("cancel_job", job_id=job_id)["over_before"] == [job_id]
    assert home.job(job_id).row.state is JobState.CANCELLED
    entry = home.audit(limit=1).items[0]
    assert (entry.action, entry.door, str(entry.by)) == ("job.cancel", Door.MCP, "agent:nightly")


def test_a_plan_stores_nothing_and_says_what_stands_in_the_way(
    home: Farm, agent: Agent, order: dict[str, Any]
) -> None:
    planned = agent.value("plan_order", order=order)
    refused = agent.value("plan_order", order=order | {"widht": 100})
    closed = agent.value("plan_order", order=order | {"job_type": "animation_loop"})

    assert (planned["accepted"], planned["pool"], planned["workers"]) == (True, "toon", 0)
    assert (refused["accepted"], "width" in refused["hint"]) == (False, True)
    assert (closed["accepted"], "closed" in closed["refusal"]) == (False, True)
    assert home.jobs(project=order["project"]).items == ()


def test_an_order_that_cannot_work_is_refused_in_a_sentence(agent: Agent, order: dict[str, Any]) -> None:
    assert "There is no cut" in agent.refusal("submit_order", order=order | {"cut": "1/10/77"})
    assert agent.refusal("get_job", job_id="x").startswith("'x' is not a job's id.")


def test_cuts_and_jobs_are_read_page_by_page(agent: Agent, show: StoredShow, order: dict[str, Any]) -> None:
    first = agent.value("list_cuts", project=show.project, limit=2)
    last = agent.value("list_cuts", project=show.project, limit=2, after=first["next"])
    agent.value("submit_order", order=order)

    paths = [cut["path"] for page in (first, last) for cut in page["items"]]
    assert (paths, last["next"]) == (list(show.cuts), None)
    assert len(agent.value("list_jobs", project=show.project, state="queued")["items"]) == 1
    assert agent.value("list_jobs", project=show.project, phase="loop")["items"] == []


def test_an_agent_sees_what_its_key_may_spend(agent_for: Callable[..., Agent], order: dict[str, Any]) -> None:
    agent = agent_for(Scope.READ, Scope.SUBMIT, caps=Caps(jobs_per_day=1))
    agent.value("submit_order", order=order)

    caller = agent.value("farm_status")["caller"]
    assert (caller["actor"], caller["jobs_per_day"], caller["jobs_today"]) == ("agent:nightly", 1, 1)
    assert "1 job" in agent.refusal("submit_order", order=order | {"seed": 1})


def test_a_take_that_failed_is_explained_with_its_worst_frame(home: Farm, agent: Agent, studio: Studio) -> None:
    job_id = studio.take(good=False)
    keep_worst_picture(home, job_id, b"a small picture")

    answer = agent.call("explain_take", job_id=str(job_id))

    text, picture = answer.content
    assert (picture.type, picture.mime_type) == ("image", "image/jpeg")
    assert base64.b64decode(picture.data) == b"a small picture"
    assert "It waits for a person" in text.text
    assert answer.structured_content["pictures"] == ["identity: frame 0, where it is worst, in small."]
    assert agent.value("get_job", job_id=str(job_id))["waits_for_a_person"]


def test_a_still_is_shown_itself_and_a_take_says_what_it_was_made_of(agent: Agent, studio: Studio) -> None:
    job_id = studio.take()

    text, picture = agent.call("explain_take", job_id=str(job_id)).content
    shown = agent.run(lambda client: client.read_resource(f"farm://jobs/{job_id}/still")).contents[0]

    assert (picture.mime_type, shown.mime_type, picture.data) == ("image/webp", "image/webp", shown.blob)
    assert '"The still itself."' in text.text


def test_shows_are_read_by_their_addresses(agent: Agent, show: StoredShow) -> None:
    async def ask(client: Client) -> list[str]:
        addresses = ("farm://shows", f"farm://shows/{show.project}", "farm://order-form")
        return [(await client.read_resource(address)).contents[0].text for address in addresses]

    shows, one, form = agent.run(ask)

    assert show.project in shows
    assert "ep001/sc010/c0010" in one
    assert '"lora_models"' in form
    with pytest.raises(MCPError, match="There is no show 'nowhere'"):
        agent.run(lambda client: client.read_resource("farm://shows/nowhere"))


def test_a_person_decides_and_the_gate_counts_it(agent_for: Callable[..., Agent], studio: Studio) -> None:
    job_id = studio.take(good=False)
    person = agent_for(Scope.READ, Scope.REVIEW, actor="Ada")

    reviewed = person.value("review_take", job_id=str(job_id), verdict="approve", note="it is her")

    assert (reviewed["verdict"], reviewed["by"]) == ("approved", "Ada")
    gate = person.value("gate_status", project=studio.show.project, phase=Phase.STILL)
    assert (gate["passed"], gate["waiting_for_a_person"]) == (1, [])
    assert person.value("explain_take", job_id=str(job_id))["reviews"] == ["approved by Ada: it is her"]


def keep_worst_picture(farm: Farm, job_id: UUID, picture: bytes) -> None:
    """What scoring leaves beside a take whose identity failed."""
    take = farm.job(job_id).take
    assert take is not None
    file = farm.store.path(take.master_path).parent / "worst" / "identity.jpg"
    file.parent.mkdir()
    file.write_bytes(picture)
    address = f"{take.master_path.rpartition('/')[0]}/worst/identity.jpg"
    with farm.database.transaction() as session:
        scores = session.query(QualityScores).filter_by(job_id=job_id).one()
        more = {WORST_PICTURE: address, WORST_PICTURE_FRAMES: [0]}
        scores.measurements = [
            each | {"detail": each["detail"] | more} if each["metric"] == "identity" else each
            for each in scores.measurements
        ]
