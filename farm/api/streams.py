"""Streams: what happens to a job, or to the farm, as it happens; over SSE, and over WebSockets as of old."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Header, WebSocket, WebSocketDisconnect
from fastapi.concurrency import run_in_threadpool
from fastapi.sse import EventSourceResponse, ServerSentEvent

from farm.access import rights
from farm.api.asking import Asked, Reading, called
from farm.api.reading import ReadingRoute
from farm.api.tail import News, Stream, Tail
from farm.client import wire
from models.access import Scope
from models.errors import FarmError
from models.events import EventType, EventView
from models.jobs import JobRow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from farm.client import Farm

router = APIRouter(tags=["streams"], route_class=ReadingRoute)

#: what old callers wait for, by what happened
_OLD_WORDS: dict[str, str] = {EventType.JOB_COMPLETED: "complete", EventType.JOB_FAILED: "error"}
#: policy violation: the socket says nothing about who may come in
_REFUSED = 1008

#: after which an order may be over
_ENDINGS = {EventType.JOB_COMPLETED, EventType.JOB_FAILED, EventType.JOB_CANCELLED}

LastId = Annotated[
    int | None, Header(alias="Last-Event-ID", ge=0, le=2**62, description="Go on after this event.")
]


def _family(asked: Reading, job_id: str) -> tuple[JobRow, ...]:
    """All takes of the order that a job belongs to; raises `UnknownName`."""
    return family_of(asked.farm, job_id)


def family_of(farm: Farm, job_id: str) -> tuple[JobRow, ...]:
    """All takes of the order that a job belongs to; raises `BadInput`, `UnknownName`."""
    return farm.families([farm.job(job_id).row.id])


@router.get("/jobs/{job_id}/stream", operation_id="follow_job", response_class=EventSourceResponse)
async def follow_job(
    asked: Reading,
    family: Annotated[tuple[JobRow, ...], Depends(_family)],
    job_id: str,
    last_event_id: LastId = None,
) -> AsyncIterator[ServerSentEvent]:
    """Follow one order: `progress` as it renders, and each event with its number; ends when it is over."""
    async for news in _news(asked, family, last_event_id):
        yield _sent(news)
    # A browser would come back for more.
    yield ServerSentEvent(event="end", data={"job_id": job_id})


@router.get("/events/stream", operation_id="follow_farm", response_class=EventSourceResponse)
async def follow_farm(asked: Reading, last_event_id: LastId = None) -> AsyncIterator[ServerSentEvent]:
    """Follow every event of the farm; a stream that drops goes on after `Last-Event-ID`."""
    async for news in _news(asked, None, last_event_id):
        yield _sent(news)


@router.websocket("/ws/jobs/{job_id}")
async def socket(websocket: WebSocket, job_id: str) -> None:
    """Follow one order as old callers do: `progress`, `complete`, `error`, and whatever else happened."""
    await websocket.accept()
    try:
        asked = await run_in_threadpool(called, websocket)
        rights.require(asked.caller, Scope.READ)
        family = await run_in_threadpool(family_of, asked.farm, job_id)
    except FarmError as error:
        await websocket.send_json(
            {"type": "error", "job_id": job_id, "error": error.message, "hint": error.hint}
        )
        await websocket.close(_REFUSED)
        return
    try:
        async for news in _news(asked, family, None):
            await websocket.send_json(_as_of_old(news))
        await websocket.close()
    except (WebSocketDisconnect, RuntimeError):
        return


async def _news(asked: Asked, family: Sequence[JobRow] | None, after: int | None) -> AsyncIterator[News]:
    """What was missed and how it stands, then what happens; of one order until it is over, or of the farm."""
    farm = asked.farm
    roots = None if family is None else frozenset(row.root_job_id for row in family)
    job_ids = None if family is None else [row.id for row in family]
    async with _joined(asked.request.app.state.tail, roots) as stream:
        sent = after or 0
        # Joined before it is asked: what happens in between is read twice, and sent once.
        while after is not None:
            missed = await run_in_threadpool(farm.events_after, sent, job_ids=job_ids)
            if not missed:
                break
            for event in missed:
                yield event
            sent = missed[-1].id
        rows = await run_in_threadpool(farm.families, sorted(roots)) if roots else ()
        for row in rows:
            yield row
        is_over = bool(rows) and all(row.state.is_over for row in rows)
        while not is_over and (news := await stream.queue.get()) is not None:
            if isinstance(news, EventView):
                if news.id <= sent:
                    continue
                sent = news.id
            yield news
            is_over = roots is not None and await _was_the_last(farm, roots, news)


async def _was_the_last(farm: Farm, roots: frozenset[UUID], news: News) -> bool:
    """Whether nothing more can happen to the order."""
    if isinstance(news, JobRow) or news.type not in _ENDINGS:
        return False
    rows = await run_in_threadpool(farm.families, sorted(roots))
    return all(row.state.is_over for row in rows)


@asynccontextmanager
async def _joined(tail: Tail, roots: frozenset[UUID] | None) -> AsyncIterator[Stream]:
    stream = Stream(asyncio.get_running_loop(), roots)
    await run_in_threadpool(tail.join, stream)
    try:
        yield stream
    finally:
        tail.leave(stream)


def _sent(news: News) -> ServerSentEvent:
    if isinstance(news, JobRow):
        return ServerSentEvent(event="progress", data=wire.encode(news, JobRow))
    return ServerSentEvent(event=news.type, id=str(news.id), data=wire.encode(news, EventView))


def _as_of_old(news: News) -> dict[str, Any]:
    if isinstance(news, JobRow):
        share = news.current_frame / news.total_frames if news.total_frames else 0.0
        return {"type": "progress", "job_id": str(news.id), "progress": share, "job": wire.encode(news, JobRow)}
    event = wire.encode(news, EventView)
    return {"type": _OLD_WORDS.get(news.type, news.type), "job_id": str(news.job_id), "event": event}
