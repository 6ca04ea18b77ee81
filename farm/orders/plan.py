"""An order with everything it names already found, and the part of its recipe that no renderer decides."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from db import catalogue
from farm.orders import prompt, recipes
from models.rates import rate_of
from models.recipe import SEED_LIMIT, Recipe

if TYPE_CHECKING:
    from farm.orders.form import Order
    from farm.orders.recipes import Casting
    from models.rows.shows import Cut, Project
    from models.shows import Defaults

SCENE_WORDS = ("location", "time_of_day", "mood", "camera_angle", "camera_move", "action", "dialogue")


@dataclass(frozen=True, kw_only=True)
class Ordered:
    """What a renderer's own rules are applied to."""

    order: Order
    project: Project
    cut: Cut | None
    renderer: str
    castings: tuple[Casting, ...]

    @cached_property
    def defaults(self) -> Defaults:
        """What the project's orders start from."""
        return self.project.defaults

    @cached_property
    def cut_path(self) -> str:
        """`ep001/sc010/c0010`; empty without a cut."""
        return catalogue.path_of(self.cut) if self.cut else ""

    def says(self, name: str) -> bool:
        """Whether the order itself sets this field to something else than its form does."""
        return bool(getattr(self.order, name) != _unsaid(type(self.order), name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will be rendered, where it waits, and what its worker must have."""

    recipe: Recipe
    pool: str
    needs: tuple[str, ...] = ()
    #: what was asked for and will not be seen
    not_drawn: tuple[str, ...] = ()
    #: it shows nothing that was asked for, so that no gate may count it
    is_scratch: bool = False


def recipe_of(ordered: Ordered, *, width: int, height: int, frame_count: int, **more: Any) -> Recipe:
    """The recipe as order, cut, characters and story bible say it; `more` are the renderer's own fields."""
    order, cut, bible = ordered.order, ordered.cut, ordered.project.story_bible
    overrides = cut.scene.style_overrides if cut else {}
    words = {word: getattr(order, word) for word in SCENE_WORDS}
    scene = recipes.scene_of(ordered.project.slug, cut, ordered.cut_path, words)
    style = recipes.style_of(bible, overrides)
    fields = {
        "renderer": ordered.renderer,
        "job_type": order.job_type,
        "seed": _seed(ordered),
        "subseed": order.subseed,
        "width": width,
        "height": height,
        "frame_count": frame_count,
        "fps": order.fps or rate_of(ordered.defaults.fps or 24),
        "positive_prompt": prompt.positive_prompt(
            ordered.castings,
            scene,
            style,
            prompt=order.prompt,
            description=(cut.description or "") if cut else "",
            world=recipes.world_of(bible, overrides),
        ),
        "negative_prompt": prompt.negative_prompt(
            ordered.castings, [order.negative_prompt, ordered.defaults.negative_prompt or ""]
        ),
        "characters": tuple(recipes.look_of(casting, ordered.renderer) for casting in ordered.castings),
        "scene": scene,
        "style": style,
        "motion_strength": order.motion_strength,
        "defect": order.defect,
    }
    return Recipe(**{**fields, **more})


@cache
def _unsaid(form: type[Order], name: str) -> Any:
    return form.model_fields[name].get_default(call_default_factory=True)


def _seed(ordered: Ordered) -> int:
    """The order's; else the one the story bible gives this cut in this phase; else a random one."""
    order, bible = ordered.order, ordered.project.story_bible
    if order.seed is not None:
        return order.seed
    if bible is not None and bible.global_seed is not None and ordered.cut_path:
        return recipes.derived_seed(bible.global_seed, ordered.cut_path, order.job_type.phase.value)
    return secrets.randbelow(SEED_LIMIT)
