"""The order of the queue as SQL, in fragments that the claim, the demand and `farm why` share.

`farm.scheduling.order` is the same order without a database; a test holds the two equal.
"""


def in_force(hold: str) -> str:
    """Whether the hold keeps anything at this moment."""
    return f"({hold}.until IS NULL OR {hold}.until > now())"


def is_open(lane: str, worker: str) -> str:
    """Whether no hold keeps the worker from the lane: asked once a lane, because a held one may be long."""
    return f"""NOT EXISTS (
        SELECT 1 FROM holds h WHERE {in_force("h")} AND (
            h.scope = 'farm' OR (h.scope = 'pool' AND h.target = {lane})
            OR (h.scope = 'worker' AND h.target = {worker})))"""


def is_project_open(row: str) -> str:
    """Whether no hold keeps the row's project."""
    return f"""NOT EXISTS (
        SELECT 1 FROM holds h
        WHERE h.scope = 'project' AND h.target = CAST({row}.project_id AS text) AND {in_force("h")})"""


# Live workers by pool; the needs of waiting rows that one of them can meet. A show's thousand rows need the
# same few things, so each combination is held against the inventories once, not row by row. Takes
# :silent_after.
CAN_DO = f"""
live AS MATERIALIZED (
    SELECT listened.pool, w.slots, w.comfyui_inventory AS inventory
    FROM workers w CROSS JOIN LATERAL unnest(w.pools) AS listened(pool)
    WHERE is_live(w, CAST(:silent_after AS interval)) AND {is_open("listened.pool", "w.id")}
), wanted AS MATERIALIZED (
    SELECT DISTINCT q.pool, q.needs
    FROM render_queue q JOIN (SELECT DISTINCT pool FROM live WHERE inventory IS NOT NULL) stocked USING (pool)
    WHERE q.step = 'render' AND q.status = 'ready' AND q.available_at <= now() AND q.needs <> '{{}}'
), doable AS MATERIALIZED (
    SELECT wanted.pool, wanted.needs FROM wanted
    WHERE EXISTS (SELECT 1 FROM live JOIN inventories i ON i.sha256 = live.inventory
                  WHERE live.pool = wanted.pool AND wanted.needs <@ i.has)
)"""

# What each set of networks that waiting scores and measurements ask for is left to: the live score worker that
# lacks least of it, where that is less than lacks here. A show's thousand takes ask for the same few sets, and
# a worker that has everything never looks. Takes :worker_id, :networks (those here), :queue (of scores) and
# :silent_after.
BETTER_SCORERS = """
asked AS MATERIALIZED (
    SELECT DISTINCT q.networks FROM render_queue q
    WHERE q.step IN ('score', 'measure') AND q.status = 'ready' AND q.available_at <= now()
      AND NOT q.networks <@ CAST(:networks AS varchar[])
), better AS MATERIALIZED (
    SELECT DISTINCT ON (asked.networks) asked.networks, w.id
    FROM asked JOIN workers w
      ON w.id <> :worker_id AND :queue = ANY(w.queues) AND is_live(w, CAST(:silent_after AS interval))
    CROSS JOIN LATERAL (
        SELECT cardinality(ARRAY(SELECT unnest(asked.networks) EXCEPT SELECT unnest(w.networks))) AS there,
               cardinality(ARRAY(SELECT unnest(asked.networks)
                                 EXCEPT SELECT unnest(CAST(:networks AS varchar[])))) AS here
    ) lacking
    WHERE lacking.there < lacking.here
    ORDER BY asked.networks, lacking.there, w.id
)"""


def by_place(row: str) -> str:
    """What to ORDER BY: priority, then age."""
    return f"{row}.priority DESC, {row}.queued_at, {row}.id"


def is_before(row: str, other: str) -> str:
    """Whether `row` comes before `other` in that order."""
    return (
        f"ROW({row}.priority, {other}.queued_at, {other}.id) > ROW({other}.priority, {row}.queued_at, {row}.id)"
    )


def is_startable(row: str) -> str:
    """Whether the row's render is due, its project not held, and no equal order being rendered or before it."""
    return f"""{row}.step = 'render' AND {row}.status = 'ready' AND {row}.available_at <= now()
          AND NOT {row}.waits_for_equal AND {is_project_open(row)}
          AND ({row}.fingerprint IS NULL OR NOT EXISTS (
              SELECT 1 FROM render_queue r
              WHERE r.fingerprint = {row}.fingerprint AND r.status = 'running' AND r.step = 'render'))"""


def is_scored_here(row: str) -> str:
    """Whether a score is not left to a better scorer; goes with `BETTER_SCORERS`.

    The last try is made by whoever takes it: what failed wherever it was sent is better measured in part, for a
    person to see, than not at all.
    """
    return f"""({row}.networks <@ CAST(:networks AS varchar[])
           OR {row}.max_retries > 0 AND {row}.retry_count >= {row}.max_retries
           OR {row}.networks NOT IN (SELECT networks FROM better))"""


def is_doable(row: str) -> str:
    """Whether a live worker of the row's pool has what it needs; goes with `CAN_DO`."""
    return f"({row}.needs = '{{}}' OR ({row}.pool, {row}.needs) IN (SELECT pool, needs FROM doable))"
