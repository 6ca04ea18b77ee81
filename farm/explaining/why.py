"""Why a job is not moving, or why it ended as it did, in plain sentences made from what the database knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farm.explaining.lacking import lacking
from farm.explaining.sentences import explanations
from models.vocabulary import HoldScope, QueueStatus, Step, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from farm.explaining.scores import MarkedScore
    from models.jobs import WhyFacts

_DOING = {Step.RENDER: "rendering", Step.SCORE: "scoring", Step.GATE: "judging"}


def explain(facts: WhyFacts, scores: Iterable[MarkedScore] = ()) -> list[str]:
    """At least one sentence; the first one is the answer, the others explain it by the take's `scores`."""
    queue = facts.queue
    if queue.status is QueueStatus.HELD:
        return [f"It is held: {queue.held_for or 'nobody wrote down why'}."]
    if queue.status is QueueStatus.CANCELLED:
        return [f"It was called off. {queue.error_message or ''}".strip()]
    if queue.status is QueueStatus.FAILED:
        return _failed(facts)
    if queue.status is QueueStatus.COMPLETED:
        return _completed(facts, list(scores))
    if queue.status is QueueStatus.RUNNING:
        return _running(facts)
    return _held(facts) or _waiting(facts)


def _failed(facts: WhyFacts) -> list[str]:
    queue = facts.queue
    kind = f" ({queue.error_kind.value.replace('_', ' ')})" if queue.error_kind else ""
    tries = queue.retry_count + 1
    sentences = [f"It failed while {_DOING[queue.step]}{kind}: {queue.error_message or 'no message was kept'}"]
    sentences.append(f"It was tried {tries} {'time' if tries == 1 else 'times'}.")
    if queue.error_kind is not None and not queue.error_kind.is_worth_repeating:
        sentences.append("Repeating the same could not have helped, so it was not tried again.")
    return sentences


def _completed(facts: WhyFacts, scores: list[MarkedScore]) -> list[str]:
    row = facts.row
    reasons = explanations(scores)
    if row.verdict is None:
        return ["It is finished and has no verdict."]
    if row.verdict.passes:
        return [f"It is finished: {row.verdict.value}."]
    blocked = ", ".join(row.blocking) or "nothing that was measured"
    if row.verdict is Verdict.REVIEW and row.blocking:
        hope = "can mend that" if any(score.beyond_retakes for score in scores) else "is left"
        waits = f"It waits for a person: blocked by {blocked}, and no automatic retake {hope}."
        return [waits, *reasons]
    if row.verdict is Verdict.REVIEW:
        waits = "It is finished and waits for a person: a required metric could not be measured."
        return [waits, *reasons]
    return [f"It is finished and did not pass: blocked by {blocked}.", *reasons]


def _running(facts: WhyFacts) -> list[str]:
    queue, row = facts.queue, facts.row
    sentences = [f"{queue.worker_id} is {_DOING[queue.step]} it now."]
    if queue.step is Step.RENDER and row.total_frames > 1 and (row.current_frame or not row.total_steps):
        sentences.append(f"{row.current_frame} of {row.total_frames} frames are done.")
    elif queue.step is Step.RENDER and row.total_steps:
        sentences.append(f"{row.current_step} of {row.total_steps} sampler steps are done.")
    left = facts.seconds_of_lease_left
    if left is not None and left < 0:
        sentences = [
            f"{queue.worker_id} fell silent while {_DOING[queue.step]} it: "
            f"its lease ran out {-left:.0f} s ago.",
            "It goes to another worker at the next retry tick.",
        ]
    return sentences


def _waiting(facts: WhyFacts) -> list[str]:
    queue = facts.queue
    where = f"pool {queue.pool}" if queue.step is Step.RENDER else f"{queue.step.value} queue"
    if facts.seconds_until_due > 0:
        sentences = [f"It waits {facts.seconds_until_due:.0f} s before try {queue.retry_count + 1}."]
        if facts.last_attempt is not None and facts.last_attempt.error_message:
            sentences.append(f"The try before ended with: {facts.last_attempt.error_message}")
        return sentences
    if facts.equal_job_id is not None:
        doing = "is being rendered" if facts.equal_is_running else "comes first"
        return [f"An equal order (job {facts.equal_job_id}) {doing}; its take will be used."]
    nobody_can = lacking(facts) if queue.step is Step.RENDER else []
    if nobody_can:
        return [*nobody_can, *_the_try_before(facts)]
    if not facts.workers:
        return [f"No worker serves the {where}.", "Start one: `farm up`, or `celery -A tasks worker -Q ...`."]
    busy = f"{facts.running_in_pool} running, {len(facts.workers)} at work there"
    if facts.ahead_in_pool:
        return [f"{facts.ahead_in_pool} jobs are ahead of it in the {where} ({busy}).", *_the_try_before(facts)]
    return [f"It is the next one in the {where} ({busy}).", *_the_try_before(facts)]


def _held(facts: WhyFacts) -> list[str]:
    """What keeps it from being begun: a hold on it, or every worker that could standing aside."""
    of_workers = {hold.target: hold for hold in facts.holds if hold.scope is HoldScope.WORKER}
    others = [hold for hold in facts.holds if hold.scope is not HoldScope.WORKER]
    if others:
        return [
            f"{_WHAT[hold.scope].format(hold.target)} is held by {hold.actor}: {hold.reason}" for hold in others
        ]
    if facts.workers and all(worker.id in of_workers for worker in facts.workers):
        return [
            "Every worker that could do it stands aside, and looks again by itself.",
            *(f"{name}: {hold.reason}" for name, hold in of_workers.items()),
        ]
    return []


_WHAT = {HoldScope.FARM: "The whole farm", HoldScope.PROJECT: "Its project", HoldScope.POOL: "The pool {}"}


def _the_try_before(facts: WhyFacts) -> list[str]:
    """Such as that it moved to a bigger card."""
    error = facts.queue.error_message
    return [f"The try before ended with: {error}"] if error else []


def changed(reason: dict[str, object]) -> str:
    """What a retake changed against the take before, in words."""
    text = str(reason.get("reason") or "")
    changes = reason.get("changed")
    what = ", ".join(str(key).replace("_", " ") for key in changes) if isinstance(changes, dict) else ""
    return text or (f"new {what}" if what else "")
