"""What of a recipe changes a graph's shape: LoRAs, ControlNets and IP-Adapters, spliced in and read back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from models.errors import BadInput
from workers.renderers.comfyui.graph import Graph, Link, node, relinked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from models.recipe import ControlNet, IpAdapter, Lora, Recipe

#: the node package that brings IP-Adapter to ComfyUI
IP_ADAPTER_PACKAGE = "ComfyUI_IPAdapter_plus"
IP_ADAPTER_NODES = ("IPAdapterUnifiedLoader", "IPAdapterAdvanced")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoraSlot:
    """Between a model (and its text encoder) and everything that takes them."""

    model: Link
    clip: Link | None = None
    #: where a workflow has two models: only LoRAs whose file name holds this word, or holds neither word
    word: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlSlot:
    """Between the two conditionings and everything that takes them."""

    positive: Link
    negative: Link
    vae: Link | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sections:
    """Where a workflow takes each; empty where it cannot."""

    loras: tuple[LoraSlot, ...] = ()
    controls: ControlSlot | None = None
    #: the model that IP-Adapters pull
    ip_adapter: Link | None = None


def splice(graph: Graph, slots: Sections, recipe: Recipe, name: str) -> Graph:
    """The graph with the recipe's LoRAs, ControlNets and IP-Adapters in it.

    Raises:
        BadInput: the workflow `name` has no place for one of them.
    """
    _refuse_homeless(slots, recipe, name)
    for number, slot in enumerate(slots.loras):
        graph = _with_loras(graph, slot, number, _for_slot(recipe.lora_models, slots.loras, slot))
    if slots.ip_adapter:
        graph = _with_ip_adapters(graph, slots.ip_adapter, recipe.ipadapter_refs)
    if slots.controls:
        graph = _with_controls(graph, slots.controls, recipe.controlnet_models)
    return graph


def read(graph: Graph, slots: Sections, recipe: Recipe) -> dict[str, Any]:
    """The recipe's three lists as the graph has them now: changed where it was changed."""
    return {
        "lora_models": tuple(_loras_read(graph, slots, recipe)),
        "controlnet_models": tuple(_controls_read(graph, recipe)),
        "ipadapter_refs": tuple(_adapters_read(graph, recipe)),
    }


def picture_name(sha256: str, path: str) -> str:
    """Under which name an input picture lies in ComfyUI's input folder: its content decides.

    >>> picture_name("ab" * 32, "refs/Aiko front.PNG")
    'farm/abababababababab.png'
    """
    suffix = path.rpartition(".")[2].lower() if "." in path else "png"
    return f"farm/{sha256[:16]}.{suffix}"


def _refuse_homeless(slots: Sections, recipe: Recipe, name: str) -> None:
    without = ", or order without those of the characters: use_character_loras: false"
    for has, wanted, what, or_else in (
        (slots.loras, recipe.lora_models, "a LoRA", without),
        (slots.controls, recipe.controlnet_models, "a ControlNet", ""),
        (slots.ip_adapter, recipe.ipadapter_refs, "an IP-Adapter", ""),
    ):
        if wanted and not has:
            raise BadInput(
                f"The workflow '{name}' has no place for {what}.", hint=f"Choose another workflow{or_else}."
            )


def _for_slot(loras: Sequence[Lora], slots: Sequence[LoraSlot], slot: LoraSlot) -> list[tuple[int, Lora]]:
    words = [each.word.lower() for each in slots if each.word]

    def belongs(lora: Lora) -> bool:
        named = [word for word in words if word in lora.path.lower()]
        return not slot.word or not named or slot.word.lower() in named

    return [(number, lora) for number, lora in enumerate(loras) if belongs(lora)]


def _lora_id(slot: int, number: int) -> str:
    return f"lora-{slot + 1}-{number + 1}"


