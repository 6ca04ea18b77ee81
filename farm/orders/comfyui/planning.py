"""Plans the takes of ComfyUI: which workflow, with which files and pictures, and whether a server has them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from farm.orders import limits, pictures, recipes, undrawn
from farm.orders.comfyui import workflows
from farm.orders.comfyui.fleet import Fleet
from farm.orders.plan import Plan, recipe_of
from farm.orders.start_pictures import StartPictures
from models import pools
from models.errors import BadInput, OrderRefused, UnknownName
from models.recipe import DEFAULT_CFG_SCALE, DEFAULT_STEPS, ControlNet, InputPicture, IpAdapter, Lora, Recipe
from models.shows import Defaults
from workers.renderers import registry
from workers.renderers.comfyui import preflight
from workers.renderers.comfyui.sections import IP_ADAPTER_NODES, IP_ADAPTER_PACKAGE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from db.engine import Session
    from farm.orders.plan import Ordered
    from farm.settings import Settings
    from workers.renderers.comfyui.graph import Graph
    from workers.renderers.comfyui.workflow import Workflow

#: order field -> the recipe field that a workflow must have a place for
_NEEDS_A_PLACE = {
    "prompt": "positive_prompt",
    "negative_prompt": "negative_prompt",
    **{
        name: name
        for name in (
            *("width", "height", "steps", "cfg_scale", "sampler_name", "scheduler", "model_name", "vae_name"),
            *("seed", "subseed", "motion_strength", "start_image", "frame_count"),
        )
    },
}
#: these belong to one another: the sampling to the model, and both to the project or to the workflow
_MODEL_AND_SAMPLING = ("model_name", "vae_name", "sampler_name", "scheduler", "steps", "cfg_scale")
_FALLBACKS = {"model_name": "", "steps": DEFAULT_STEPS, "cfg_scale": DEFAULT_CFG_SCALE}


class Planner:
    """Plans the orders of one transaction; what it looked up once it does not look up again."""

    def __init__(self, session: Session, settings: Settings) -> None:
        self._session, self._settings = session, settings
        self._library = workflows.Library(settings.workflows_dir)
        self._starts = StartPictures(session, settings)

    @cached_property
    def _fleet(self) -> Fleet:
        return Fleet.of(self._session, self._settings)

    def plan(self, ordered: Ordered) -> Plan:
        """What a ComfyUI will be asked for; held against what the farm's ComfyUIs have.

        Raises:
            OrderRefused: it cannot work; the sentence names the node, and the hint the nearest that would.
        """
        can = registry.capabilities(ordered.renderer)
        limits.refuse_kind(ordered, can)
        undrawn.refuse_nothing(ordered)
        workflow = self._workflow(ordered)
        _refuse_placeless(ordered, workflow)
        _refuse_unsized(ordered, workflow)
        width, height = limits.size_of(ordered, _own_size(workflow))
        limits.refuse_size(workflow.name, limits.in_multiples(can, workflow.side_multiple_px), width, height)
        recipe = recipe_of(
            ordered,
            width=width,
            height=height,
            frame_count=limits.frame_count(ordered, can),
            workflow=workflow.name,
            workflow_source=dict(workflow.source or {}),
            workflow_inputs=_parameters(ordered, workflow),
            start_image=self._start_image(ordered, workflow),
            lora_models=self._loras(ordered),
            controlnet_models=tuple(self._controls(ordered)),
            ipadapter_refs=tuple(self._adapters(ordered)),
            **self._fleet.spelled(_model_and_sampling(ordered, workflow), workflow),
        )
        _refuse_no_model(recipe, workflow)
        graph = _bound(workflow, recipe)
        inventory = self._fleet.require(graph, workflow, required_packages(workflow))
        return Plan(
            recipe=recipe,
            pool=pools.pool(ordered.renderer, workflow.vram_mib),
            needs=preflight.needs_of(graph, inventory),
        )

    def _workflow(self, ordered: Ordered) -> Workflow:
        """The order's, the project's for this kind, or the farm's own."""
        kind = ordered.order.job_type
        workflow = self._chosen(ordered)
        if kind in workflow.job_types:
            return workflow
        offers = self._library.offers().values()
        others = [offer.name for offer in offers if offer.workflow and kind in offer.workflow.job_types]
        raise OrderRefused(
            f"The workflow '{workflow.name}' makes no {kind.value}, only {', '.join(workflow.job_types)}.",
            hint=f"For a {kind.value} there is: {', '.join(others)}.",
        )

    def _chosen(self, ordered: Ordered) -> Workflow:
        preset = ordered.defaults.workflows.get(ordered.order.job_type)
        name = ordered.order.workflow or preset
        try:
            return self._library.named(name) if name else self._library.for_kind(ordered.order.job_type)
        except UnknownName as refusal:
            if name == preset:
                refusal.hint += f" The defaults of {ordered.project.slug} name it for this kind."
            raise

    def _start_image(self, ordered: Ordered, workflow: Workflow) -> InputPicture | None:
        return self._starts.of(ordered, workflow.name) if "start_image" in workflow.binding.inputs else None

    def _loras(self, ordered: Ordered) -> tuple[Lora, ...]:
        """The order's and the characters' own, each once, by the name that ComfyUI lists it under."""
        once: dict[str, Lora] = {}
        for wanted in ordered.order.lora_models:
            lora = self._lora(wanted.name, wanted.path, wanted.weight)
            if once.setdefault(lora.path, lora) is not lora:
                raise OrderRefused(
                    f"The order names the LoRA '{lora.path}' twice.",
                    hint="Name it once, with the weight it shall have.",
                )
        for own in recipes.loras_of(ordered.castings if ordered.order.use_character_loras else (), ()):
            lora = self._lora(own.name, own.path, own.weight)
            once.setdefault(lora.path, lora)
        return tuple(once.values())

    def _lora(self, name: str, path: str, weight: float) -> Lora:
        return Lora(name=name, path=self._fleet.file("lora_name", path or name, "LoRA"), weight=weight)

    def _controls(self, ordered: Ordered) -> Iterator[ControlNet]:
        for net in ordered.order.controlnet_models:
            if not net.image_path:
                raise OrderRefused(
                    f"The ControlNet '{net.name}' has no picture to hold the render to.",
                    hint="Give its image_path: the prepared pose, depth or line picture.",
                )
            picture = pictures.named(net.image_path, self._settings, "ControlNet picture")
            yield ControlNet(
                name=net.name,
                model=self._fleet.file("control_net_name", net.model, "ControlNet"),
                weight=net.weight,
                preprocessor=net.preprocessor,
                image_path=picture.path,
                image_sha256=picture.sha256,
            )

    def _adapters(self, ordered: Ordered) -> Iterator[IpAdapter]:
        for ref in ordered.order.ipadapter_refs:
            if ref.noise:
                raise OrderRefused(
                    "ComfyUI's IP-Adapter takes no noise, so it would be ignored.",
                    hint="Leave noise out, or lower the weight.",
                )
            picture = pictures.named(ref.reference_image_path, self._settings, "reference picture")
            yield IpAdapter(
                reference_image_path=picture.path, weight=ref.weight, noise=ref.noise, sha256=picture.sha256
            )


