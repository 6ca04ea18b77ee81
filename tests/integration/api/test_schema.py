"""The API is as it describes itself: for what the description allows, and for much that it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from farm.api import app
from models.access import Scope
from tests.support.served import served

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemathesis.schemas import APIOperation

    from farm.client import Farm
    from models.shows import StoredShow

_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]
#: they go on until somebody leaves
_STREAMS = ("/jobs/{job_id}/stream", "/events/stream")


@pytest.fixture
def operations(home: Farm) -> list[APIOperation[Any, Any, Any]]:
    """Everything described that ends by itself."""
    schema = schemathesis.openapi.from_dict(app.create(home).openapi())
    every = [each.ok() for each in schema.get_all_operations()]
    return [each for each in every if not each.path.endswith(_STREAMS)]


@pytest.mark.parametrize("each", [1, pytest.param(50, marks=pytest.mark.slow, id="5,000 calls")])
def test_whatever_is_asked_is_answered_as_described(
    home: Farm,
    operations: list[APIOperation[Any, Any, Any]],
    key_for: Callable[..., str],
    show: StoredShow,
    each: int,
) -> None:
    job = home.submit(project=show.project, cut=next(iter(show.cuts)))
    known = {"project": show.project, "job_id": str(job.job_id)}
    # An administrator's calls get furthest.
    keys = [key_for(scope) for scope in (*Scope, *[Scope.ADMIN] * 5)]
    wrong: list[str] = []
    with served(home) as url, requests.Session() as session:

        def call(case: Case, key: str, is_known: bool) -> None:
            if is_known:
                parts = case.path_parameters or {}
                parts.update({name: value for name, value in known.items() if name in parts})
            headers = {"Authorization": f"Bearer {key}"}
            answer = case.call(base_url=url, session=session, headers=headers, timeout=30)
            try:
                case.validate_response(answer, checks=_CHECKS, headers=headers)
            except FailureGroup as failures:
                wrong.extend(f"{case.method} {case.path}: {failure}" for failure in failures.exceptions)

        for operation in operations:
            for mode in GenerationMode:
                _draw(operation, mode, keys, each)(call)

    assert wrong == []


def _draw(
    operation: APIOperation[Any, Any, Any], mode: GenerationMode, keys: list[str], most: int
) -> Callable[[Callable[..., None]], None]:
    """Calls that the description allows, or those that it does not; the same ones every time."""

    def run(call: Callable[..., None]) -> None:
        drawn = given(case=operation.as_strategy(mode), key=st.sampled_from(keys), is_known=st.booleans())
        settings(
            max_examples=most,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )(drawn(call))()

    return run
