"""What an agent reads by its address: shows, what takes were made of, and pictures of them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from farm.client import wire
from farm.client.files import TakeFile
from farm.mcp.asking import farm_for
from farm.mcp.orders import order_form
from models.access import Scope
from models.nearest import unknown_name
from models.shows import CutView, ProjectView
from models.vocabulary import Phase

if TYPE_CHECKING:
    from farm.mcp.asking import AgentServer

_JSON, _PICTURE = "application/json", "image/webp"


def join(server: AgentServer) -> None:
    server.resource("farm://shows", title="Shows", mime_type=_JSON)(shows)
    server.resource("farm://order-form", title="Every field of an order", mime_type=_JSON)(order_form)
    server.resource("farm://shows/{project}", title="One show", mime_type=_JSON)(show)
    server.resource("farm://jobs/{job_id}/take.json", title="What a take was made of", mime_type=_JSON)(sidecar)
    server.resource("farm://jobs/{job_id}/still", title="A picture of a take", mime_type=_PICTURE)(still)


def shows() -> Any:
    """Every show, and what its orders start from."""
    return wire.encode(farm_for(Scope.READ).projects(), tuple[ProjectView, ...])


def show(project: str) -> Any:
    """One show: what its orders start from, its cuts, and how each phase stands."""
    farm = farm_for(Scope.READ)
    shown = {each.slug: each for each in farm.projects()}
    if project not in shown:
        raise unknown_name(project[:80], shown, "show")
    return {
        "show": wire.encode(shown[project], ProjectView),
        "cuts": wire.encode(farm.cuts(project), tuple[CutView, ...]),
        "gates": {phase.value: farm.gate(project, phase).to_json() for phase in Phase},
    }


def sidecar(job_id: str) -> str:
    """Everything that is needed to make a take again, as the file beside its master says it."""
    return _file(job_id, TakeFile.SIDECAR).decode()


def still(job_id: str) -> bytes:
    """A still as it was made, in WebP; of what moves the first frame, in small."""
    detail = farm_for(Scope.READ).job(job_id)
    return _file(job_id, TakeFile.THUMBNAIL if detail.row.job_type.is_motion else TakeFile.PROXY)


def _file(job_id: str, which: TakeFile) -> bytes:
    with TemporaryDirectory(prefix="farm-mcp-") as folder:
        return farm_for(Scope.READ).fetch(job_id, Path(folder), which).read_bytes()
