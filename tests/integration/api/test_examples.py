"""Every example of the API's description is accepted as it stands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from farm.api.examples import EXAMPLES
from farm.client.routes import PREFIX
from models.vocabulary import Phase
from tests.support import ROOT
from tests.support.factories import judged, whole
from workers.scoring.profiles import EMBEDDED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi.testclient import TestClient

    from farm.client import Farm


def _shown(whole: dict[str, Any]) -> Iterator[tuple[str, str, str, Any]]:
    """Method, path and name of each operation that shows a body, with the body."""
    for path, operations in whole["paths"].items():
        for method, operation in operations.items():
            media = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            schema = media.get("schema", {})
            # A body that may be left out is one of two.
            named = [each["$ref"] for each in (schema, *schema.get("anyOf", ())) if "$ref" in each]
            bodies = [each["value"] for each in media.get("examples", {}).values()]
            for name in named:
                bodies += whole["components"]["schemas"][name.rpartition("/")[2]].get("examples", [])
            for body in bodies:
                yield method, path, operation["operationId"], body


def test_every_example_is_accepted(home: Farm, http: TestClient) -> None:
    home.settings = home.settings.model_copy(update={"callback_hosts": ("hooks.example.com",)})
    home.load_show(ROOT / "examples" / "lantern_street" / "show.yaml")
    finished, waiting = (
        str(home.submit(project="lantern-street", cut="1/10/10", seed=seed).job_id) for seed in (1, 2)
    )
    with home.database.transaction() as session:
        judged(session, home.job(finished).row.id, *whole(EMBEDDED, Phase.STILL))
    shown = list(_shown(http.get(f"{PREFIX}/openapi.json").json()))
    http.app.state.farm.settings = home.settings  # type: ignore[attr-defined]

    assert {name for _, _, name, _ in shown} == set(EXAMPLES)
    for method, path, name, body in shown:
        # The id in an example stands for any.
        text = json.dumps(body).replace("0b1c6d1e-52f4-4c1b-9a52-0d6f2f1f7a10", waiting)
        place = path.format(job_id=finished, project="lantern-street", phase="still", endpoint="x")
        place = place.replace("still/open", "loop/open")
        reads = name in ("rows", "families", "moved_families")
        answer = http.request(
            method,
            place,
            content=text,
            headers={"Content-Type": "application/json"},
            params={} if reads else {"dry_run": "true"},
        )
        assert answer.status_code < 300, (name, body, answer.text)
    assert len(home.jobs(project="lantern-street").items) == 2
