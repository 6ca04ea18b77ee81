"""The route that takes a whole show, as its file says it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Response
from pydantic import ConfigDict

from farm.api.asking import Answer, Asked, changing
from farm.api.examples import EXAMPLES
from farm.api.openapi import answers
from farm.api.reading import ReadingRoute
from farm.api.verbs import Sent
from farm.shows.form import Show
from models.access import Scope
from models.shows import StoredShow

router = APIRouter(tags=["projects"], route_class=ReadingRoute)


class LoadShow(Sent):
    """A show, and how strictly its words are taken."""

    model_config = ConfigDict(json_schema_extra={"examples": list(EXAMPLES["load_show"])})

    show: Show
    lenient: bool = False
    rename: bool = False


@router.post("/shows", operation_id="load_show", **answers(StoredShow))
def load_show(
    asked: Annotated[Asked, Depends(changing(Scope.ADMIN))],
    body: LoadShow,
    if_match: Annotated[str | None, Header(description="The ETag of the show that was read.")] = None,
) -> Response:
    """Store a show; loading it again updates what changed."""
    read = if_match.strip('"') if if_match else None
    return asked.change(
        lambda farm: Answer(
            farm.load_show(body.show, lenient=body.lenient, rename=body.rename, if_match=read), StoredShow
        )
    )
