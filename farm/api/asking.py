"""What every call passes through: who calls, what they may do, for real or for trial, once or again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Header, Query, Request, Response
from fastapi.requests import HTTPConnection
from fastapi.responses import JSONResponse

from farm.access import rights
from farm.api.problems import of_error
from farm.client import Farm, wire
from farm.explaining.answers import with_seed_texts
from models.access import Caller, KeptAnswer, Scope
from models.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Callable

COOKIE = "farm_session"
_SHOWN_ONCE = Conflict(
    "This was done before under the same key, and its secret was shown once.",
    hint="Where it did not arrive, make another one and take the first back.",
)
_BEARER = "bearer "


@dataclass(frozen=True, slots=True)
class Answer:
    """What a verb answers, and how it travels."""

    value: Any
    kind: Any
    status: int = 200
    #: where what was made can be asked for
    location: str | None = None
    #: it holds a secret that is shown this once
    is_secret: bool = False

    def response(self) -> Response:
        headers = {"ETag": f'"{self.etag}"'} if self.etag else {}
        if self.location:
            headers["Location"] = self.location
        if self.kind is type(None):
            return Response(status_code=204, headers=headers)
        return JSONResponse(with_seed_texts(wire.answer(self.value, self.kind)), self.status, headers)

    @property
    def etag(self) -> str | None:
        """The mark of what two hands can edit."""
        return getattr(self.value, "etag", None)


@dataclass(frozen=True, slots=True)
class Asked:
    """One call: by whom, and of which farm."""

    farm: Farm
    request: HTTPConnection
    body: bytes = b""
    dry_run: bool = False
    idempotency_key: str | None = None

    @property
    def caller(self) -> Caller:
        return self.farm.caller

    def read(self, verb: Callable[[Farm], Answer]) -> Response:
        """What does not change anything; 304 where the caller has it already."""
        answer = verb(self.farm)
        if answer.etag and self.has(f'"{answer.etag}"'):
            return Response(status_code=304, headers={"ETag": f'"{answer.etag}"'})
        return answer.response()

    def has(self, mark: str) -> bool:
        """Whether the caller says that it has what bears this mark already, a text in double quotes."""
        known = self.request.headers.get("if-none-match", "").split(",")
        return any(each.strip().removeprefix("W/") in (mark, "*") for each in known)

    def change(self, verb: Callable[[Farm], Answer]) -> Response:
        """What changes something: with its answer in one transaction, which a dry run rolls back.

        The answer to an `Idempotency-Key` that was used before comes from the store. Raises `Conflict` when it
        was used for another call, and `Busy` while that call still runs.
        """
        with self.farm.as_one(keep=not self.dry_run) as farm:
            if self.idempotency_key is None or self.dry_run:
                return verb(farm).response()
            known = farm.begin_answer(self.idempotency_key, self._fingerprint())
            if known is not None:
                return Response(known.body, known.status, known.headers | {"Idempotent-Replayed": "true"})
            answer = verb(farm)
            response = answer.response()
            kept = _kept(of_error(_SHOWN_ONCE) if answer.is_secret else response)
            farm.keep_answer(self.idempotency_key, self._fingerprint(), kept)
            return response

    def _fingerprint(self) -> str:
        """What tells this call from another one under the same key."""
        line = f"{self.request.scope['method']} {self.request.url.path}?{self.request.url.query}\n"
        return hashlib.sha256(line.encode() + self.body).hexdigest()


def _kept(response: Response) -> KeptAnswer:
    """What is said again to the same call: the answer, with the headers that belong to it whenever it comes."""
    names = ("content-type", "etag", "location")
    headers = {name: response.headers[name] for name in names if name in response.headers}
    return KeptAnswer(status=response.status_code, headers=headers, body=bytes(response.body))


def called(request: HTTPConnection) -> Asked:
    """The call, of a farm that knows who calls; a plain function, because it asks the database.

    Raises:
        Unauthenticated: nobody knows who calls.
        TooMuch: they have called too often.
    """
    farm: Farm = request.app.state.farm
    address = request.client.host if request.client else ""
    token = request.cookies.get(COOKIE)
    if token is None or "authorization" in request.headers:
        caller = farm.authenticate(key_of(request), address=address)
    else:
        # Somebody else's page can send the cookie along, but cannot read what belongs beside it.
        is_change = request.scope.get("method") not in ("GET", "HEAD")
        csrf = request.headers.get("x-csrf-token")
        caller = farm.session_caller(token, address=address, csrf=csrf, is_change=is_change)
    request.app.state.rates.take(caller.identity)
    return Asked(farm.on_behalf_of(caller), request)


def key_of(request: HTTPConnection) -> str | None:
    """The key that a call shows; None: it shows none."""
    header = request.headers.get("authorization", "")
    if header.lower().startswith(_BEARER):
        return header[len(_BEARER) :].strip()
    return request.headers.get("x-api-key")


async def _body(request: Request) -> bytes:
    return await request.body()


def reading(scope: Scope) -> Callable[..., Asked]:
    """What a call that changes nothing depends on: somebody with this scope."""

    def asked(call: Annotated[Asked, Depends(called)]) -> Asked:
        rights.require(call.caller, scope)
        return call

    return asked


def changing(scope: Scope) -> Callable[..., Asked]:
    """What a call that changes something depends on: somebody with this scope."""

    def asked(
        call: Annotated[Asked, Depends(called)],
        body: Annotated[bytes, Depends(_body)],
        dry_run: Annotated[bool, Query(description="Do it, answer, and take it all back.")] = False,
        idempotency_key: Annotated[
            str | None,
            Header(max_length=255, description="The same key again gives the same answer, and does nothing."),
        ] = None,
    ) -> Asked:
        rights.require(call.caller, scope)
        return replace(call, body=body, dry_run=dry_run, idempotency_key=idempotency_key)

    return asked


Reading = Annotated[Asked, Depends(reading(Scope.READ))]
Submitting = Annotated[Asked, Depends(changing(Scope.SUBMIT))]
Reviewing = Annotated[Asked, Depends(changing(Scope.REVIEW))]
