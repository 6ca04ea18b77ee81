"""What is sent is signed as the library of the receivers expects it, and what was altered is refused by it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from farm.events import signing
from models.errors import BadInput
from models.events import EventView

HAPPENED = datetime(2026, 1, 2, tzinfo=UTC)
EVENT = EventView(
    id=3,
    webhook_id=UUID(int=9),
    type="quality.passed",
    project="paper-moon",
    job_id=UUID(int=7),
    root_job_id=UUID(int=7),
    at=HAPPENED,
    facts={"verdict": "pass", "note": "schön"},
)
BODY = signing.body_of(EVENT, "task-1")


def now() -> datetime:
    """Receivers believe what was sent within five minutes."""
    return datetime.now(UTC)


def test_the_body_is_the_contracts_and_the_same_at_every_try() -> None:
    assert json.loads(BODY) == {
        "event_type": "quality.passed",
        "task_id": "task-1",
        "job_id": str(UUID(int=7)),
        "timestamp": HAPPENED.isoformat(),
        "data": {"project": "paper-moon", "verdict": "pass", "note": "schön"},
    }
    assert signing.body_of(EVENT, "task-1") == BODY


def test_while_keys_rotate_receivers_with_either_read_it() -> None:
    new, old = signing.new_secret(), signing.new_secret()
    headers = signing.headers_of(EVENT, BODY, (new, old), now())

    assert headers["webhook-signature"].count("v1,") == 2
    for key in (new, old):
        assert Webhook(key).verify(BODY, headers) == json.loads(BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(signing.new_secret()).verify(BODY, headers)


@pytest.mark.parametrize("header", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_what_was_altered_on_the_way_is_refused(header: str) -> None:
    key = signing.new_secret()
    headers = signing.headers_of(EVENT, BODY, (key,), now())
    other = signing.headers_of(EVENT, BODY + " ", (key,), now() - timedelta(seconds=9)) | {"webhook-id": "x"}

    with pytest.raises(WebhookVerificationError):
        Webhook(key).verify(BODY, headers | {header: other[header]})
    with pytest.raises(WebhookVerificationError):
        Webhook(key).verify(BODY.replace("passed", "failed"), headers)


def test_what_was_sent_long_ago_is_refused_when_it_is_sent_again_by_somebody_else() -> None:
    key = signing.new_secret()

    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(key).verify(BODY, signing.headers_of(EVENT, BODY, (key,), now() - timedelta(minutes=6)))


def test_without_a_secret_nothing_pretends_to_be_signed() -> None:
    assert "webhook-signature" not in signing.headers_of(EVENT, BODY, (), now())


def test_a_given_secret_is_used_with_or_without_its_prefix() -> None:
    secret = signing.new_secret()

    assert signing.secret_of(secret) == signing.secret_of(secret.removeprefix("whsec_")) == secret


@pytest.mark.parametrize("secret", ["whsec_", "hunter2", "whsec_c2hvcnQ=", "whsec_" + "YWJj" * 30, "ä" * 40])
def test_a_weak_or_broken_secret_is_refused_and_not_repeated(secret: str) -> None:
    with pytest.raises(BadInput) as refused:
        signing.secret_of(secret)
    assert secret.removeprefix("whsec_")[:5] == "" or secret not in str(refused.value)
