"""Plans the takes of renderers that run inside a worker and need no server: toon, and null in tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farm.orders import limits, recipes, undrawn
from farm.orders.plan import Plan, recipe_of
from farm.paths import confined
from models import pools
from models.errors import OrderRefused
from models.recipe import DEFAULT_CFG_SCALE, DEFAULT_STEPS, ControlNet, IpAdapter, Lora
from workers.renderers import registry

if TYPE_CHECKING:
    from farm.orders.plan import Ordered
    from farm.settings import Settings


def plan(ordered: Ordered, settings: Settings) -> Plan:
    """The recipe of a drawn take; raises `OrderRefused` for what this renderer cannot draw or would ignore."""
    order, defaults = ordered.order, ordered.defaults
    can = registry.capabilities(ordered.renderer)
    limits.refuse_kind(ordered, can)
    width, height = limits.size_of(ordered)
    limits.refuse_size(ordered.renderer, can, width, height)
    frames = limits.frame_count(ordered, can)
    outcome = undrawn.of_order(ordered)
    recipe = recipe_of(
        ordered,
        width=width,
        height=height,
        frame_count=frames,
        model_name=order.model_name or defaults.model_name or "",
        steps=order.steps or defaults.steps or DEFAULT_STEPS,
        cfg_scale=_first(order.cfg_scale, defaults.cfg_scale, DEFAULT_CFG_SCALE),
        lora_models=_loras(ordered, settings),
        controlnet_models=tuple(ControlNet(**net.model_dump()) for net in order.controlnet_models),
        ipadapter_refs=tuple(
            IpAdapter(
                reference_image_path=str(
                    confined(ref.reference_image_path, settings.roots, "reference picture")
                ),
                weight=ref.weight,
                noise=ref.noise,
            )
            for ref in order.ipadapter_refs
        ),
    )
    return Plan(
        recipe=recipe,
        pool=pools.pool(ordered.renderer),
        not_drawn=outcome.not_drawn,
        is_scratch=outcome.is_scratch,
    )


def _loras(ordered: Ordered, settings: Settings) -> tuple[Lora, ...]:
    """Each LoRA is a file here."""
    named = [Lora(**lora.model_dump()) for lora in ordered.order.lora_models]
    own = ordered.castings if ordered.order.use_character_loras else ()
    loras = recipes.loras_of(own, named)
    if nameless := next((lora for lora in loras if not lora.path), None):
        raise OrderRefused(
            f"The LoRA '{nameless.name}' names no file, and '{ordered.renderer}' has no list of its own.",
            hint="Give its path.",
        )
    return tuple(
        Lora(name=lora.name, path=str(confined(lora.path, settings.roots, "LoRA")), weight=lora.weight)
        for lora in loras
    )


def _first(*values: float | None) -> float:
    return next(value for value in values if value is not None)
