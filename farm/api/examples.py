"""What bodies look like, for the API's page: of `examples/lantern_street`, each tried by a test."""

from __future__ import annotations

from typing import Any

_JOB = "0b1c6d1e-52f4-4c1b-9a52-0d6f2f1f7a10"
_DECISION = {"by": "Ada", "reason": "the festival's colours were agreed on"}

#: by the verb or the route's name; the job's id stands for any
EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "generate": [
        {"prompt": "a girl under paper lanterns"},
        {"project_id": "lantern-street", "character_ids": ["mio"], "job_type": "still_image", "seed": 7},
    ],
    "submit": [
        {"project": "lantern-street", "cut": "ep001/sc010/c0010"},
        {"project": "lantern-street", "characters": ["mio"], "location": "park", "lenient": True},
    ],
    "submit_many": [
        {"orders": [{"project": "lantern-street", "cut": "1/10/10", "seed": seed} for seed in (1, 2)]}
    ],
    "retake": [{"reason": "the eyes look past her friend", "changes": {"seed": 8}}],
    "reproduce": [{"modifications": {"seed": 8}}, {}],
    "load_show": [{"show": {"project": {"slug": "paper-moon", "name": "Paper Moon"}}}],
    "rows": [{"job_ids": [_JOB]}],
    "families": [{"job_ids": [_JOB]}],
    "moved_families": [{"waiting": [_JOB], "begun": []}],
    "cancel": [{"job_ids": [_JOB]}],
    "review": [{"approve": False, "by": "Ada", "reasons": ["identity"], "note": "the ribbon is missing"}],
    "open_phase": [_DECISION],
    "close_phase": [_DECISION],
    "choose_profile": [{"name": "spec", "by": "Ada"}],
    "create_key": [
        {
            "name": "nightly batch",
            "scopes": ["read", "submit"],
            "actor": "agent:nightly",
            "caps": {"jobs_per_day": 200},
            "expires_in": "P30D",
        }
    ],
    "add_person": [{"name": "Mira", "password": "paper lanterns at dusk", "scopes": ["read", "review"]}],
    "add_endpoint": [{"url": "https://hooks.example.com/farm", "types": ["job.completed", "job.failed"]}],
}
