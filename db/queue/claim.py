"""Who may work on what, and for how long: claim, heartbeat."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from db import order
from models.scheduling import lane
from models.shows import cut_path
from models.vocabulary import JobType, Step

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from sqlalchemy import Result, Row, TextClause
    from sqlalchemy.orm import Session

    from models.scheduling import Affinity

_ONE_OF_EQUALS = "uq_render_queue_rendering"


class Collision(Exception):
    """Somebody claimed an equal row at the same instant; its transaction is over and the next claim sees it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to work on one step of one job, until the lease ends or the epoch is raised."""

    job_id: UUID
    step: Step
    epoch: int
    pool: str
    worker_id: str
    retry_count: int
    #: `models.recipe.Recipe.to_json()` for a render; None when the job has none, or for other steps
    recipe: dict[str, Any] | None = None
    #: the job whose take this one makes again, on a cold cache
    reproduces_job_id: UUID | None = None
    #: what was asked for and its renderer does not draw
    not_drawn: tuple[str, ...] = ()
    #: of the recipe, where an equal take may stand in for it; None: it is rendered whatever there is
    fingerprint: str | None = None
    #: the pool of another row that is due at this step, so that whoever took a wake-up can leave one behind
    next_pool: str | None = None
    #: what it is about, as people name it: `lantern-street ep001/sc010/c0010 still_image, take 2`
    subject: str = ""


# Whose picture is claimed, for those who watch.
_SUBJECT = """projects.slug, episodes.episode_number, scenes.scene_number, cuts.cut_number,
       jobs.job_type, jobs.take_number"""
_SUBJECT_TABLES = """jobs ON jobs.id = claimed.job_id JOIN projects ON projects.id = jobs.project_id
LEFT JOIN cuts ON cuts.id = jobs.cut_id LEFT JOIN scenes ON scenes.id = cuts.scene_id
LEFT JOIN episodes ON episodes.id = scenes.episode_id"""

# What is asked, likewise.
_QUESTION = "projects.slug, measurements.subject AS asked"
_QUESTION_TABLES = """measurements ON measurements.id = claimed.job_id
LEFT JOIN projects ON projects.id = claimed.project_id"""

# The row is the worker's for one lease, and its attempt is open.
_TAKEN = """claimed AS (
    UPDATE render_queue q
    SET status = 'running', epoch = q.epoch + 1, worker_id = :worker_id, incarnation = :incarnation,
        passed_over_since = NULL, lease_until = now() + CAST(:lease AS interval),
        started_at = COALESCE(q.started_at, now())
    FROM best WHERE q.id = best.id
    RETURNING q.id, q.job_id, q.project_id, q.step, q.epoch, q.pool, q.worker_id, q.retry_count, q.fingerprint
), opened AS (
    INSERT INTO attempts (job_id, step, epoch, worker_id, incarnation, pid)
    SELECT job_id, step, epoch, worker_id, CAST(:incarnation AS uuid), CAST(:pid AS integer) FROM claimed
)"""

# The best due rows of each of my pools are read off the index, pool by pool, so that neither history nor a
# long queue slows a claim. Among the best overall a warm row may overtake rows of its own priority that are a
# little older, and the row at the head remembers since when that happens to it; a test holds the order equal
# to `farm.scheduling.order`. The last step locks exactly one row and skips what others are claiming just now;
# being a re-check, it also refuses a row that changed since it was read.
#
# A row that failed here is left to another live worker of its pool first, for one lease at most. A row that
# needs files this worker lacks is not seen, nor one whose equal is being rendered. (COALESCE hides the operator
# from the planner, which believes that one row in a hundred meets it, and then reads and sorts a long queue.)
# Of several equals all but the first wait beside the index. Where two are in it all the same (ordered at one
# instant, or of two priorities), only the first may be taken, so that two claims at once go to different work;
# where they still meet, the unique index refuses the second.
_CLAIM_RENDER = text(f"""
WITH candidates AS MATERIALIZED (
    SELECT c.* FROM unnest(CAST(:pools AS text[])) AS mine(pool)
    CROSS JOIN LATERAL (
        SELECT q.id, q.pool, q.priority, q.queued_at, q.passed_over_since, q.model_name, q.fingerprint
        FROM render_queue q
        WHERE q.pool = mine.pool AND {order.is_startable("q")}
          AND COALESCE(CAST(:has AS jsonb) ?& CAST(q.needs AS text[]), false)
          AND (q.retry_count = 0
               OR q.available_at <= now() - CAST(:lease AS interval)
               OR :worker_id IS DISTINCT FROM (
                   SELECT a.worker_id FROM attempts a WHERE a.job_id = q.job_id ORDER BY a.epoch DESC LIMIT 1)
               OR NOT EXISTS (
                   SELECT 1 FROM workers w
                   WHERE w.id <> :worker_id AND q.pool = ANY(w.pools)
                     AND is_live(w, CAST(:lease AS interval))))
        ORDER BY {order.by_place("q")}
        LIMIT :among
    ) c
    WHERE {order.is_open("mine.pool", ":worker_id")}
    ORDER BY {order.by_place("c")}
    LIMIT :among
), head AS (
    SELECT c.* FROM candidates c ORDER BY {order.by_place("c")} LIMIT 1
), ranked AS (
    SELECT c.*,
        c.model_name = ANY(CAST(:warm AS text[])) AND c.priority = head.priority
            AND c.queued_at <= head.queued_at + CAST(:jump AS interval)
            AND COALESCE(head.passed_over_since > now() - CAST(:jump AS interval), true) AS overtakes,
        c.fingerprint IS NULL OR 1 = row_number() OVER (
            PARTITION BY c.fingerprint ORDER BY {order.by_place("c")}) AS is_first
    FROM candidates c CROSS JOIN head
), best AS (
    SELECT q.id, ranked.overtakes FROM ranked JOIN render_queue q ON q.id = ranked.id
    WHERE ranked.is_first AND q.step = 'render' AND q.status = 'ready' AND q.available_at <= now()
    ORDER BY ranked.overtakes DESC, {order.by_place("ranked")}
    LIMIT 1
    FOR UPDATE OF q SKIP LOCKED
), passed_over AS (
    UPDATE render_queue q SET passed_over_since = now()
    FROM (
        SELECT q.id FROM head JOIN best ON best.overtakes AND best.id <> head.id
        JOIN render_queue q ON q.id = head.id
        WHERE head.passed_over_since IS NULL AND q.status = 'ready'
        FOR UPDATE OF q SKIP LOCKED
    ) overtaken WHERE q.id = overtaken.id
), {_TAKEN}, restarted AS (
    UPDATE jobs SET current_frame = 0, current_step = 0, total_steps = 0
    FROM claimed WHERE jobs.id = claimed.job_id AND (jobs.current_frame <> 0 OR jobs.total_steps <> 0)
)
SELECT claimed.job_id, claimed.step, claimed.epoch, claimed.pool, claimed.worker_id, claimed.retry_count,
       claimed.fingerprint, params.recipe, jobs.reproduces_job_id, jobs.not_drawn, {_SUBJECT},
       (SELECT c.pool FROM candidates c
        WHERE c.id <> claimed.id AND (c.fingerprint = claimed.fingerprint) IS NOT TRUE
        ORDER BY {order.by_place("c")} LIMIT 1) AS next_pool
