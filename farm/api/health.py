"""Whether the farm lives, for whoever probes it: open to everybody, and telling nothing that is not theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from farm.api.openapi import answers
from farm.api.reading import ReadingRoute
from models.fleet import Health

if TYPE_CHECKING:
    from farm.client import Farm

router = APIRouter(tags=["health"], route_class=ReadingRoute)


def health(request: Request) -> JSONResponse:
    """How the farm stands: `ok`, `degraded` with the reasons, or `down` (503)."""
    farm: Farm = request.app.state.farm
    standing = farm.health()
    return JSONResponse(
        {"status": standing.status, "reasons": list(standing.reasons), "workers": standing.workers},
        503 if standing.status == "down" else 200,
    )


#: Echo asks for all three, and takes the farm for dead when one is missing
_PATHS = {"/health": "probe", "/api/health": "probe_api", "/api/anime/health": "probe_anime"}

for _path, _name in _PATHS.items():
    router.add_api_route(_path, health, methods=["HEAD"], include_in_schema=False)
    router.add_api_route(_path, health, operation_id=_name, name=_name, response_model=None, **answers(Health))
