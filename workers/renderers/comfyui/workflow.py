"""A workflow: a graph and a binding that says where each part of a recipe goes in it. Pure, both ways.

The farm's own workflows and a studio's are the same thing. Binding a recipe gives a graph that ComfyUI can
run; reading that graph gives the recipe back whole: what stands in bound inputs is read from there, so that an
edited graph is read as edited, and the rest travels in the output node's `_meta`, which ComfyUI leaves alone.
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from models.errors import BadInput
from models.recipe import InputPicture, Recipe
from workers.renderers.comfyui import sections
from workers.renderers.comfyui.graph import Graph, checked, refuse_escapes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.vocabulary import JobType

#: the key under the output node's `_meta` that carries what no input holds
_META = "farm"


@dataclass(frozen=True, slots=True)
class Place:
    """One input of one node, and how a value is written there."""

    node: str
    input: str
    #: a number is divided by this: a sheet of four columns asks each view for a quarter of its width
    divide: int = 1
    #: a text is followed by this: what the graph itself says there
    suffix: str = ""

    @classmethod
    def parse(cls, text: str) -> Place:
        """`6.text` is the input `text` of node `6`; `6.width/4` gets a quarter. Input names hold no dots.

        >>> Place.parse("latent.width/4")
        Place(node='latent', input='width', divide=4, suffix='')
        """
        node, _, name = str(text).rpartition(".")
        name, _, divide = name.partition("/")
        if not node or not name or not re.fullmatch(r"[1-9][0-9]{0,3}|", divide, re.ASCII):
            raise BadInput(f"'{text}' names no input.", hint="Write NODE.INPUT, as in 6.text.")
        return cls(node, name, int(divide or 1))

    def written(self, value: Any) -> Any:
        """`value` as it stands in the graph."""
        if self.suffix:
            return f"{value}{self.suffix}"
        return value // self.divide if self.divide > 1 else value

    def read(self, value: Any) -> Any:
        """What stands in the graph as the recipe has it."""
        if self.suffix:
            return str(value).removesuffix(self.suffix)
        return value * self.divide if self.divide > 1 else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Frames:
    """How many frames a workflow is asked for, so that the ordered number remains."""

    #: the node wants `multiple * n + 1` frames
    multiple: int = 1
    #: the last frame repeats the first and is dropped, as a loop that closes on itself asks for
    drop_last: bool = False

    def asked(self, ordered: int) -> int:
        """Frames to ask for: the smallest number that fits and leaves `ordered`.

        >>> Frames(multiple=4, drop_last=True).asked(16), Frames(multiple=4).asked(120)
        (17, 121)
        """
        least = ordered + 1 if self.drop_last else ordered
        return least + (1 - least) % self.multiple


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """Where a recipe goes in a graph."""

    #: recipe field, or a parameter of this workflow's own -> the inputs it is written to
    inputs: Mapping[str, tuple[Place, ...]]
    #: the node whose files are the take
    output: str
    frames: Frames = field(default_factory=Frames)
    #: inputs that want the number of frames asked for
    frame_inputs: tuple[Place, ...] = ()
    #: where LoRAs, ControlNets and IP-Adapters are spliced in
    sections: sections.Sections = field(default_factory=sections.Sections)
    #: own parameters with their values where the recipe sets none
    defaults: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """A graph that is run for some kinds of job."""

    name: str
    job_types: tuple[JobType, ...]
    graph: Graph
    binding: Binding
    #: node types that do not come with ComfyUI, and the package that brings each
    requires: Mapping[str, str] = field(default_factory=dict)
    #: memory of the card this needs, MiB
    vram_mib: int = 0
    side_multiple_px: int = 8
    #: a studio's own graph and binding as they were given, for the recipe to carry; None: the farm's own
    source: Mapping[str, Any] | None = None

    @property
    def counted(self) -> tuple[Place, ...]:
        """The inputs that hold the number of frames."""
        return (*self.binding.frame_inputs, *self.binding.inputs.get("frame_count", ()))

    def bind(self, recipe: Recipe, prefix: str) -> Graph:
        """The graph of a recipe, its files under the folder `prefix` of ComfyUI's output.

        Raises:
            BadInput: the recipe asks for something this workflow has no place for.
        """
        graph = copy.deepcopy(self.graph)
        for name, places in self.binding.inputs.items():
            value = self._value(recipe, name)
            if value is None:
                continue
            if isinstance(value, Fraction):
                raise BadInput(
                    f"The workflow '{self.name}' takes whole rates, not {value} frames a second.",
                    hint=f"Order fps {round(value)}, or leave its input for fps out of the binding.",
                )
            for place in places:
                if place.divide > 1 and value % place.divide:
                    raise BadInput(
                        f"A {name} of {value} cannot be divided by {place.divide} "
                        f"for {place.node}.{place.input}.",
                        hint=f"Order a multiple of {place.divide}.",
                    )
                graph[place.node]["inputs"][place.input] = place.written(value)
        for place in self.binding.frame_inputs:
            graph[place.node]["inputs"][place.input] = self.binding.frames.asked(recipe.frame_count)
        # A parameter of an order may have been written to an input that names a file.
        refuse_escapes(graph, f"the workflow '{self.name}'")
        graph = sections.splice(graph, self.binding.sections, recipe, self.name)
        output = graph[self.binding.output]
        output["inputs"]["filename_prefix"] = f"{prefix.strip('/')}/take"
        output.setdefault("_meta", {})[_META] = {"workflow": self.name, "recipe": recipe.to_json()}
        return graph

    def read(self, graph: Mapping[str, Any]) -> Recipe:
        """The recipe of a graph that `bind` made, also when somebody changed its inputs since.

        Raises:
            BadInput: it is no graph of this workflow.
        """
        given = checked(graph, "This graph")
        note = (given.get(self.binding.output, {}).get("_meta") or {}).get(_META)
        if not note or note.get("workflow") != self.name:
            raise BadInput(f"This graph was not made by the workflow '{self.name}'.")
        recipe = Recipe.from_json(note["recipe"])
        seen: dict[str, Any] = {}
        own = dict(recipe.workflow_inputs)
        for name, places in self.binding.inputs.items():
            value = places[0].read(given[places[0].node]["inputs"].get(places[0].input))
            if name in Recipe.__dataclass_fields__:
                if value != self._value(recipe, name):
                    seen[name] = InputPicture(path=str(value)) if name == "start_image" else value
            elif name in own or value != self.binding.defaults.get(name):
                own[name] = value
        return replace(
            recipe, **seen, workflow_inputs=own, **sections.read(given, self.binding.sections, recipe)
        )

    def _value(self, recipe: Recipe, name: str) -> Any:
        if name in Recipe.__dataclass_fields__:
            value = getattr(recipe, name)
            if isinstance(value, InputPicture):
                return sections.picture_name(value.sha256, value.path)
            return self.binding.defaults.get(name) if value in (None, "") else value
        return recipe.workflow_inputs.get(name, self.binding.defaults.get(name))
