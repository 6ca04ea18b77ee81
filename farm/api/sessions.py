"""Logging in and out, for pages: a cookie that scripts cannot read, and a mark that other sites cannot send."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Cookie, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from farm.api.asking import COOKIE
from farm.api.openapi import answers
from farm.api.reading import ReadingRoute
from farm.api.verbs import Sent
from farm.client import wire
from models.access import PersonView

router = APIRouter(tags=["session"], route_class=ReadingRoute)


class LogIn(Sent):
    """Who comes in."""

    name: str = Field(max_length=255)
    password: str = Field(max_length=1024, json_schema_extra={"format": "password"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session that was begun; `csrf` goes into `X-CSRF-Token` of every change."""

    csrf: str
    person: PersonView


@router.post("/session", operation_id="log_in", status_code=201, **answers(Session, 201))
def log_in(request: Request, body: LogIn) -> Response:
    """Begin a session, whose token comes as a cookie."""
    address = request.client.host if request.client else ""
    # Guessing is slow for everybody who comes from there.
    request.app.state.log_ins.take(address)
    session = request.app.state.farm.log_in(body.name, body.password)
    response = JSONResponse(wire.encode(Session(csrf=session.csrf, person=session.person), Session), 201)
    response.set_cookie(
        COOKIE,
        session.token,
        expires=session.expires_at,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
        path="/",
    )
    return response


@router.delete("/session", operation_id="log_out", status_code=204, **answers(None))
def log_out(request: Request, token: Annotated[str | None, Cookie(alias=COOKIE)] = None) -> Response:
    """End the session, here and wherever else its cookie is."""
    if token is not None:
        request.app.state.farm.log_out(token)
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return response