FROM claimed JOIN {_SUBJECT_TABLES}
LEFT JOIN generation_params params ON params.job_id = claimed.job_id
""")


def _claim_of(
    step: Step,
    *,
    given: str = "",
    where: str = "true",
    subject: str = _SUBJECT,
    of: str = _SUBJECT_TABLES,
    besides: tuple[Step, ...] = (),
) -> TextClause:
    """The best due row of a step after the render; `where` leaves rows out, by the CTEs `given`.

    Its wake-up serves the steps `besides` as well.
    """
    claimed_from = f"'{lane(step, '')}'"
    due = f"""q.status = 'ready' AND q.available_at <= now() AND {where}
          AND {order.is_open(claimed_from, ":worker_id")} AND {order.is_project_open("q")}"""
    served = ", ".join(f"'{each.value}'" for each in (step, *besides))
    return text(f"""
WITH {given}best AS (
    SELECT q.id FROM render_queue q WHERE q.step = '{step.value}' AND {due}
    ORDER BY {order.by_place("q")} LIMIT 1 FOR UPDATE SKIP LOCKED
), {_TAKEN}
SELECT claimed.*, {subject}, (SELECT q.pool FROM render_queue q
                              WHERE q.step IN ({served}) AND {due} AND q.id <> claimed.id
                              ORDER BY {order.by_place("q")} LIMIT 1) AS next_pool
