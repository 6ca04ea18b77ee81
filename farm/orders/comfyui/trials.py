"""Tries every workflow against every live ComfyUI without running it: where it works, or what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from farm.orders.comfyui import workflows
from farm.orders.comfyui.planning import required_packages
from models.errors import BadInput
from models.pools import COMFYUI
from models.recipe import InputPicture, Recipe
from workers.renderers.comfyui.preflight import Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from farm.orders.comfyui.fleet import Site
    from farm.orders.comfyui.workflows import Offer
    from workers.renderers.comfyui.preflight import Inventory
    from workers.renderers.comfyui.workflow import Workflow


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One workflow at one ComfyUI."""

    site: Site
    #: the first reason why it cannot run there; None: it can
    trouble: Trouble | None


def trials(workflow: Workflow, sites: Iterable[Site]) -> list[Trial]:
    """The workflow with its own values, at each site; a checkpoint it leaves to orders is any that is there."""
    return [_trial(workflow, site) for site in sites]


def packages(workflow: Workflow) -> tuple[str, ...]:
    """What must be installed beside ComfyUI for this workflow to run at all."""
    return tuple(sorted(set(workflow.requires.values())))


def sections(workflow: Workflow) -> tuple[str, ...]:
    """What orders may add to its graph, in words."""
    slots = workflow.binding.sections
    names = ["LoRAs"] if slots.loras else []
    names += ["ControlNets"] if slots.controls else []
    package = next(iter(required_packages(workflow).values()), "")
    names += [f"reference pictures (with {package})"] if slots.ip_adapter else []
    return tuple(names)


def to_json(offer: Offer, sites: Sequence[Site]) -> dict[str, Any]:
    """One workflow as scripts read it."""
    answer: dict[str, Any] = {
        "name": offer.name,
        "whose": "studio" if offer.path else "farm",
        "path": str(offer.path) if offer.path else None,
        "error": {"message": offer.error.message, "hint": offer.error.hint} if offer.error else None,
    }
    if offer.workflow is None:
        return answer
    workflow = offer.workflow
    return answer | {
        "job_types": [kind.value for kind in workflow.job_types],
        "vram_mib": workflow.vram_mib,
        "side_multiple_px": workflow.side_multiple_px,
        "starts_from_a_picture": "start_image" in workflow.binding.inputs,
        "takes": list(sections(workflow)),
        "parameters": workflows.parameters(workflow),
        "requires": list(packages(workflow)),
        "servers": [_trial_json(trial) for trial in trials(workflow, sites)],
    }


def _trial_json(trial: Trial) -> dict[str, Any]:
    server, trouble = trial.site.server, trial.trouble
    return {
        "worker_id": server.worker_id,
        "host": server.host,
        "device": server.device,
        "can_run": trouble is None,
        "trouble": trouble.sentence if trouble else None,
        "hint": trouble.hint if trouble else None,
    }


def _trial(workflow: Workflow, site: Site) -> Trial:
    try:
        graph = workflow.bind(_sample(workflow, site.inventory), "farm/trial")
    except BadInput as error:
        return Trial(site=site, trouble=Trouble(error.message, error.hint))
    troubles = site.troubles(graph, workflow, required_packages(workflow))
    return Trial(site=site, trouble=troubles[0] if troubles else None)


def _sample(workflow: Workflow, inventory: Inventory) -> Recipe:
    """A recipe of the workflow's own values."""
    kind = workflow.job_types[0]
    own = {name: workflows.own_value(workflow, name) for name in workflow.binding.inputs}
    fields = {
        name: value for name, value in own.items() if value is not None and name in Recipe.__dataclass_fields__
    }
    fields["model_name"] = own.get("model_name") or _any_model(workflow, inventory)
    fields["start_image"] = InputPicture(path="start.png", sha256="0" * 64)
    size = {"width": 512, "height": 768, "seed": 0, "frame_count": kind.default_frames}
    return Recipe(**{**size, **fields, "renderer": COMFYUI, "job_type": kind})


def _any_model(workflow: Workflow, inventory: Inventory) -> str:
    for place in workflow.binding.inputs.get("model_name", ()):
        kind = inventory.nodes.get(workflow.graph[place.node]["class_type"])
        listed = kind.lists.get(place.input, ()) if kind else ()
        if listed:
            return listed[0]
    return ""
