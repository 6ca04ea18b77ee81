"""The doctor's look at every ComfyUI that a worker renders at: where, which, with what card and what files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from db.engine import Database
from db.fleet import inventories
from farm.ops.doctor.findings import Finding, ok, warn
from farm.servers import find_running
from models.errors import FarmError
from models.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from farm.settings import Settings
    from models.fleet import KnownServer

#: seconds to connect and to answer, where the doctor asks a ComfyUI itself
_PATIENCE = (2.0, 5.0)


def comfyuis(settings: Settings) -> Iterator[Finding]:
    """One finding for each ComfyUI, and one for each thing that keeps it from being of full use."""
    servers = _known(settings)
    for server in servers:
        yield _server(server)
        if server.is_live and not server.models_dir:
            yield _without_hashes(server)
    if settings.comfyui_url and settings.comfyui_url not in {server.url for server in servers}:
        yield _unused(settings.comfyui_url)


def _known(settings: Settings) -> tuple[KnownServer, ...]:
    """Nothing where no database answers, or one with another schema: the lines before have said so already."""
    urls = find_running(settings.state_dir, settings.given_servers)
    if urls is None:
        return ()
    database = Database(urls.database_url)
    try:
        database.require_schema()
        with database.transaction() as session:
            return inventories.known(session, silent_after=settings.lease)
    except FarmError:
        return ()
    finally:
        database.close()


def _server(server: KnownServer) -> Finding:
    where, details = f"{server.url or 'no address'} of {server.worker_id}", _details(server)
    if server.error:
        since = f" since {server.error_since}" if server.error_since else ""
        hint = "Its worker takes no work meanwhile. Start ComfyUI, or correct the worker's FARM_COMFYUI_URL."
        return warn("comfyui", f"{where}: is of no use{since}. {server.error}", hint, **details)
    if not server.is_live:
        silence = f"{where}: its worker was last heard of {server.seconds_silent:.0f} s ago"
        return warn("comfyui", silence, "Start the worker again: `farm up`, or look into its log.", **details)
    return ok("comfyui", f"{where} answers. {_contents(server)}", **details)


def _contents(server: KnownServer) -> str:
    """Such as `ComfyUI 0.3.64 on NVIDIA L4, 22.2 GiB; 2 checkpoints, 4 loras; nodes of ComfyUI-GGUF`."""
    card = (
        f"{server.device}, {server.vram_mib / 1024:.1f} GiB" if server.vram_mib else server.device or "no card"
    )
    files = ", ".join(f"{len(names)} {folder}" for folder, names in _models(server).items()) or "no models"
    packages = ", ".join(server.custom_packages) or "ComfyUI only"
    return f"ComfyUI {server.version} on {card}; {files}; nodes of {packages}"


def _details(server: KnownServer) -> dict[str, Any]:
    names = ("url", "error", "version", "device", "vram_mib", "pools", "models_dir", "custom_packages")
    facts = {name: plain(getattr(server, name)) for name in names}
    return {"worker": server.worker_id, "answers": server.is_live, **facts, "models": _models(server)}


def _models(server: KnownServer) -> dict[str, list[str]]:
    models: dict[str, list[str]] = server.content.get("models", {})
    return dict(sorted(models.items()))


def _without_hashes(server: KnownServer) -> Finding:
    return warn(
        "comfyui weights",
        f"{server.worker_id} does not record hashes: its takes can neither be proven nor reused",
        "Set FARM_COMFYUI_MODELS_DIR for that worker to ComfyUI's `models` folder, as it sees it.",
    )


def _unused(url: str) -> Finding:
    """FARM_COMFYUI_URL is set here, and no worker renders there."""
    import requests

    from workers.renderers.comfyui.deadline import Deadline, session

    asked = f"{url.rstrip('/')}/system_stats"
    try:
        # What is in the answer is not looked at, so that it need not be waited for.
        with Deadline(sum(_PATIENCE)):
            answer = session().get(asked, timeout=_PATIENCE, stream=True, allow_redirects=False)
            answer.close()
            answer.raise_for_status()
    except requests.RequestException as error:
        silence = f"{url} does not answer: {type(error).__name__}"
        return warn("comfyui", silence, "Start ComfyUI, or correct FARM_COMFYUI_URL.")
    hint = "Run `farm up`, or start a worker with FARM_COMFYUI_URL set to it."
    return warn("comfyui", f"{url} answers, but no worker renders at it", hint)
