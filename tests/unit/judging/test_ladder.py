"""The ladder: what a retake changes, and where it ends."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from farm.judging.ladder import beyond_retakes, next_recipe
from models.metrics import Metric
from models.recipe import SEED_LIMIT, CharacterLook, IpAdapter, Lora, SceneLook
from models.vocabulary import Defect, JobType
from tests.support.factories import a_recipe
from workers.renderers.comfyui import builtin

if TYPE_CHECKING:
    from models.recipe import Recipe
    from workers.renderers.comfyui.workflow import Workflow

IDENTITY = [Metric.IDENTITY]


@pytest.mark.parametrize("take_number", [1, 2])
def test_the_first_two_retakes_change_nothing_but_the_seed(take_number: int) -> None:
    recipe = a_recipe()

    plan = next_recipe(recipe, take_number, IDENTITY, recipe.seed)

    assert plan is not None
    assert list(plan.changed) == ["seed"]
    assert replace(plan.recipe, seed=recipe.seed) == recipe


def test_every_retake_has_a_seed_of_its_own_and_the_same_one_each_time() -> None:
    recipe = a_recipe(seed=SEED_LIMIT - 1)

    plans = [next_recipe(recipe, number, IDENTITY, recipe.seed) for number in (1, 2, 3)]
    again = [next_recipe(recipe, number, IDENTITY, recipe.seed) for number in (1, 2, 3)]

    seeds = [plan.recipe.seed for plan in plans if plan]
    assert len({recipe.seed, *seeds}) == 4
    assert all(0 <= seed < SEED_LIMIT for seed in seeds)
    assert plans == again


def test_the_third_retake_holds_on_to_identity_where_identity_failed() -> None:
    recipe = a_recipe(
        lora_models=(Lora(name="mio", path="mio.safetensors", weight=0.8), Lora(name="strong", weight=1.3)),
        ipadapter_refs=(IpAdapter(reference_image_path="mio.png", weight=0.95),),
        characters=(CharacterLook(name="mio", attributes={"view": "side_left"}),),
        scene=SceneLook(camera_angle="wide"),
    )

    plan = next_recipe(recipe, 3, IDENTITY, recipe.seed)

    assert plan is not None
    assert [lora.weight for lora in plan.recipe.lora_models] == [0.95, 1.3]
    assert plan.recipe.ipadapter_refs[0].weight == 1.0
    assert plan.recipe.characters[0].attributes == {"view": "three_quarter_left"}
    assert plan.recipe.scene.camera_angle == "medium"
    assert plan.recipe.motion_strength == 1.0
    assert set(plan.changed) == {"seed", "lora_models", "ipadapter_refs", "characters", "scene"}


def test_the_third_retake_moves_less_where_motion_failed() -> None:
    plan = next_recipe(a_recipe(), 3, [Metric.JITTER], 7)

    assert plan is not None
    assert plan.recipe.motion_strength == pytest.approx(0.6)
    assert plan.changed["motion_strength"] == [1.0, 0.6]
    assert "less motion" in plan.reason


def test_a_still_has_no_motion_to_lessen() -> None:
    recipe = a_recipe(job_type=JobType.STILL_IMAGE, frame_count=1)

    plan = next_recipe(recipe, 3, [Metric.SUBJECT_CONSISTENCY], 7)

    assert plan is not None
    assert plan.recipe.motion_strength == 1.0


def test_after_the_ladder_comes_a_person() -> None:
    assert next_recipe(a_recipe(), 4, IDENTITY, 7) is None


def without_a_seed(*bound: str, **changed: Any) -> Recipe:
    binding = {"inputs": {"positive_prompt": ["6.text"], **{name: ["3.x"] for name in bound}}}
    return a_recipe(workflow="ours", workflow_source={"graph": {}, "binding": binding}, **changed)


def test_a_workflow_that_takes_no_seed_is_retaken_once_with_what_else_can_change() -> None:
    recipe = without_a_seed(lora_models=(Lora(name="mio", path="mio.safetensors", weight=0.8),))

    plan = next_recipe(recipe, 1, IDENTITY, recipe.seed)

    assert plan is not None
    assert plan.changed.keys() == {"lora_models"}
    assert plan.recipe.lora_models[0].weight == 0.95
    assert next_recipe(plan.recipe, 2, IDENTITY, recipe.seed) is None


def test_where_no_change_would_reach_the_picture_a_person_looks_at_once() -> None:
    motion = [Metric.JITTER]

    assert next_recipe(without_a_seed(scene=SceneLook(camera_angle="wide")), 1, IDENTITY, 7) is None
    assert next_recipe(without_a_seed(), 1, motion, 7) is None
    assert next_recipe(without_a_seed("motion_strength"), 1, motion, 7) is not None


def test_a_studios_workflow_that_takes_a_seed_is_retaken_as_the_farms_own() -> None:
    plans = [next_recipe(without_a_seed("seed"), number, IDENTITY, 7) for number in (1, 2, 3, 4)]

    assert [plan is not None and "seed" in plan.changed for plan in plans] == [True, True, True, False]


@pytest.mark.parametrize("workflow", builtin.all_workflows().values(), ids=lambda workflow: workflow.name)
def test_a_retake_at_comfyui_claims_only_what_its_graph_takes(workflow: Workflow) -> None:
    """Its pictures come from the prompt: neither a view nor a camera nor a strength of motion reaches them."""
    recipe = a_recipe(
        renderer="comfyui",
        job_type=workflow.job_types[0],
        workflow=workflow.name,
        characters=(CharacterLook(name="mio", attributes={"view": "back"}),),
        scene=SceneLook(camera_angle="wide"),
    )
    failed = [Metric.IDENTITY, Metric.JITTER]

    plan = next_recipe(recipe, 3, failed, 7)
    with_lora = next_recipe(replace(recipe, lora_models=(Lora(name="mio", path="mio.pt"),)), 3, failed, 7)

    assert "seed" in workflow.binding.inputs
    assert plan is not None
    assert (list(plan.changed), plan.reason) == (["seed"], "another seed, because of identity, jitter")
    assert with_lora is not None
    assert set(with_lora.changed) == {"seed", "lora_models"}
    assert with_lora.reason == "a stronger hold on identity, because of identity, jitter"


def test_nothing_that_was_not_made_firmer_is_told() -> None:
    plan = next_recipe(a_recipe(), 3, IDENTITY, 7)

    assert plan is not None
    assert plan.reason == "another seed, because of identity"


@pytest.mark.parametrize("take_number", [1, 2, 3])
def test_a_defect_drawn_on_purpose_is_never_repeated(take_number: int) -> None:
    plan = next_recipe(a_recipe(defect=Defect.FLICKER), take_number, [Metric.LUMA_FLICKER], 7)

    assert plan is not None
    assert plan.recipe.defect is None
    assert plan.changed["defect"] == ["flicker", None]


def test_a_retake_says_why() -> None:
    plan = next_recipe(a_recipe(), 1, [Metric.JITTER, Metric.IDENTITY], 7)

    assert plan is not None
    assert plan.reason == "another seed, because of identity, jitter"


@pytest.mark.parametrize("metric", [Metric.FRAME_COUNT, Metric.SIZE, Metric.FPS])
@pytest.mark.parametrize("renderer", ["toon", "comfyui"])
def test_what_no_changed_input_reaches_goes_to_a_person_at_once(metric: Metric, renderer: str) -> None:
    beyond = beyond_retakes(a_recipe(renderer=renderer), [Metric.JITTER, metric])

    assert list(beyond) == [metric]
    assert "same length, size and rate" in beyond[metric]


def test_a_drawn_place_is_not_drawn_again_for_another_seed() -> None:
    beyond = beyond_retakes(a_recipe(renderer="toon"), [Metric.SCENE_CONTINUITY])

    assert "whatever the seed" in beyond[Metric.SCENE_CONTINUITY]


def test_where_a_seed_makes_the_place_it_is_tried_once() -> None:
    recipe, discontinuous = a_recipe(renderer="comfyui"), [Metric.SCENE_CONTINUITY]

    assert beyond_retakes(recipe, discontinuous) == {}
    assert beyond_retakes(recipe, discontinuous, [Metric.IDENTITY]) == {}
    again = beyond_retakes(recipe, discontinuous, [Metric.IDENTITY, Metric.SCENE_CONTINUITY])
    assert "did not mend it" in again[Metric.SCENE_CONTINUITY]


@pytest.mark.parametrize("metric", [Metric.IDENTITY, Metric.JITTER, Metric.BLANK, Metric.DECODABLE])
def test_everything_else_may_come_right_with_another_take(metric: Metric) -> None:
    assert beyond_retakes(a_recipe(renderer="toon"), [metric], [metric]) == {}


@pytest.mark.parametrize("metric", [Metric.FRAME_COUNT, Metric.SCENE_CONTINUITY])
def test_a_defect_drawn_on_purpose_is_gone_in_the_retake(metric: Metric) -> None:
    recipe = a_recipe(renderer="toon", defect=Defect.WRONG_FRAME_COUNT)

    assert beyond_retakes(recipe, [metric]) == {}
