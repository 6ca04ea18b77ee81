"""What happens after a failure: once more after a pause, a bigger card, or the end; and what a person reads.

The recipe never shrinks. Where memory ran out the same pool is tried twice, because memory that another job had
is freed after the first time; then the work moves to a pool that the cards it failed on do not fit. A file that
was missing may have gone since this worker's ComfyUI was listed, so another worker that has it is tried.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from farm.scheduling.holds import is_the_jobs_own, of_the_machine
from models.pools import COMFYUI, bigger, gib_of, renderer_of, served_by
from models.scheduling import Decision
from models.vocabulary import AttemptOutcome, ErrorKind, QueueStatus, Step

if TYPE_CHECKING:
    from models.scheduling import FailureFacts, NewHold


SILENT = "The worker fell silent; its lease ran out."


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """The pause before a next try: `base` doubled with every try, at most `cap`, then 50 to 150 % of it."""

    base: timedelta
    cap: timedelta

    def pause(self, retry_count: int, jitter: float) -> timedelta:
        """The pause after `retry_count` tries beyond the first; `jitter` from 0 to 1 chooses within the range.

        >>> backoff = Backoff(base=timedelta(seconds=10), cap=timedelta(seconds=60))
        >>> [backoff.pause(count, 0.5).seconds for count in (0, 1, 2, 3)]
        [10, 20, 40, 60]
        """
        # Doubled no further than 20 times, so that no number of tries overflows.
        doubled: timedelta = self.base * 2 ** min(retry_count, 20)
        return min(self.cap, doubled) * (0.5 + jitter)


def after(
    facts: FailureFacts, error_kind: ErrorKind, message: str, *, backoff: Backoff, jitter: float
) -> Decision:
    """What becomes of a row whose attempt ended with `error_kind`; `message` is what its worker said."""
    if error_kind is ErrorKind.BUSY or error_kind.is_of_the_machine:
        return _handed_back(facts, error_kind, message, backoff=backoff, jitter=jitter)
    repeats, pool = error_kind.is_worth_repeating, facts.pool
    is_at_comfyui = renderer_of(facts.pool) == COMFYUI
    if error_kind is ErrorKind.OUT_OF_MEMORY:
        repeats, pool, message = _after_running_out(facts, message)
    elif error_kind is ErrorKind.TIMEOUT:
        # A server that hung may not hang again; a recipe that hangs would cost an hour with every try.
        repeats = facts.timed_out_before == 0
    elif error_kind is ErrorKind.MISSING_CHECKPOINT:
        repeats = is_at_comfyui and facts.another_has_its_needs
    moves = pool != facts.pool
    again = repeats and facts.retry_count < facts.max_retries
    return Decision(
        status=QueueStatus.READY if again or moves else QueueStatus.FAILED,
        pool=pool,
        # In another pool it starts anew.
        retry_count=0 if moves else facts.retry_count + again,
        pause=backoff.pause(facts.retry_count, jitter) if again else timedelta(0),
        error_kind=error_kind,
        message=message,
        doubts_worker=error_kind is ErrorKind.MISSING_CHECKPOINT and is_at_comfyui,
    )


def after_silence(
    facts: FailureFacts,
    ran_for: timedelta | None,
    *,
    time_limit: timedelta,
    backoff: Backoff,
    jitter: float,
    message: str = SILENT,
) -> Decision:
    """What becomes of a row whose worker is no more; its attempt began `ran_for` ago, None where nobody knows.

    Native code that hangs is killed at the hard limit together with the thread that kept its lease: such a
    silence is reported as a timeout.
    """
    kind = ErrorKind.WORKER_LOST
    if ran_for is not None and ran_for > time_limit:
        kind, message = ErrorKind.TIMEOUT, "The step hung until its hard time limit ended it."
    return after(facts, kind, message, backoff=backoff, jitter=jitter)


def _handed_back(
    facts: FailureFacts, error_kind: ErrorKind, message: str, *, backoff: Backoff, jitter: float
) -> Decision:
    """The row goes back uncounted; where its machine was the cause the worker steps aside."""
    sickness = facts.sickness
    held: tuple[NewHold, ...] = ()
    status = QueueStatus.READY
    if error_kind.is_of_the_machine:
        pause = backoff.pause(sickness.times, jitter)
        held = of_the_machine(sickness, worker_id=facts.worker_id, lane=facts.lane, reason=message, pause=pause)
        if is_the_jobs_own(sickness):
            status = QueueStatus.HELD
            message = f"{sickness.handed_back_by + 1} workers handed it back for one cause: {message}"
    return Decision(
        status=status,
        pool=facts.pool,
        retry_count=facts.retry_count,
        pause=backoff.pause(sickness.handed_back, jitter),
        error_kind=error_kind,
        message=message,
        outcome=AttemptOutcome.RELEASED,
        holds=held,
    )


def _after_running_out(facts: FailureFacts, message: str) -> tuple[bool, str, str]:
    """(is it repeated, in which pool, what a person reads) after memory ran out."""
    if facts.ran_out_before % 2 == 0:
        return True, facts.pool, message
    if facts.step is not Step.RENDER:
        return False, facts.pool, message
    renderer, card_mib = renderer_of(facts.pool), _biggest_card_mib(facts)
    fitted = {pool for worker in facts.tried_at for pool in worker.pools}
    fitted |= set(served_by(renderer, card_mib)) if card_mib else set()
    wanted = [pool for pool in bigger(facts.pool) if pool not in fitted]
    pool = next((pool for pool in wanted if pool in facts.live_pools), None)
    card_gib = round(card_mib / 1024) or gib_of(facts.pool)
    card = f"a card of {card_gib} GiB" if card_gib else "the card it was on"
    happened = f"{_sentence(message)} It ran out of memory twice on {card}"
    if pool is not None:
        return False, pool, f"{happened}; moved to {pool}."
    return False, facts.pool, f"{happened}; {_lacking(wanted)}." if card_gib else message


def _biggest_card_mib(facts: FailureFacts) -> int:
    """Of the cards it was tried on; 0 where no size is known: only ComfyUI's workers report one."""
    if renderer_of(facts.pool) != COMFYUI:
        return 0
    return max((worker.vram_mib for worker in facts.tried_at), default=0)


def _lacking(wanted: list[str]) -> str:
    if not wanted:
        return "the farm knows no class of cards with more"
    return f"it would need one of {gib_of(wanted[0])} GiB or more, and no live worker has it"


def _sentence(message: str) -> str:
    return message if message.endswith((".", "!", "?")) else f"{message}."
