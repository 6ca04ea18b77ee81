"""Every ComfyUI workflow that an order may name: the farm's own, and a studio's from its folder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from models.errors import BadInput, OrderRefused
from models.nearest import unknown_name
from models.recipe import Recipe
from workers.renderers.comfyui import binding_file, builtin
from workers.renderers.comfyui.graph import is_link

if TYPE_CHECKING:
    from pathlib import Path

    from models.vocabulary import JobType
    from workers.renderers.comfyui.workflow import Workflow


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One name an order may give, with the workflow or the reason why there is none."""

    name: str
    workflow: Workflow | None = None
    #: the studio's binding file; None: the farm's own workflow
    path: Path | None = None
    error: BadInput | None = None


class Library:
    """The workflows as their files are now; a file is read again when it changed."""

    def __init__(self, folder: Path) -> None:
        """`folder` holds the studio's; where there is none, only the farm's own are offered."""
        self._folder = folder
        self._offers: dict[str, Offer] | None = None

    def offers(self) -> dict[str, Offer]:
        """All by name; a studio's takes the place of the farm's own of that name, broken or not.

        Raises `BadInput` when the folder is there and cannot be read.
        """
        if self._offers is None:
            own = {
                name: Offer(name=name, workflow=workflow) for name, workflow in builtin.all_workflows().items()
            }
            self._offers = own | {path.stem: _studios(path) for path in _files(self._folder)}
        return self._offers

    def named(self, name: str) -> Workflow:
        """The workflow of that name.

        Raises:
            UnknownName: there is none; the hint names the nearest.
            OrderRefused: its files cannot be used; the sentence is their own.
        """
        offer = self.offers().get(name)
        if offer is None:
            raise unknown_name(name, self.offers(), "workflow")
        if offer.workflow is None:
            error = offer.error or BadInput()
            raise OrderRefused(error.message, hint=error.hint)
        return offer.workflow

    def for_kind(self, kind: JobType) -> Workflow:
        """The farm's own for a kind of job, or the studio's that took its place; raises as `named`."""
        return self.named(next(name for name, own in builtin.all_workflows().items() if kind in own.job_types))


def parameters(workflow: Workflow) -> dict[str, Any]:
    """The workflow's own parameters with their values where an order sets none."""
    names = (name for name in workflow.binding.inputs if name not in Recipe.__dataclass_fields__)
    return {name: own_value(workflow, name) for name in names}


def own_value(workflow: Workflow, name: str) -> Any:
    """What a workflow has for a recipe field or a parameter by itself; None where it has nothing."""
    if name in workflow.binding.defaults:
        return workflow.binding.defaults[name]
    for place in workflow.binding.inputs.get(name, ()):
        value = workflow.graph[place.node]["inputs"].get(place.input)
        return None if is_link(value) or value == "" else place.read(value)
    return None


def workflow_inputs(workflow: Workflow, given: dict[str, Any]) -> dict[str, Any]:
    """An order's parameters as this workflow takes them.

    Raises:
        OrderRefused: one is unknown, is a field of the order itself, or is of another type.
    """
    known = parameters(workflow)
    return {name: _typed(workflow, name, value, known) for name, value in given.items()}


def settled_inputs(workflow: Workflow, given: dict[str, Any]) -> dict[str, Any]:
    """Every parameter of this workflow with the value it will have: an order's, or the workflow's own.

    A recipe carries them, so that it keeps its meaning when the workflow's own values change.

    Raises:
        OrderRefused: as `workflow_inputs`.
    """
    own = {name: _settled(workflow, name) for name in parameters(workflow)}
    settled = {name: value for name, value in own.items() if type(value) in _KINDS}
    return {**settled, **workflow_inputs(workflow, given)}


def _settled(workflow: Workflow, name: str) -> Any:
    """The own value that stands in every place of the parameter; None where the places differ."""
    if name in workflow.binding.defaults:
        return workflow.binding.defaults[name]
    places = workflow.binding.inputs[name]
    standing = {repr(place.read(workflow.graph[place.node]["inputs"][place.input])) for place in places}
    # One value for several places would be written to all of them.
    return own_value(workflow, name) if len(standing) == 1 else None


def _typed(workflow: Workflow, name: str, value: Any, known: dict[str, Any]) -> Any:
    if name not in known:
        if name in workflow.binding.inputs:
            raise OrderRefused(
                f"'{name}' is a field of the order itself, not a parameter of the workflow '{workflow.name}'.",
                hint=f"Move {name} out of workflow_inputs.",
            )
        raise unknown_name(name, known, sentence=f"The workflow '{workflow.name}' has no parameter '{name}'.")
    own = known[name]
    if isinstance(own, float) and type(value) is int:
        return float(value)
    if own is not None and type(value) is not type(own):
        raise OrderRefused(
            f"The parameter {name} of the workflow '{workflow.name}' is {_KINDS[type(own)]}, not {value!r}.",
            hint=f"Its own value is {own!r}.",
        )
    return value


_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def _files(folder: Path) -> list[Path]:
    """Where each of the studio's bindings lies, or should: a graph without one was meant for something too."""
    try:
        names = {path.stem for path in folder.iterdir() if path.suffix in (".yaml", ".json", ".yml")}
    except FileNotFoundError:
        return []
    except OSError as error:
        raise BadInput(
            f"The folder of workflows {folder} cannot be read: {error.strerror or error}.",
            hint="Correct its rights, or set FARM_WORKFLOWS_DIR to another folder.",
        ) from error
    return [folder / f"{name}.yaml" for name in sorted(names)]


def _studios(path: Path) -> Offer:
    """What the two files of a studio's workflow give."""
    stamps = tuple(_stamp(each) for each in (path, path.with_suffix(".json")))
    loaded = _loaded(path, stamps)
    if isinstance(loaded, BadInput):
        return Offer(name=path.stem, path=path, error=loaded)
    return Offer(name=path.stem, path=path, workflow=loaded)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=256)
def _loaded(path: Path, stamps: tuple[tuple[int, int] | None, ...]) -> Workflow | BadInput:
    """Read once per change of either file."""
    if stamps[0] is None:
        return BadInput(
            f"There is no {path.name} in {path.parent} to say where a recipe goes in this graph.",
            hint="Write one as examples/workflows shows, or move the other file elsewhere.",
        )
    try:
        return binding_file.load_one(path)
    except BadInput as error:
        return error
