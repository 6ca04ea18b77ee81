"""The API's page: everything it needs comes from the farm itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from farm.client.routes import PREFIX

if TYPE_CHECKING:
    from fastapi.testclient import TestClient


def test_the_page_loads_nothing_from_elsewhere_and_needs_no_key(http: TestClient) -> None:
    del http.headers["Authorization"]
    page = http.get(f"{PREFIX}/docs")

    wanted = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(wanted) == 4
    for address in wanted:
        assert address.startswith(f"{PREFIX}/docs/")
        assert http.get(address).status_code == 200
    assert http.get(f"{PREFIX}/docs/core.py").status_code == 422
    assert http.get(f"{PREFIX}/openapi.json").json()["openapi"].startswith("3.1")


def test_the_page_may_run_what_lies_beside_it_and_nothing_that_stands_in_it(http: TestClient) -> None:
    page = http.get(f"{PREFIX}/docs")

    policy = dict(part.split(" ", 1) for part in page.headers["Content-Security-Policy"].split("; "))
    assert (policy["default-src"], policy["script-src"], policy["connect-src"]) == (
        "'none'",
        "'self'",
        "'self'",
    )
    assert "<script>" not in page.text
    assert (
        http.get(f"{PREFIX}/openapi.json").headers["Content-Security-Policy"].startswith("default-src 'none'")
    )