FROM claimed JOIN {of}
""")


_GIVEN, _HERE = f"{order.BETTER_SCORERS}, ", order.is_scored_here("q")
_CLAIM_SCORE = _claim_of(Step.SCORE, given=_GIVEN, where=_HERE)
_CLAIM_MEASURE = _claim_of(
    Step.MEASURE, given=_GIVEN, where=_HERE, subject=_QUESTION, of=_QUESTION_TABLES, besides=(Step.SCORE,)
)
_CLAIM_GATE = _claim_of(Step.GATE)
_BETTER_SCORER = text(f"WITH {order.BETTER_SCORERS} SELECT id FROM better LIMIT 1")

# A lease that ran out but was not taken away yet may still be extended: nobody else has begun.
_HEARTBEAT = text("""
WITH extended AS (
    UPDATE render_queue SET lease_until = now() + CAST(:lease AS interval)
    WHERE job_id = :job_id AND epoch = :epoch AND status = 'running'
    RETURNING job_id
), told AS (
    UPDATE jobs
    SET current_frame = LEAST(COALESCE(CAST(:frame AS integer), jobs.current_frame), jobs.total_frames),
        current_step = COALESCE(CAST(:step AS integer), jobs.current_step),
        total_steps = COALESCE(CAST(:steps AS integer), jobs.total_steps)
    FROM extended WHERE jobs.id = extended.job_id
      AND (CAST(:frame AS integer) IS NOT NULL OR CAST(:step AS integer) IS NOT NULL)
)
SELECT count(*) FROM extended
""")

# Whether the work is still ours, without writing anything.
_IS_MINE = text("""
SELECT count(*) FROM render_queue WHERE job_id = :job_id AND epoch = :epoch AND status = 'running'
""")

_HELD_BY = text("""
SELECT job_id, step, epoch, pool, worker_id, retry_count FROM render_queue
WHERE status = 'running' AND incarnation = :incarnation
""")


def claim_render(
    session: Session,
    *,
    pools: Iterable[str],
    worker_id: str,
    incarnation: UUID | None = None,
    pid: int | None = None,
    lease: timedelta,
    affinity: Affinity,
    warm: Iterable[str] = (),
    has: Iterable[str] = (),
) -> Claim | None:
    """Take the best due render of `pools`: exact priority, then age; None when nothing is due.

    `incarnation` and `pid` say which start of the worker, and which of its processes, holds it.
    What failed at this worker is left to the pool's other live workers for up to one lease. `warm` names the
    checkpoints this worker has loaded, which may overtake as `affinity` says. `has` names the files and node
    types it has: a row that needs another is left to others. The commit must be durable: an epoch that a crash
    of Postgres forgot would be given out again while its first holder still works.

    Raises:
        Collision: an equal row was claimed at the same instant; roll back and claim again.
    """
    values = {
        "pools": list(pools),
        "worker_id": worker_id,
        "incarnation": incarnation,
        "pid": pid,
        "lease": lease,
        "warm": [name for name in warm if name],
        # An object, because its keys are found by halving: a studio has thousands of files.
        "has": json.dumps(dict.fromkeys(has, 1)),
        "among": affinity.among,
        "jump": affinity.jump,
    }
    try:
        row = session.execute(_CLAIM_RENDER, values).one_or_none()
    except IntegrityError as error:
        if getattr(getattr(error.orig, "diag", None), "constraint_name", None) == _ONE_OF_EQUALS:
            raise Collision from error
        raise
    if row is None:
        return None
    return replace(
        _claim(row),
        recipe=row.recipe,
        reproduces_job_id=row.reproduces_job_id,
        not_drawn=tuple(row.not_drawn),
        fingerprint=row.fingerprint,
        next_pool=row.next_pool,
        subject=_subject(row),
    )


def claim_score(
    session: Session,
    *,
    worker_id: str,
    incarnation: UUID | None = None,
    pid: int | None = None,
    lease: timedelta,
    networks: Iterable[str],
    queue: str,
) -> Claim | None:
    """Take the best due measurement, or else the best due score; None when nothing is due here.

    A person waits for a measurement, so it comes before all takes; among their kind both go by exact priority,
    then age. `networks` are those of this worker. What asks for others is left to a live worker of the Celery
    queue `queue` that has more of them; a worker silent for a lease does not count.
    """
    scorer = _scorer(worker_id, lease, networks, queue)
    asked = scorer | {"incarnation": incarnation, "pid": pid, "lease": lease}
    if (row := session.execute(_CLAIM_MEASURE, asked).one_or_none()) is not None:
        return replace(_claim(row), next_pool=row.next_pool, subject=f"{row.slug or ''} {row.asked}".strip())
    return _next_claim(session.execute(_CLAIM_SCORE, asked))


def better_scorer(
    session: Session, *, worker_id: str, lease: timedelta, networks: Iterable[str], queue: str
) -> str | None:
    """The worker to which something due is left; None where every due score or measurement may be made here."""
    answer = session.execute(_BETTER_SCORER, _scorer(worker_id, lease, networks, queue))
    return answer.scalar_one_or_none()


def claim_gate(
    session: Session,
    *,
    worker_id: str,
    incarnation: UUID | None = None,
    pid: int | None = None,
    lease: timedelta,
) -> Claim | None:
    """Take the best due gate: exact priority, then age; None when nothing is due."""
    holder = {"worker_id": worker_id, "incarnation": incarnation, "pid": pid, "lease": lease}
    return _next_claim(session.execute(_CLAIM_GATE, holder))


def heartbeat(
    session: Session,
    claim: Claim,
    *,
    lease: timedelta,
    frame: int | None = None,
    steps: tuple[int, int] | None = None,
) -> bool:
    """Extend the lease and write the frames, and the sampler steps of all, that are done; False: it is lost."""
    step, total = steps or (None, None)
    values = {"job_id": claim.job_id, "epoch": claim.epoch, "lease": lease, "frame": frame}
    values |= {"step": step, "steps": total}
    return bool(session.execute(_HEARTBEAT, values).scalar_one())


def is_mine(session: Session, claim: Claim) -> bool:
    """Whether nobody has cancelled the job or taken it over since."""
    return bool(session.execute(_IS_MINE, {"job_id": claim.job_id, "epoch": claim.epoch}).scalar_one())


def held_by(session: Session, incarnation: UUID) -> list[Claim]:
    """What one start of a worker works on."""
    return [_claim(row) for row in session.execute(_HELD_BY, {"incarnation": incarnation})]


def _scorer(worker_id: str, lease: timedelta, networks: Iterable[str], queue: str) -> dict[str, Any]:
    return {"worker_id": worker_id, "silent_after": lease, "networks": list(networks), "queue": queue}


def _next_claim(answer: Result[Any]) -> Claim | None:
    row = answer.one_or_none()
    return None if row is None else replace(_claim(row), next_pool=row.next_pool, subject=_subject(row))


def _subject(row: Row[Any]) -> str:
    numbers = row.episode_number, row.scene_number, row.cut_number
    named = row.slug if row.cut_number is None else f"{row.slug} {cut_path(*numbers)}"
    return f"{named} {JobType(row.job_type)}" + (f", take {row.take_number}" if row.take_number > 1 else "")


def _claim(row: Row[Any]) -> Claim:
    return Claim(
        job_id=row.job_id,
        step=Step(row.step),
        epoch=row.epoch,
        pool=row.pool,
        worker_id=row.worker_id,
        retry_count=row.retry_count,
    )
