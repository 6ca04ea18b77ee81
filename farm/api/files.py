"""Files of takes: masters, proxies, thumbnails and sidecars, by ranges and with marks of their content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Response
from fastapi.responses import FileResponse

from farm.api.asking import Asked, Reading
from farm.api.openapi import PROBLEMS
from farm.api.reading import ReadingRoute
from farm.client.files import TakeFile
from models.metrics import Metric

if TYPE_CHECKING:
    from pathlib import Path as FilePath

router = APIRouter(tags=["files"], route_class=ReadingRoute)

#: a published file never changes; only who may read it does
_LASTING = "private, max-age=31536000, immutable"
_PATH = "/jobs/{job_id}/take/{which}"
_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".mkv": "video/x-matroska",
    ".webp": "image/webp",
    ".mp4": "video/mp4",
}
_CONTENT: dict[str, Any] = {
    kind: {"schema": {"type": "string", "format": "binary"}} for kind in _TYPES.values()
} | {"application/json": {"schema": {"type": "object"}}}
_WHOLE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", "content": _CONTENT},
    206: {"description": "The part that `Range` asks for.", "content": _CONTENT},
    304: {"description": "The caller has it already."},
    **PROBLEMS,
}


@router.get(
    "/jobs/{job_id}/worst-frames/{metric}", operation_id="worst_frame", response_model=None, responses=_WHOLE
)
def worst_frame(
    asked: Reading,
    job_id: Annotated[str, Path(description="The job's id.")],
    metric: Metric,
) -> Response:
    """A picture of the frames at which a metric that failed is worst, as scoring kept it."""
    return _file(asked, asked.farm.worst_frame(job_id, metric), job_id)


@router.head(_PATH, include_in_schema=False, response_model=None)
@router.get(_PATH, operation_id="take_file", response_model=None, responses=_WHOLE)
def take_file(
    asked: Reading,
    job_id: Annotated[str, Path(description="The job's id.")],
    which: TakeFile,
) -> Response:
    """One file of a job's take; takes `Range`, and `If-None-Match` for what the caller has already."""
    return _file(asked, asked.farm.take_file(job_id, which), job_id)


def _file(asked: Asked, path: FilePath, job_id: str) -> Response:
    whole = FileResponse(
        path,
        stat_result=path.stat(),
        media_type=_TYPES.get(path.suffix, "application/json"),
        filename=f"{job_id}-{path.name}",
        content_disposition_type="inline",
        headers={"Cache-Control": _LASTING},
    )
    mark = whole.headers["ETag"]
    if asked.has(mark):
        return Response(status_code=304, headers={"ETag": mark, "Cache-Control": _LASTING})
    return whole
