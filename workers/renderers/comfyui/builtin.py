"""The farm's own workflows, one for each kind of job, from nodes that come with every ComfyUI.

They lie in `workflows` as a studio's do in its folder: each a graph and its binding. Every take is saved as
PNG frames: a video file would be lossy, and masters are lossless. Samplers follow the models' own defaults
where the recipe says nothing.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from workers.renderers.comfyui import binding_file

if TYPE_CHECKING:
    from workers.renderers.comfyui.workflow import Workflow

#: in the order in which they are offered
_NAMES = ("still", "loop", "video", "character_sheet")
_FOLDER = Path(__file__).with_name("workflows")


@cache
def all_workflows() -> dict[str, Workflow]:
    """The farm's own workflows by name; a recipe names them, so it carries no copy of them."""
    return {name: replace(binding_file.load_one(_FOLDER / f"{name}.yaml"), source=None) for name in _NAMES}
