"""Who is kept out, of what, and in which words; the log has those refusals that matter."""

from __future__ import annotations

import logging
import os
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient

from farm.access import rights
from farm.api import app
from farm.client.routes import PREFIX, ROUTES
from models.access import Scope
from tests.support.queue_jobs import execute

if TYPE_CHECKING:
    from collections.abc import Callable

    from farm.client import Farm
    from models.shows import StoredShow

ID = "00000000-0000-0000-0000-000000000000"
#: the routes that no table lists, each with the scope below which nobody is let in
WRITTEN_OUT = [
    ("POST", "/generate", Scope.SUBMIT),
    ("POST", "/jobs", Scope.SUBMIT),
    ("POST", "/jobs/batch", Scope.SUBMIT),
    ("POST", f"/jobs/{ID}/retake", Scope.SUBMIT),
    ("POST", f"/jobs/{ID}/reproduce", Scope.SUBMIT),
    ("POST", "/shows", Scope.ADMIN),
    ("GET", f"/jobs/{ID}/take/master", Scope.READ),
    ("GET", f"/jobs/{ID}/stream", Scope.READ),
    ("GET", "/events/stream", Scope.READ),
    ("GET", f"/jobs/{ID}/worst-frames/identity", Scope.READ),
    ("GET", f"/jobs/{ID}/params", Scope.READ),
    ("GET", f"/jobs/{ID}/quality", Scope.READ),
    ("POST", f"/jobs/{ID}/cancel", Scope.SUBMIT),
    ("POST", "/quality/phase-gate/still", Scope.READ),
    ("POST", "/quality/evaluate", Scope.SUBMIT),
    ("PUT", f"/characters/{ID}/embedding", Scope.REVIEW),
    ("POST", f"/characters/{ID}/consistency-check", Scope.SUBMIT),
    ("GET", f"/measurements/{ID}", Scope.READ),
]
IN_TABLE = [
    (
        route.method,
        route.path.replace("{job_id}", ID).replace("{endpoint}", ID).replace("{phase}", "still"),
        route.scope,
    )
    for route in ROUTES
]
#: what nobody needs a key for
OPEN = {"/health", "/api/health", "/api/anime/health", f"{PREFIX}/session"}


def test_no_route_is_forgotten_here(http: TestClient) -> None:
    described = {
        (method.upper(), path)
        for path, methods in http.get(f"{PREFIX}/openapi.json").json()["paths"].items()
        for method in methods
        if path not in OPEN
    }

    assert len(described) == len(ROUTES) + len(WRITTEN_OUT)


