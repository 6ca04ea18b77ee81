"""Changes to a recorded recipe, field by field in dotted names; what cannot work is refused in one sentence."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from functools import reduce
from operator import getitem
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from farm.orders import limits
from farm.orders.form import Order
from farm.orders.prompt import phrase, reworded
from models import documents
from models.errors import BadInput, OrderRefused, UnknownName
from models.nearest import unknown_name
from models.plain import refuse_unkeepable
from models.recipe import Recipe
from models.vocabulary import JobType
from workers.renderers import registry
from workers.renderers.toon.attributes import normalise

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    #: where a value stands in a recipe's JSON
    Path = tuple[str | int, ...]

NO_INPUTS: Mapping[str, Any] = MappingProxyType({})
#: what a take is rather than how it is made
_KEPT = frozenset({"renderer", "job_type", "workflow", "workflow_source", "start_image"})
#: parts that say which picture or whose; pictures are known by their content
_KEPT_PARTS = frozenset({"name", "sha256", "image_sha256", "image_path", "reference_image_path"})
#: recipe field -> the order's, which knows its range
_RANGED = {
    "positive_prompt": "prompt",
    **{name: name for name in ("negative_prompt", "seed", "subseed", "fps", "steps", "cfg_scale")},
    **{name: name for name in ("motion_strength", "model_name", "vae_name", "sampler_name", "scheduler")},
}


def changed_recipe(
    recipe: Recipe, changes: Mapping[str, Any], own_inputs: Mapping[str, Any] = NO_INPUTS
) -> tuple[Recipe, dict[str, list[Any]]]:
    """The recipe with `changes`, and what is really different: field -> [before, after] in plain JSON types.

    `changes` are values by dotted name, texts read by the field's type: `seed`, `scene.mood`,
    `characters.aiko.hair_color`, `lora_models.aiko.weight`, `workflow_inputs.shift`. `own_inputs` are the
    workflow's own parameters with their values; the recipe only holds those that were set.

    Raises:
        UnknownName: no such field; the hint names the nearest.
        OrderRefused: a value the field cannot have, or a field that a reproduction keeps.
    """
    new = recipe
    for name, value in changes.items():
        new = _with(new, str(name), value, own_inputs)
    if "positive_prompt" not in changes:
        new = _said_anew(recipe, new)
    before, after = _values(recipe), _values(new)
    changed = {}
    for name in dict.fromkeys((*before, *after)):
        unset = own_inputs.get(name.removeprefix("workflow_inputs."))
        pair = [before.get(name, unset), after.get(name, unset)]
        if pair[0] != pair[1]:
            changed[name] = pair
    if changed:
        _refuse_impossible(new, changed)
    return new, changed


def _with(recipe: Recipe, name: str, value: Any, own_inputs: Mapping[str, Any]) -> Recipe:
    """The recipe with one field changed."""
    fields = copy.deepcopy(recipe.to_json())
    place = _place(fields, name, own_inputs)
    refused = OrderRefused(f"The {name} has no value.")
    for reading in reversed(_readings(value, place, own_inputs)):
        _put(fields, place, reading, recipe.renderer)
        try:
            new = Recipe.from_json(fields)
            _require_storable(new, value)
        except ValidationError as error:
            refused = _unusable(name, value, error)
        except BadInput:
            refused = OrderRefused(f"The {name} {value!r} cannot be used: it is no number and no text.")
        else:
            return new
    raise refused


def _said_anew(before: Recipe, after: Recipe) -> Recipe:
    """The recipe with the changed attributes of its people in the words of its prompt."""
    prompt = after.positive_prompt
    for old, new in zip(before.characters, after.characters, strict=True):
        for kind, word in new.attributes.items():
            was = old.attributes.get(kind, "")
            if prompt and was != word:
                alike = [each for each in before.characters if each.attributes.get(kind) == was]
                only = alike.index(old) if len(alike) > 1 else None
                again = reworded(prompt, kind, was, word, only) if was else prompt
                prompt = f"{prompt}, {phrase(kind, word)}" if again == prompt else again
    return replace(after, positive_prompt=prompt)


def _require_storable(recipe: Recipe, value: Any) -> None:
    """Raises `BadInput` when Postgres could not keep it: NaN, infinity, zero bytes, halves of a character."""
    refuse_unkeepable(value, "It")
    refuse_unkeepable(recipe.to_json(), "The recipe")


def _readings(value: Any, place: Path, own_inputs: Mapping[str, Any]) -> list[Any]:
    """What a text may mean, the likeliest last: a number it spells, the text itself, or nothing at all."""
    if not isinstance(value, str):
        # `True` is a number in Python, so `yes` would become the seed 1.
        return [str(value) if isinstance(value, bool) and place[0] != "workflow_inputs" else value]
    try:
        spelt = documents.read_text(value, "the value").content
    except BadInput:
        spelt = value
    plain = spelt if isinstance(spelt, (int, float, bool)) else value
    if place[0] == "workflow_inputs":
        # The recipe takes any type there; the workflow's own value says which it is.
        own = own_inputs.get(str(place[-1]))
        wants_float = isinstance(own, float) and type(plain) is int
        return [value if isinstance(own, str) else float(plain) if wants_float else plain]
    number = value if isinstance(plain, bool) else plain
    return [number, value, None] if value in ("null", "~") else [number, value]


def _place(recipe: Mapping[str, Any], name: str, own_inputs: Mapping[str, Any]) -> Path:
    """Where in a recipe's JSON the dotted `name` stands; raises `UnknownName`, `OrderRefused`."""
    places = dict(_places(recipe))
    if name in places:
        return places[name]
    parts = name.split(".")
    if parts[0] in _KEPT or parts[-1] in _KEPT_PARTS:
        what = parts[0] if parts[0] in _KEPT else parts[-1]
        raise OrderRefused(
            f"A reproduction keeps its {what.replace('_', ' ')}.", hint="Submit a new order instead."
        )
    match parts:
        case ["workflow_inputs", own] if own in own_inputs:
            return ("workflow_inputs", own)
        case ["style", "color_palette", colour] if colour:
            return ("style", "color_palette", colour)
        case ["characters", who, kind] if kind and f"characters.{who}.position" in places:
            return (*places[f"characters.{who}.position"][:2], "attributes", kind)
    inside = [each for each in places if each.startswith(f"{name}.")]
    if inside:
        raise OrderRefused(f"The field '{name}' has parts.", hint=f"Change one of them, as {inside[0]}=...")
    raise _unknown(name, [*places, *(f"workflow_inputs.{own}" for own in own_inputs)])


