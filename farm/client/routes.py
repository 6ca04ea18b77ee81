"""Where each verb of the SDK is to be had over HTTP: one table for the server and for the client far away.

A verb's parameters are placed by one rule: what the path names goes there, `if_match` is a header, `given` is
the whole body where there is one, and the rest is the query of such a call, of a GET and of a DELETE, and the
fields of the JSON body of everything else.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, get_args

from farm.client import Farm, wire
from models.access import Scope

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "/api/anime"

#: a parameter that travels as a header
IF_MATCH = "if_match"
#: one that is the body
GIVEN = "given"


@dataclass(frozen=True)
class Route:
    """One verb over HTTP."""

    method: str
    #: below `PREFIX`; `{name}` is a parameter, `{name:path}` one with slashes in it
    path: str
    verb: str
    scope: Scope = Scope.READ
    status: int = 200
    #: parameters that stay on their side: what is called back while the verb works
    left_out: frozenset[str] = frozenset()

    @property
    def changes(self) -> bool:
        """Whether it changes anything: some questions are too long for an address, and are posted."""
        return self.method != "GET" and self.scope is not Scope.READ

    @property
    def edits(self) -> bool:
        """Whether it writes over what somebody may have changed since it was read."""
        return IF_MATCH in self.parameters and self.method != "POST"

    @property
    def tag(self) -> str:
        """What it is about, as the API's page groups it."""
        return self.path.split("/")[1]

    @cached_property
    def parameters(self) -> Mapping[str, inspect.Parameter]:
        """The parameters that travel, with their types looked up; free ones of a known form one by one."""
        verb = getattr(Farm, self.verb)
        hints = wire.hints(verb, self.left_out)
        travelling: dict[str, inspect.Parameter] = {}
        for name, each in inspect.signature(verb).parameters.items():
            if name in self.left_out | {"self"}:
                continue
            if each.kind is not each.VAR_KEYWORD:
                travelling[name] = _parameter(name, hints[name], each.default)
                continue
            if not get_args(hints[name]):
                travelling[name] = _parameter(name, dict[str, Any], {})
                continue
            (terms,) = get_args(hints[name])
            for term, kind in wire.fields_of(terms).items():
                travelling[term] = _parameter(term, kind | None, None)
        return travelling

    @cached_property
    def free(self) -> str | None:
        """The parameter that holds whatever else is said; None: there is none."""
        parameters = inspect.signature(getattr(Farm, self.verb)).parameters.values()
        return next((each.name for each in parameters if each.kind is each.VAR_KEYWORD), None)

    @cached_property
    def answer(self) -> Any:
        """The type of what it answers."""
        return wire.hints(getattr(Farm, self.verb), self.left_out).get("return")

    @cached_property
    def in_path(self) -> tuple[str, ...]:
        """The names that the path holds."""
        return tuple(re.findall(r"{(\w+)(?::path)?}", self.path))

    @cached_property
    def named(self) -> tuple[str, ...]:
        """The names in the query, or in the body."""
        return tuple(name for name in self.parameters if name not in (*self.in_path, IF_MATCH, GIVEN))

    @property
    def has_fields(self) -> bool:
        """Whether what is named travels as the fields of a JSON body."""
        return self.method not in ("GET", "DELETE") and GIVEN not in self.parameters and bool(self.named)


def _parameter(name: str, kind: Any, default: Any) -> inspect.Parameter:
    """A parameter by name, with its type looked up."""
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)


def _get(path: str, verb: str, scope: Scope = Scope.READ) -> Route:
    return Route("GET", path, verb, scope)


def _edits(path: str, noun: str) -> tuple[Route, Route, Route]:
    """One of a show's parts: read, edited and removed under its own name or id."""
    return (
        _get(path, noun),
        Route("PATCH", path, f"edit_{noun}", Scope.ADMIN),
        Route("DELETE", path, f"remove_{noun}", Scope.ADMIN),
    )