def test_nobody_gets_in_without_a_key_or_below_a_routes_scope(
    http: TestClient, key_for: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    keys = {scope: key_for(scope) for scope in Scope}
    del http.headers["Authorization"]
    for method, path, needed in [*IN_TABLE, *WRITTEN_OUT]:
        refused = [scope for scope in Scope if needed not in rights.held([scope])]
        for key in (None, *(keys[scope] for scope in refused)):
            caplog.clear()
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            # The body is good for nothing: who may not come in is not told what is wrong with it.
            answer = http.request(method, PREFIX + path, headers=headers, json={} if method == "POST" else None)

            assert answer.status_code == (403 if key else 401), (method, path, answer.text)
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert answer.json()["hint"]
            assert f"{method} {PREFIX}{path} from" in caplog.text
            assert "Traceback" not in caplog.text


def test_a_key_that_is_no_good_any_more_is_refused_and_never_written_down(
    home: Farm, http: TestClient, key_for: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    revoked, expired = key_for(Scope.ADMIN), key_for(Scope.ADMIN)
    home.revoke_key(revoked.rpartition("_")[0][:13])
    execute(home.database, "UPDATE api_keys SET expires_at = now() WHERE prefix = :prefix", prefix=expired[:13])
    slip, stranger = key_for(Scope.ADMIN)[:-1] + "!", "not a key\tat all"

    for header in ("Authorization", "X-API-Key"):
        for key in (revoked, expired, slip, stranger, "Bearer", ""):
            del http.headers["Authorization"]
            answer = http.get(f"{PREFIX}/keys", headers={header: f"Bearer {key}" if header[0] == "A" else key})
            http.headers["Authorization"] = "Bearer none"

            assert answer.status_code == 401
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="farm"'
            assert not key or key in ("Bearer",) or key not in answer.text + caplog.text
    assert revoked[:13] in caplog.text


def test_a_key_in_an_address_is_no_key_and_is_not_repeated(
    http: TestClient, key_for: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    key = key_for(Scope.ADMIN)
    del http.headers["Authorization"]

    for name in ("key", "token", "api_key", "access_token"):
        answer = http.get(f"{PREFIX}/keys?{name}={key}")
        assert answer.status_code in (401, 422)
        assert key not in answer.text + caplog.text


def test_every_answer_has_the_headers_that_keep_a_browser_safe(http: TestClient) -> None:
    asking = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}

    for path in ("/nowhere", "/jobs/what", "/jobs", "/openapi.json", "/jobs?limit=x"):
        for method in ("GET", "HEAD", "OPTIONS", "DELETE", "POST"):
            _assert_safe(http.request(method, PREFIX + path, headers=asking).headers)


def _assert_safe(headers: Any) -> None:
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["Cache-Control"]
    assert not [name for name in headers if name.lower().startswith("access-control-")]
    assert "server" not in headers


def test_what_goes_wrong_inside_is_answered_in_a_sentence_and_logged_whole(
    home: Farm, http: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(farm: Farm) -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr(type(home), "workers", broken)

    answer = http.get(f"{PREFIX}/workers")

    assert (answer.status_code, answer.json()["kind"]) == (500, "Internal")
    assert "hunter2" not in answer.text
    assert "RuntimeError: the password is hunter2" in caplog.text
    _assert_safe(answer.headers)


@pytest.mark.parametrize("is_declared", [True, False])
def test_a_body_too_large_is_refused_before_it_is_read(
    home: Farm, key_for: Callable[..., str], is_declared: bool
) -> None:
    home.settings = home.settings.model_copy(update={"api_max_body_bytes": 1000})
    body = b'{"prompt": "' + b"x" * 1000 + b'"}'
    with TestClient(app.create(home)) as client:
        answer = client.post(
            f"{PREFIX}/jobs",
            content=body if is_declared else iter([body]),
            headers={"Authorization": f"Bearer {key_for(Scope.SUBMIT)}", "Content-Type": "application/json"},
        )

        assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        assert "too long" in answer.json()["detail"]
        assert "FARM_API_MAX_BODY_BYTES" in answer.json()["hint"]
        _assert_safe(answer.headers)


def test_a_body_that_cannot_be_kept_is_refused_in_the_readers_words(http: TestClient) -> None:
    for body, sentence in (
        ("[" * 60 + "]" * 60, "nested too deeply"),
        ('{"seed": 1, "seed": 2}', "'seed' stands here twice"),
        (r'{"prompt": "a\u0000b"}', "cannot be kept"),
        ('{"cfg_scale": NaN}', "NaN is no number"),
        ('{"seed": 18446744073709551616}', "cannot be kept"),
        ('{"prompt": "x",', "this is not JSON"),
        (b"\xff\xfe{}", "not text in UTF-8"),
    ):
        answer = http.post(f"{PREFIX}/jobs", content=body, headers={"Content-Type": "application/json"})

        assert (answer.status_code, answer.json()["kind"]) == (422, "BadInput")
        assert sentence in answer.json()["detail"]


def test_what_somebody_sends_begins_no_line_of_the_log(
    http: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    http.headers["Authorization"] = "Bearer none"
    http.get(f"{PREFIX}/jobs/x%0d%0a2026-12-01 ERROR all is lost%1b[2J%E2%80%A8")

    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().isprintable()


def test_a_method_that_an_address_does_not_know_is_told_what_it_does(http: TestClient) -> None:
    answer = http.put(f"{PREFIX}/jobs")

    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, POST")


def test_somebody_elses_page_changes_nothing_with_a_cookie(home: Farm, http: TestClient) -> None:
    home.add_person("Mira", "paper lanterns at dusk", scopes=[Scope.ADMIN])
    del http.headers["Authorization"]
    session = http.post(f"{PREFIX}/session", json={"name": "Mira", "password": "paper lanterns at dusk"})
    change = {"name": "n", "scopes": ["read"]}

    cookie = session.headers["Set-Cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    for token in (None, "", "x", http.cookies["farm_session"]):
        headers = {} if token is None else {"X-CSRF-Token": token}
        assert http.post(f"{PREFIX}/keys", json=change, headers=headers).status_code == 403
    own = {"X-CSRF-Token": session.json()["csrf"]}
    assert http.post(f"{PREFIX}/keys", json=change, headers=own).status_code == 201
    assert http.delete(f"{PREFIX}/session").status_code == 204
    assert http.get(f"{PREFIX}/keys").status_code == 401


def test_guessing_passwords_is_slow(http: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    guess = {"name": "Nobody", "password": "x"}
    monkeypatch.setattr("farm.access.passwords.is_right", lambda password, kept: False)

    answers = [http.post(f"{PREFIX}/session", json=guess) for _ in range(12)]

    assert {answer.status_code for answer in answers[:10]} == {401}
    assert (answers[-1].status_code, int(answers[-1].headers["Retry-After"]) > 0) == (429, True)


def _picture_orders(show: StoredShow, path: str) -> list[dict[str, Any]]:
    whole = {"project": show.project, "cut": next(iter(show.cuts)), "renderer": "comfyui"}
    return [
        whole | {"ipadapter_refs": [{"reference_image_path": path}]},
        whole | {"controlnet_models": [{"name": "pose", "model": "m", "image_path": path}]},
    ]


def test_no_order_reads_a_file_outside_the_allowed_folders(
    home: Farm, http: TestClient, show: StoredShow
) -> None:
    (folder,) = home.settings.roots
    (folder / "out.png").symlink_to("/etc/passwd")
    (folder / "zero").symlink_to("/dev/zero")
    (folder / "round").symlink_to(folder / "round")
    os.mkfifo(folder / "pipe")
    for path in (
        "/etc/passwd",
        f"{folder}/../../../../etc/passwd",
        "../../../../etc/passwd",
        f"{folder}/out.png",
        f"{folder}/zero",
        f"{folder}/round",
        f"{folder}/pipe",
        f"{folder}",
        "/dev/zero",
        "file:///etc/passwd",
        "http://169.254.169.254/latest/meta-data",
        "..%2f..%2fetc%2fpasswd",
        "~root/.ssh/id_rsa",
    ):
        for order in _picture_orders(show, path):
            answer = http.post(f"{PREFIX}/jobs", json=order)
            assert answer.status_code in (403, 404, 422), (path, order, answer.text)
            assert "picture" in answer.json()["detail"]
            assert "root:" not in answer.text
    assert http.get(f"{PREFIX}/jobs?project={show.project}").json()["items"] == []


def test_no_other_file_of_the_store_is_given_out(http: TestClient) -> None:
    for which in (
        "..",
        "%2e%2e",
        "..%2fmaster",
        "%2fetc%2fpasswd",
        "master%2f..%2f..%2ffarm.json",
        "farm.json",
    ):
        answer = http.get(f"{PREFIX}/jobs/{ID}/take/{which}")

        assert answer.status_code in (404, 422)
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_name_cannot_smuggle_a_header_into_an_answer(http: TestClient, show: StoredShow) -> None:
    key = "once\r\nSet-Cookie: farm_session=x"
    order = {"project": show.project, "cut": next(iter(show.cuts))}

    answer = http.post(f"{PREFIX}/jobs", json=order, headers={"Idempotency-Key": key.encode()})

    assert answer.status_code == 422
    assert "Set-Cookie" not in answer.headers