def required_packages(workflow: Workflow) -> dict[str, str]:
    """Node type -> the package that brings it, for everything the workflow may put into its graph."""
    adapters = IP_ADAPTER_NODES if workflow.binding.sections.ip_adapter else ()
    return {**dict.fromkeys(adapters, IP_ADAPTER_PACKAGE), **workflow.requires}


def _bound(workflow: Workflow, recipe: Recipe) -> Graph:
    """The graph of a recipe, as a worker will bind it; raises `OrderRefused`."""
    try:
        graph = workflow.bind(recipe, "farm/order")
    except BadInput as error:
        raise OrderRefused(error.message, hint=error.hint) from error
    _refuse_idle_samplers(graph)
    return graph


def _own_size(workflow: Workflow) -> tuple[int | None, int | None]:
    return workflows.own_value(workflow, "width"), workflows.own_value(workflow, "height")


def _parameters(ordered: Ordered, workflow: Workflow) -> dict[str, Any]:
    """The workflow's own, over them the project's for it, and over them the order's; raises `OrderRefused`."""
    theirs = ordered.defaults.workflow_inputs.get(workflow.name, {})
    return workflows.settled_inputs(workflow, {**theirs, **ordered.order.workflow_inputs})


def _model_and_sampling(ordered: Ordered, workflow: Workflow) -> dict[str, Any]:
    """The order's; else the project's, where the workflow leaves the model to it; else the workflow's own."""
    leaves_the_model = "model_name" in workflow.binding.inputs and "model_name" not in workflow.binding.defaults
    defaults = ordered.defaults if leaves_the_model else Defaults()
    chosen = {}
    for name in _MODEL_AND_SAMPLING:
        own = workflows.own_value(workflow, name)
        candidates = (getattr(ordered.order, name), getattr(defaults, name), own, _FALLBACKS.get(name))
        chosen[name] = next((value for value in candidates if value not in (None, "")), _FALLBACKS.get(name))
    return chosen


