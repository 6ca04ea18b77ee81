"""Words that nobody means well with, in every place where a call takes one: a sentence, never a traceback."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from farm.api.ordering import Generate, Modifications, Orders, Retake
from farm.api.sessions import LogIn
from farm.api.shows import LoadShow
from farm.client.routes import PREFIX, ROUTES, Route
from farm.orders.form import Order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fastapi.testclient import TestClient

    from farm.client import Farm
    from models.shows import StoredShow

#: as they stand in an address; the first few are those that once broke something
_IN_ADDRESSES = [
    "-1",
    str(2**63),
    "a%00b",
    quote("'; DROP TABLE jobs; --"),
    "9" * 400,
    "1e400",
    "%0d%0aSet-Cookie:%20farm_session=x",
    "%ED%A0%80",
    quote("%s %(x)s {0}"),
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "x" * 3000,
]
#: as values of a body, in JSON; likewise
_IN_BODIES = [
    "null",
    str(2**63),
    '{"": {"": []}}',
    "true",
    "-1",
    str(2**64),
    "1e999",
    "NaN",
    '""',
    r'"a\u0000b"',
    r'"\ud800"',
    r'"a\r\nb"',
    '"\'; DROP TABLE jobs; --"',
    '"' + "x" * 30_000 + '"',
    "[[]]",
    '[""]',
]
#: how many of them are tried every time
words = pytest.mark.parametrize("few", [3, pytest.param(None, marks=pytest.mark.slow, id="all")])
#: what makes the rest of a body good enough for one bad field to be looked at
_GOOD: dict[str, Any] = {
    "by": "Ada",
    "reason": "the light",
    "approve": True,
    "name": "n",
    "scopes": ["read"],
    "password": "paper lanterns at dusk",
    "url": "http://192.0.2.1/hook",
    "prompt": "a girl",
    "actor": "Ada",
    "calibrated": {},
}


@words
def test_no_word_in_an_address_breaks_anything(
    home: Farm, http: TestClient, show: StoredShow, few: int | None
) -> None:
    known = _known(home, show)

    calls = [
        (route.method, path, "{}" if route.has_fields else None)
        for route in ROUTES
        for path in _addresses(route, known, _IN_ADDRESSES[:few])
    ]

    assert list(_broken(http, calls)) == []
    assert home.job(known["job_id"]).row.project == show.project


@words
def test_no_value_in_a_body_breaks_anything(
    home: Farm, http: TestClient, show: StoredShow, few: int | None
) -> None:
    known = _known(home, show)

    calls: list[tuple[str, str, str | None]] = [
        (route.method, _path(route, known), body)
        for route in ROUTES
        if route.has_fields
        for body in _bodies(route.named, known, _IN_BODIES[:few])
    ]
    for path, fields in _written_out(known["job_id"]).items():
        good = {"project": show.project} if path == "/jobs" else {}
        calls += [("POST", path, body) for body in _bodies(fields, good, _IN_BODIES[:few])]

    assert list(_broken(http, calls)) == []


def _written_out(job_id: str) -> dict[str, Iterable[str]]:
    """The routes that no verb names, with the fields of their bodies."""
    return {
        "/generate": Generate.model_fields,
        "/jobs": Order.model_fields,
        f"/jobs/{job_id}/retake": Retake.model_fields,
        f"/jobs/{job_id}/reproduce": Modifications.model_fields,
        "/jobs/batch": Orders.model_fields,
        "/shows": LoadShow.model_fields,
        "/session": LogIn.model_fields,
    }


def _known(home: Farm, show: StoredShow) -> dict[str, Any]:
    cut = next(iter(show.cuts))
    job = str(home.submit(project=show.project, cut=cut).job_id)
    return _GOOD | {"project": show.project, "job_id": job, "job_ids": [job], "phase": "still", "cut": cut}


def _path(route: Route, known: dict[str, Any], **changed: str) -> str:
    names = {name: known.get(name, "x") for name in route.in_path}
    return route.path.replace(":path", "").format(**names | changed)


def _addresses(route: Route, known: dict[str, Any], words: Sequence[str]) -> Iterator[str]:
    """The route with each hostile word in each place, and what is known in the others."""
    needed = {name for name in route.named if route.parameters[name].default is route.parameters[name].empty}
    for word in words:
        for place in route.in_path:
            yield _path(route, known, **{place: word})
        for place in () if route.has_fields else route.named:
            others = "".join(f"&{name}={known.get(name, '1')}" for name in needed - {place})
            yield f"{_path(route, known)}?{place}={word}{others}"


def _bodies(fields: Iterable[str], known: dict[str, Any], values: Sequence[str]) -> Iterator[str]:
    """Good bodies, each with one hostile value."""
    names = list(fields)
    good = {name: json.dumps(known[name]) for name in names if name in known}
    for name in names:
        for value in values:
            texts = good | {name: value}
            yield "{" + ", ".join(f'"{each}": {text}' for each, text in texts.items()) + "}"


def _broken(http: TestClient, calls: Iterable[tuple[str, str, str | None]]) -> Iterator[str]:
    """What was not answered as it should be, with how it was."""
    for method, path, body in calls:
        headers = {} if body is None else {"Content-Type": "application/json"}
        answer = http.request(method, PREFIX + path, content=body, headers=headers)
        if answer.status_code >= 500 or "Traceback" in answer.text or "Set-Cookie" in answer.headers:
            yield f"{method} {path[:200]} {(body or '')[:200]}: {answer.status_code} {answer.text[:200]}"
