"""How Echo is kept informed of the render workers: one round of calls, side by side, and what came of each."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from farm.echo.client import EchoAnswer
from models.errors import Unavailable
from models.vocabulary import WorkerStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from farm.echo.client import EchoClient
    from models.fleet import EchoWorker

REGISTERED = "registered"
SILENT = "silent"
UNSUPPORTED = "unsupported"
UNREGISTERED = "unregistered"

ASK_AGAIN_AFTER = timedelta(minutes=10)
"""How long an Echo without the worker protocol is left in peace."""

_CALLS_AT_ONCE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoRound:
    """What one round of calls says of one worker, as it is kept in its row."""

    worker: EchoWorker
    status: str
    error: str | None = None


def inform(client: EchoClient, workers: Sequence[EchoWorker], callback_url: str) -> list[EchoRound]:
    """One round: register, heartbeat or unregister each worker; nothing Echo does can raise here.

    Calls go side by side, so that the round takes no longer than one call's timeout times a few. Workers whose
    Echo said lately that it has no worker protocol are left out.
    """
    due = [worker for worker in workers if not _is_left_in_peace(worker)]
    if not due:
        return []
    with ThreadPoolExecutor(min(_CALLS_AT_ONCE, len(due)), thread_name_prefix="echo") as calls:
        return list(calls.map(lambda worker: _inform(client, worker, callback_url), due))


def registration(worker: EchoWorker, callback_url: str) -> dict[str, Any]:
    """The body that introduces a worker, as Echo's worker protocol asks for it."""
    gpu = worker.capabilities.get("gpu_info") or {}
    return {
        "worker_id": worker.id,
        "worker_type": "anime_renderer",
        "capabilities": [*worker.capabilities.get("job_types", []), "consistency_check"],
        "callback_url": callback_url,
        "gpu_info": {name: gpu.get(name) for name in ("model", "vram_gb", "driver")},
        "max_concurrent_jobs": worker.slots,
        "status": _status(worker),
    }


def _inform(client: EchoClient, worker: EchoWorker, callback_url: str) -> EchoRound:
    try:
        if worker.status not in (WorkerStatus.READY, WorkerStatus.BUSY):
            client.unregister(worker.id)
            return EchoRound(worker=worker, status=UNREGISTERED)
        known = worker.echo_status in (REGISTERED, SILENT)
        if known and client.heartbeat(worker.id, _beat(worker)) is EchoAnswer.OK:
            return EchoRound(worker=worker, status=REGISTERED)
        if client.register(registration(worker, callback_url)) is EchoAnswer.UNKNOWN:
            return EchoRound(
                worker=worker, status=UNSUPPORTED, error="This Echo does not know the worker protocol (404)."
            )
        return EchoRound(worker=worker, status=REGISTERED)
    except Unavailable as error:
        return EchoRound(worker=worker, status=SILENT, error=error.message)


def _beat(worker: EchoWorker) -> dict[str, Any]:
    return {
        "worker_id": worker.id,
        "status": _status(worker),
        "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _status(worker: EchoWorker) -> str:
    return "busy" if worker.status is WorkerStatus.BUSY else "ready"


def _is_left_in_peace(worker: EchoWorker) -> bool:
    return (
        worker.echo_status == UNSUPPORTED
        and worker.echo_silence is not None
        and worker.echo_silence < ASK_AGAIN_AFTER
    )