def _refuse_placeless(ordered: Ordered, workflow: Workflow) -> None:
    """What the order says and the workflow has no input for would be ignored."""
    if ordered.order.defect is not None:
        raise OrderRefused(
            "ComfyUI draws no faults on purpose.", hint="Order the fire drill from renderer toon."
        )
    if ordered.order.dialogue:
        raise OrderRefused(
            "No workflow of ComfyUI moves lips, so the dialogue would be ignored.",
            hint="Leave it out; the dialogue of a cut may stay there.",
        )
    for name, field in _NEEDS_A_PLACE.items():
        if not ordered.says(name) or field in workflow.binding.inputs:
            continue
        if name == "frame_count" and (workflow.counted or not ordered.order.job_type.is_motion):
            continue
        if getattr(ordered.order, name) == workflow.binding.defaults.get(field):
            continue
        raise OrderRefused(
            f"The workflow '{workflow.name}' has no place for {name}, so it would be ignored.",
            hint=f"Leave it out, bind {field} in the workflow's file, or choose another workflow.",
        )


def _refuse_unsized(ordered: Ordered, workflow: Workflow) -> None:
    """A take is held against the size that was ordered, and nothing would tell the graph of it."""
    binding, defaults = workflow.binding, ordered.defaults
    for side in ("width", "height"):
        is_told = side in binding.inputs or side in binding.defaults or getattr(defaults, side)
        if not is_told and ordered.order.job_type not in defaults.sizes:
            raise OrderRefused(
                f"The workflow '{workflow.name}' does not say the {side} of its takes, so none could be right.",
                hint=f"Bind {side} in the workflow's file, or write there what it is under defaults.",
            )


def _refuse_no_model(recipe: Recipe, workflow: Workflow) -> None:
    if "model_name" in workflow.binding.inputs and not recipe.model_name:
        raise OrderRefused(
            f"The order names no checkpoint, and the workflow '{workflow.name}' brings none.",
            hint="Set model_name in the order or in the project's defaults; `farm doctor` lists checkpoints.",
        )


def _refuse_idle_samplers(graph: Graph) -> None:
    """A sampler that takes over after the last step would do nothing, and nobody would be told."""
    for node_id, node in graph.items():
        start, steps = node["inputs"].get("start_at_step"), node["inputs"].get("steps")
        if isinstance(start, int) and isinstance(steps, int) and start >= steps:
            raise OrderRefused(
                f"{node['class_type']} (node {node_id}) would begin at step {start} of {steps} and do nothing.",
                hint=f"Order more steps, or set the workflow's switch to less than {steps}.",
            )
