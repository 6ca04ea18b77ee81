"""What is sent and how it is signed: Standard Webhooks, by its own library.

`webhook-id` stays over all tries, so that whoever was sent an event twice knows it again.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from models.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from models.events import EventView

PREFIX = "whsec_"

KEPT_FOR = timedelta(hours=24)
"""How long the secret before signs beside the new one: receivers change over in that time."""

_BYTES = 32


def new_secret() -> str:
    """A secret of 256 random bits, as receivers' libraries read it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def secret_of(text: str) -> str:
    """A secret that a person gave; raises `BadInput`, which does not repeat it."""
    try:
        length = len(base64.b64decode(text.removeprefix(PREFIX), validate=True))
    except (binascii.Error, ValueError):
        length = 0
    if not 24 <= length <= 64:
        raise BadInput(
            "The secret cannot be used.", hint=f"Write {PREFIX} and base64 of 24 to 64 bytes, or give none."
        )
    return text if text.startswith(PREFIX) else PREFIX + text


def body_of(event: EventView, task_id: str | None) -> str:
    """The JSON that is sent; the same at every try."""
    known = event.to_json()
    body = {name: known[name] for name in ("event_type", "job_id", "timestamp", "data")}
    return json.dumps(body | {"task_id": task_id}, separators=(",", ":"), sort_keys=True)


def headers_of(event: EventView, body: str, keys: Sequence[str], now: datetime) -> dict[str, str]:
    """What goes with the body: one signature for each of the keys, none where there are none.

    `now` is in UTC, with its zone: receivers refuse what is older than five minutes.
    """
    from standardwebhooks import Webhook

    webhook_id = str(event.webhook_id)
    headers = {
        "content-type": "application/json",
        "user-agent": "anime-render-farm",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(now.timestamp())),
    }
    if keys:
        headers["webhook-signature"] = " ".join(Webhook(key).sign(webhook_id, now, body) for key in keys)
    return headers
