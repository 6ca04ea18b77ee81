"""What a project's orders start from: read from stored JSON once, and the same when it is written back."""

from __future__ import annotations

import json
from dataclasses import fields, replace

from farm.shows import form
from models.shows import Defaults, ProfileChoice
from models.vocabulary import JobType

STORED = {
    "renderer": "comfyui",
    "profile": "ours",
    "workflows": {"animation_loop": "wan"},
    "workflow_inputs": {"wan": {"shift": 8}},
    "sizes": {"full_video": [832, 480]},
    "max_retakes": 0,
    "profiles": {"ours": {"based_on": "spec"}, "calibrated": {"calibration": {"by": "Ada"}}},
    "profile_choice": {"by": "Ada", "instead_of": None},
    "of_tomorrow": [1],
}


def test_defaults_go_to_json_and_back_with_what_another_version_stored() -> None:
    defaults = Defaults.from_json(STORED)

    assert (defaults.workflows[JobType.ANIMATION_LOOP], defaults.sizes[JobType.FULL_VIDEO]) == (
        "wan",
        (832, 480),
    )
    assert (defaults.max_retakes, defaults.fps) == (0, None)
    assert defaults.profile_choice == ProfileChoice(by="Ada", instead_of=None)
    assert json.loads(json.dumps(defaults.to_json())) == STORED


def test_everything_that_a_shows_file_may_say_is_a_default() -> None:
    kept = {field.name for field in fields(Defaults)}

    assert set(form.Defaults.model_fields) <= kept


def test_a_file_that_is_loaded_again_keeps_what_was_calibrated_and_chosen_here() -> None:
    before = Defaults.from_json(STORED)
    of_file = Defaults(renderer="toon")

    kept = of_file.with_decisions(before)

    assert (kept.renderer, kept.profile, list(kept.profiles)) == ("toon", "ours", ["calibrated"])
    assert replace(of_file, profile="spec").with_decisions(before).profile == "spec"