def _post(path: str, verb: str, scope: Scope, status: int = 200) -> Route:
    return Route("POST", path, verb, scope, status)


def _asks(what: str, verb: str, scope: Scope = Scope.SUBMIT) -> Route:
    """A question to the score workers: answered with how it stands, and waited for by whoever asks."""
    return Route("POST", f"/measurements/{what}", verb, scope, 202, left_out=frozenset({"wait"}))


ROUTES: tuple[Route, ...] = (
    # jobs
    _get("/jobs", "jobs"),
    _get("/jobs/under-way", "under_way"),
    _get("/jobs/{job_id}", "job"),
    _get("/jobs/{job_id}/why", "why"),
    _post("/jobs/rows", "rows", Scope.READ),
    _post("/jobs/families", "families", Scope.READ),
    _post("/jobs/moved", "moved_families", Scope.READ),
    _post("/jobs/cancel", "cancel", Scope.SUBMIT),
    _post("/jobs/{job_id}/review", "review", Scope.REVIEW),
    # who asks, what happened, and who hears of it
    _get("/whoami", "whoami"),
    _get("/events", "events"),
    _get("/events/newest", "newest_event"),
    _get("/events/after", "events_after"),
    _get("/endpoints", "endpoints", Scope.ADMIN),
    _post("/endpoints", "add_endpoint", Scope.ADMIN, 201),
    _post("/endpoints/{endpoint}/rotate", "rotate_secret", Scope.ADMIN),
    _post("/endpoints/{endpoint}/pause", "pause_endpoint", Scope.ADMIN),
    _post("/endpoints/{endpoint}/resume", "resume_endpoint", Scope.ADMIN),
    _post("/endpoints/{endpoint}/replay", "replay", Scope.ADMIN),
    Route("DELETE", "/endpoints/{endpoint}", "remove_endpoint", Scope.ADMIN),
    # what score workers are asked, and takes that nobody renders
    _asks("reference", "make_reference", Scope.REVIEW),
    _asks("embedding", "embed_character", Scope.REVIEW),
    _asks("consistency", "check_consistency"),
    _asks("evaluation", "evaluate"),
    _asks("delivery", "order_delivery"),
    _asks("recipe", "recipe_of"),
    _get("/measurements/{measurement_id}/why", "why_not_answered"),
    Route("DELETE", "/measurements/{measurement_id}", "withdraw_measurement", Scope.SUBMIT),
    _post("/takes", "add_take", Scope.SUBMIT, 201),
    # what Echo and its like hand over
    _post("/echo/tasks", "dispatch", Scope.ECHO),
    _post("/echo/webhook", "hear", Scope.ECHO),
    _get("/echo/tasks/{task_id:path}", "dispatched_task", Scope.ECHO),
    # phases and marks
    _post("/quality/weigh/{phase}", "weigh", Scope.READ),
    _get("/projects/{project}/gates/{phase}", "gate"),
    _post("/projects/{project}/gates/{phase}/open", "open_phase", Scope.REVIEW),
    _post("/projects/{project}/gates/{phase}/close", "close_phase", Scope.REVIEW),
    _get("/projects/{project}/networks-lacking", "networks_lacking"),
    _get("/projects/{project}/calibration", "calibrate"),
    _post("/calibrations", "keep_calibration", Scope.ADMIN),
    # shows
    _get("/projects", "projects"),
    _get("/projects/default", "default_project"),
    _get("/projects/{project}/cuts", "cuts"),
    _get("/projects/{project}/show", "show"),
    _get("/projects/pages", "project_page"),
    _post("/projects", "create_project", Scope.ADMIN, 201),
    *_edits("/projects/{project}", "project"),
    _get("/projects/{project}/story-bible", "story_bible"),
    _post("/projects/{project}/story-bible", "create_story_bible", Scope.ADMIN, 201),
    Route("PUT", "/projects/{project}/story-bible", "edit_story_bible", Scope.ADMIN),
    _get("/projects/{project}/characters", "character_page"),
    _post("/projects/{project}/characters", "create_character", Scope.ADMIN, 201),
    *_edits("/characters/{character}", "character"),
    _get("/characters/{character}/prompt", "character_prompt"),
    _get("/characters/{character}/attributes", "attributes"),
    _post("/characters/{character}/attributes", "add_attribute", Scope.ADMIN, 201),
    Route("PATCH", "/characters/{character}/attributes/{attribute}", "edit_attribute", Scope.ADMIN),
    Route("DELETE", "/characters/{character}/attributes/{attribute}", "remove_attribute", Scope.ADMIN),
    _get("/characters/{character}/variations", "variations"),
    _post("/characters/{character}/variations", "add_variation", Scope.ADMIN, 201),
    Route("PATCH", "/characters/{character}/variations/{variation}", "edit_variation", Scope.ADMIN),
    Route("DELETE", "/characters/{character}/variations/{variation}", "remove_variation", Scope.ADMIN),
    _get("/projects/{project}/episodes", "episode_page"),
    _post("/projects/{project}/episodes", "create_episode", Scope.ADMIN, 201),
    *_edits("/episodes/{episode}", "episode"),
    _get("/projects/{project}/scenes", "scene_page"),
    _post("/episodes/{episode}/scenes", "create_scene", Scope.ADMIN, 201),
    _get("/scenes/{scene}/characters", "scene_characters"),
    _post("/scenes/{scene}/cuts", "create_cut", Scope.ADMIN, 201),
    *_edits("/scenes/{scene:path}", "scene"),
    _get("/projects/{project}/cuts/pages", "cut_page"),
    *_edits("/cuts/{cut:path}", "cut"),
    _get("/projects/{project}/profiles", "profiles"),
    Route("PUT", "/projects/{project}/profile", "choose_profile", Scope.ADMIN),
    _get("/projects/{project}/references", "references"),
    _get("/projects/{project}/reference-networks", "reference_networks"),
    # the machinery
    _get("/workers", "workers"),
    _get("/standing", "health"),
    # who may come in, and what they did
    _get("/audit", "audit", Scope.ADMIN),
    _get("/keys", "keys", Scope.ADMIN),
    _post("/keys", "create_key", Scope.ADMIN, 201),
    Route("DELETE", "/keys/{prefix}", "revoke_key", Scope.ADMIN),
    _get("/keys/{prefix}/spent", "spent_today"),
    _get("/people", "people", Scope.ADMIN),
    _post("/people", "add_person", Scope.ADMIN, 201),
    Route("DELETE", "/people/{name}", "disable_person", Scope.ADMIN),
)

BY_VERB = {route.verb: route for route in ROUTES}

#: verbs whose answer holds a secret that is shown once
SECRETS = frozenset({"create_key", "add_endpoint", "rotate_secret"})

#: verbs that need the farm's own machine, and why
AT_HOME = {
    "adopt_store": "it writes in the artifact store",
    "set_unknown_aside": "it moves folders of the artifact store",
    "migrate": "it changes the database's schema",
    "wanted_references": "pictures are drawn where the networks are",
    "store_reference": "networks make references where they are",
    "listening": "the server listens for all its streams",
    "take_file": "it names a file of the artifact store; fetch copies one",
    "worst_frame": "it names a file of the artifact store; fetch_worst_frame copies one",
    "deliver": "it writes where the masters are",
    "workflows": "it reads the studio's folder",
    "comfyuis": "it reads the studio's folder",
    "authenticate": "the server says who calls",
    "session_caller": "the server says who calls",
    "log_in": "a page logs people in; a script has a key",
    "log_out": "a page logs people in; a script has a key",
    "own_key": "it is this machine's",
    "begin_answer": "a call is answered by the server",
    "keep_answer": "a call is answered by the server",
    "as_one": "a call is one transaction",
    "on_behalf_of": "a key says who calls",
}
