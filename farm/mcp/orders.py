"""Tools that order takes and call them off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, WithJsonSchema

from farm.mcp.answers import Cancelled, Ordered, Planned
from farm.mcp.asking import farm_for
from farm.mcp.hints import ADDS, ENDS, LOOKS
from farm.mcp.looking import JobId
from farm.orders.form import Order
from models.access import Scope
from models.errors import BadInput, Forbidden, Refused, Unauthenticated

if TYPE_CHECKING:
    from farm.client import Farm
    from farm.mcp.asking import AgentServer

#: the fields that an agent needs most, in its words; every other field of an order is taken too
_FIELDS = {
    "project": "The show's short name; farm_status lists them.",
    "cut": "The cut, as ep001/sc010/c0010 or 1/10/10; list_cuts has them. Its words and cast are used.",
    "job_type": "What to make. A loop or video needs its phase to be open: gate_status says so.",
    "characters": "Short names of who must be seen; by default whoever is in the cut.",
    "prompt": "What to show, in words.",
    "negative_prompt": "What not to show.",
    "location": "Where it is; by default the scene's.",
    "time_of_day": "By default the scene's.",
    "mood": "By default the scene's.",
    "camera_angle": "By default the cut's.",
    "action": "What happens; by default the cut's.",
    "width": "Pixels; by default the show's.",
    "height": "Pixels; by default the show's.",
    "frame_count": "Of a loop or video; by default the cut's duration.",
    "fps": "Frames a second, as 24, 23.976 or 24000/1001.",
    "seed": "By default chosen and reported; a large one may be sent as text.",
    "lenient": "True: what the renderer will not draw is accepted, and listed as not_drawn.",
    "priority": "Higher is rendered first.",
    "max_retakes": "How often a take that failed is made again by itself.",
    "idempotency_key": "The same key again is the same job: send one, and a lost answer costs nothing.",
}


def order_form() -> dict[str, Any]:
    """The JSON schema of an order with every field."""
    return Order.model_json_schema()


def _schema() -> dict[str, Any]:
    """What an agent reads of an order: the fields it needs most, and where the others are described."""
    form = order_form()
    return {
        "type": "object",
        "title": "Order",
        "description": "One take to make. farm://order-form describes every other field that is taken.",
        "properties": {
            name: _inlined(form["properties"][name], form["$defs"]) | {"description": words}
            for name, words in _FIELDS.items()
        },
        "required": ["project"],
        "additionalProperties": True,
    }


def _inlined(field: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """A field's schema that needs no definitions beside it."""
    name = field.get("$ref", "").rpartition("/")[2]
    own = {word: value for word, value in field.items() if word != "$ref"}
    return definitions[name] | own if name else field


# Read by the order's own form, which refuses what it does not know with the nearest fix.
Sent = Annotated[dict[str, Any], WithJsonSchema(_schema())]


def join(server: AgentServer) -> None:
    server.tool(annotations=LOOKS)(plan_order)
    server.tool(annotations=ADDS)(submit_order)
    server.tool(annotations=ADDS)(reproduce_take)
    server.tool(annotations=ENDS)(cancel_job)


def plan_order(order: Sent) -> Planned:
    """Try an order without placing it: the same checks as submit_order, and nothing is stored.

    Says whether it would be accepted and why not, with the nearest fix, which workers would render it, and what
    of it would not be drawn.
    """
    farm = farm_for(Scope.SUBMIT)
    try:
        planned = farm.plan(order)
    except (Forbidden, Unauthenticated):
        raise
    except (Refused, BadInput) as refusal:
        return Planned(accepted=False, refusal=refusal.message, hint=refusal.hint)
    return Planned.of(planned, _serving(farm, planned.pool))


def submit_order(order: Sent) -> Ordered:
    """Order one take: answers at once with the job's id, long before it is rendered, measured and judged.

    A take that fails its gate is made again by itself while a retake can help. Wait with get_job.
    """
    return Ordered.of(farm_for(Scope.SUBMIT).submit(order))


def reproduce_take(
    job_id: JobId,
    changes: Annotated[
        dict[str, Any],
        Field(description="Recipe fields to change, such as {'seed': 8} or {'scene.mood': 'tense'}."),
    ] = {},  # noqa: B006  # never changed
) -> Ordered:
    """Make a take again from its recorded recipe, to see whether it comes out the same; counts at no gate."""
    return Ordered.of(farm_for(Scope.SUBMIT).reproduce(job_id, changes))


def cancel_job(job_id: JobId) -> Cancelled:
    """Call an order off, with every take of it that is not over: it cannot be taken up again.

    A running render stops within seconds.
    """
    farm = farm_for(Scope.SUBMIT)
    family = [row.id for row in farm.job(job_id).family]
    cancelled = farm.cancel(family)
    return Cancelled(cancelled=cancelled, over_before=[each for each in family if each not in cancelled])


def _serving(farm: Farm, pool: str) -> int:
    """How many live workers serve a pool."""
    return sum(pool in worker.pools and worker.is_live(farm.settings.lease) for worker in farm.workers())
