"""How an attempt is closed: the one piece of SQL that every end of an attempt shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.vocabulary import AttemptOutcome


def closed(rows: str, outcome: AttemptOutcome, *, error: bool = False) -> str:
    """The CTE `closed`, which ends the open attempt of each row (job_id, epoch) of the CTE named `rows`.

    With `error` its error_kind and error_message are kept with the attempt.
    """
    kept = ", error_kind = e.error_kind, error_message = e.error_message" if error else ""
    return f"""closed AS (
    UPDATE attempts a SET outcome = '{outcome.value}', ended_at = now(){kept}
    FROM {rows} e WHERE a.job_id = e.job_id AND a.epoch = e.epoch AND a.outcome IS NULL
)"""
