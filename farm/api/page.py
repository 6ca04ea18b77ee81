"""The API's page: Swagger UI from an installed package, which works in a studio without an internet."""

from __future__ import annotations

from enum import StrEnum
from importlib.resources import as_file, files

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse, HTMLResponse

from farm.client.routes import PREFIX

router = APIRouter(include_in_schema=False)


class PageFile(StrEnum):
    """What the page consists of, by the names of the package that brings it."""

    SCRIPT = "swagger-ui-bundle.js"
    STYLE = "swagger-ui.css"
    ICON = "favicon.png"


#: the page runs what lies beside it and speaks to this farm alone; the script writes styles of its own
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_PAGE = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>anime-render-farm: the API</title>
<link rel="icon" href="{PREFIX}/docs/{PageFile.ICON}">
<link rel="stylesheet" href="{PREFIX}/docs/{PageFile.STYLE}">
</head>
<body>
<div id="page"></div>
<script src="{PREFIX}/docs/{PageFile.SCRIPT}"></script>
<script src="{PREFIX}/docs/begin.js"></script>
</body>
</html>
"""
# A key that is typed in is gone with the page, and nobody elsewhere is asked whether the description is valid.
_BEGIN = f"""SwaggerUIBundle({{
  url: "{PREFIX}/openapi.json",
  dom_id: "#page",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  persistAuthorization: false,
  validatorUrl: null,
}});
"""


@router.get("/docs")
def page() -> HTMLResponse:
    """What every call takes and answers, to read and to try."""
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})


@router.get("/docs/begin.js")
def begin() -> Response:
    """Shows this farm's description; a file of its own, because the page runs no script that stands in it."""
    return Response(_BEGIN, media_type="text/javascript")


@router.get("/docs/{name}")
def page_file(name: PageFile) -> FileResponse:
    """One of the package's files."""
    with as_file(files("fastapi_offline") / "static" / name) as path:
        return FileResponse(path, headers={"Cache-Control": "private, max-age=86400"})