def _places(recipe: Mapping[str, Any]) -> Iterator[tuple[str, Path]]:
    """Every value of a recipe's JSON that may be changed: its dotted name, and where it stands."""
    for field, value in recipe.items():
        if field not in _KEPT:
            yield from _inside(value, field, (field,))


def _inside(value: Any, name: str, place: Path) -> Iterator[tuple[str, Path]]:
    if isinstance(value, dict):
        for key, each in value.items():
            if key not in _KEPT_PARTS:
                # People's attributes are said without the word.
                inner = name if place[0] == "characters" and key == "attributes" else f"{name}.{key}"
                yield from _inside(each, inner, (*place, key))
    elif isinstance(value, list):
        named = [str(each.get("name") or number) for number, each in enumerate(value)]
        for number, (word, each) in enumerate(zip(named, value, strict=True)):
            inner = word if named.count(word) == 1 else str(number)
            yield from _inside(each, f"{name}.{inner}", (*place, number))
    else:
        yield name, place


def _put(fields: dict[str, Any], place: Path, value: Any, renderer: str) -> None:
    inside: Any = fields
    for part in place[:-1]:
        inside = inside[part]
    if "attributes" not in place:
        inside[place[-1]] = value
    elif renderer == "toon":
        # In the renderer's own words; what a word implies comes with it, as in an order.
        inside.update(normalise({str(place[-1]): str(value)}))
    else:
        inside[place[-1]] = value


def _values(recipe: Recipe) -> dict[str, Any]:
    """Every value that may be changed, by its dotted name."""
    plain: Any = recipe.to_json()
    return {name: reduce(getitem, place, plain) for name, place in _places(plain)}


def _unknown(name: str, known: Collection[str]) -> UnknownName:
    fields = ", ".join(dict.fromkeys(each.partition(".")[0] for each in known))
    return unknown_name(
        name, known, sentence=f"A recipe has no field '{name}'.", otherwise=f"Known fields: {fields}."
    )


def _unusable(name: str, value: Any, error: ValidationError) -> OrderRefused:
    complaint = error.errors(include_url=False)[0]["msg"].replace("Input should", "it must", 1)
    reason = complaint.partition(", ")[0]
    return OrderRefused(f"The {name} {value!r} cannot be used: {reason}.")


def _refuse_impossible(recipe: Recipe, changed: Collection[str]) -> None:
    """Ranges as an order has them, and what the renderer can make; what was rendered before is possible.

    Raises `OrderRefused`.
    """
    ranged = {ordered: getattr(recipe, name) for name, ordered in _RANGED.items()}
    given = {name: value for name, value in ranged.items() if value not in (None, "")}
    weights = [{"name": "any", "weight": lora.weight} for lora in recipe.lora_models]
    nets = [{"name": "any", "model": "any", "weight": net.weight} for net in recipe.controlnet_models]
    refs = [
        {"reference_image_path": "any", "weight": ref.weight, "noise": ref.noise}
        for ref in recipe.ipadapter_refs
    ]
    given |= {"lora_models": weights, "controlnet_models": nets, "ipadapter_refs": refs}
    Order.model_validate({"project": "any", "job_type": recipe.job_type, **given})
    can = registry.capabilities(recipe.renderer)
    if not {"width", "height"}.isdisjoint(changed):
        limits.refuse_size(recipe.renderer, can, recipe.width, recipe.height)
    least = {JobType.ANIMATION_LOOP: limits.MIN_LOOP_FRAMES, JobType.FULL_VIDEO: limits.MIN_VIDEO_FRAMES}
    most = can.max_frames if recipe.job_type.is_motion else 1
    fits = least.get(recipe.job_type, 1) <= recipe.frame_count <= most
    if "frame_count" in changed and not fits:
        raise OrderRefused(
            f"A {recipe.job_type.value} has {least.get(recipe.job_type, 1)} to {most} frames, "
            f"not {recipe.frame_count}.",
            hint="Leave frame_count as it is.",
        )
