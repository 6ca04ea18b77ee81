"""The workflow that a recipe was made for: a studio's as the recipe carries it, or the farm's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.errors import BadInput
from workers.renderers.comfyui import binding_file, builtin

if TYPE_CHECKING:
    from models.recipe import Recipe
    from workers.renderers.comfyui.workflow import Workflow


def workflow_of(recipe: Recipe) -> Workflow:
    """The workflow a recipe names; raises `BadInput` where the farm has none of that name any more."""
    if recipe.workflow_source:
        source: dict[str, Any] = recipe.workflow_source
        return binding_file.parse(recipe.workflow, source["graph"], source["binding"])
    known = builtin.all_workflows()
    if recipe.workflow and recipe.workflow not in known:
        raise BadInput(
            f"The workflow '{recipe.workflow}' of this recipe is not there any more.",
            hint=f"Known: {', '.join(known)}.",
        )
    return known.get(recipe.workflow) or next(
        each for each in known.values() if recipe.job_type in each.job_types
    )