def _with_loras(graph: Graph, slot: LoraSlot, place: int, loras: Sequence[tuple[int, Lora]]) -> Graph:
    """A chain of loaders behind the model, the first one nearest to it."""
    model, clip = slot.model, slot.clip
    added: Graph = {}
    for number, lora in loras:
        inputs = {"model": model, "lora_name": lora.path, "strength_model": lora.weight}
        mine = _lora_id(place, number)
        if clip:
            added[mine] = node("LoraLoader", lora.name, clip=clip, strength_clip=lora.weight, **inputs)
        else:
            added[mine] = node("LoraLoaderModelOnly", lora.name, **inputs)
        model, clip = (mine, 0), ((mine, 1) if clip else None)
    changed = relinked(graph, slot.model, model)
    if slot.clip and clip:
        changed = relinked(changed, slot.clip, clip)
    return _joined(changed, added)


def _with_controls(graph: Graph, slot: ControlSlot, nets: Sequence[ControlNet]) -> Graph:
    positive, negative = slot.positive, slot.negative
    added: Graph = {}
    for number, net in enumerate(nets):
        base = f"control-{number + 1}"
        added[f"{base}-net"] = node("ControlNetLoader", net.name, control_net_name=net.model)
        added[f"{base}-picture"] = node("LoadImage", image=picture_name(net.image_sha256, net.image_path))
        vae: dict[str, Any] = {"vae": slot.vae} if slot.vae else {}
        added[base] = node(
            "ControlNetApplyAdvanced",
            net.name,
            positive=positive,
            negative=negative,
            control_net=(f"{base}-net", 0),
            image=(f"{base}-picture", 0),
            strength=net.weight,
            start_percent=0.0,
            end_percent=1.0,
            **vae,
        )
        positive, negative = (base, 0), (base, 1)
    changed = relinked(graph, slot.positive, positive)
    return _joined(relinked(changed, slot.negative, negative), added)


def _with_ip_adapters(graph: Graph, slot: Link, refs: Sequence[IpAdapter]) -> Graph:
    """One unified loader, then each reference picture in turn; these nodes come from a package of their own."""
    if not refs:
        return graph
    added: Graph = {
        "ipadapter-loader": node("IPAdapterUnifiedLoader", model=slot, preset="PLUS (high strength)")
    }
    model: Link = ("ipadapter-loader", 0)
    for number, ref in enumerate(refs):
        mine = f"ipadapter-{number + 1}"
        picture = picture_name(ref.sha256, ref.reference_image_path)
        added[f"{mine}-picture"] = node("LoadImage", image=picture)
        added[mine] = node(
            "IPAdapterAdvanced",
            model=model,
            ipadapter=("ipadapter-loader", 1),
            image=(f"{mine}-picture", 0),
            weight=ref.weight,
            weight_type="linear",
            combine_embeds="concat",
            start_at=0.0,
            end_at=1.0,
            embeds_scaling="V only",
        )
        model = (mine, 0)
    return _joined(relinked(graph, slot, model), added)


def _joined(graph: Graph, added: Graph) -> Graph:
    """Both together; raises `BadInput` where a studio's node has the name of one that is added."""
    for node_id in added.keys() & graph.keys():
        raise BadInput(
            f"The graph has a node {node_id} of its own, and the farm would put another of that name there.",
            hint="Give that node another name in the file.",
        )
    return graph | added


def _loras_read(graph: Graph, slots: Sections, recipe: Recipe) -> Iterator[Lora]:
    for number, lora in enumerate(recipe.lora_models):
        nodes = (graph.get(_lora_id(place, number)) for place in range(len(slots.loras)))
        loader = next((each for each in nodes if each), None)
        if loader:
            inputs = loader["inputs"]
            yield replace(lora, path=str(inputs["lora_name"]), weight=float(inputs["strength_model"]))


def _controls_read(graph: Graph, recipe: Recipe) -> Iterator[ControlNet]:
    for number, net in enumerate(recipe.controlnet_models):
        base = f"control-{number + 1}"
        if base in graph and f"{base}-net" in graph:
            model = str(graph[f"{base}-net"]["inputs"]["control_net_name"])
            yield replace(net, model=model, weight=float(graph[base]["inputs"]["strength"]))


def _adapters_read(graph: Graph, recipe: Recipe) -> Iterator[IpAdapter]:
    for number, ref in enumerate(recipe.ipadapter_refs):
        applied = graph.get(f"ipadapter-{number + 1}")
        if applied:
            yield replace(ref, weight=float(applied["inputs"]["weight"]))
