"""The order's form: what is refused before anybody asks the database, and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from farm.orders.form import Order
from farm.orders.submission import parse
from farm.paths import confined
from models.errors import Forbidden, OrderRefused, Refused, UnknownName
from models.recipe import SEED_LIMIT
from models.vocabulary import Defect, JobType


def test_an_order_needs_nothing_but_a_project() -> None:
    order = parse({"project": "paper-moon"})

    assert order.job_type is JobType.STILL_IMAGE
    assert order.model_dump(exclude_defaults=True) == {"project": "paper-moon"}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"prject": "moon"}, "no field 'prject'. Did you mean 'project'?"),
        ({"heigth": 3}, "no field 'heigth'. Did you mean 'height'?"),
        ({"job_type": "full_vid"}, "no 'full_vid'. Did you mean 'full_video'?"),
        ({"defect": "flickr"}, "Did you mean 'flicker'?"),
        ({"frame_count": -3}, "frame_count -3"),
        ({"frame_count": 0}, "greater than 0"),
        ({"width": 0}, "width 0"),
        ({"priority": 0}, "priority 0"),
        ({"priority": 11}, "less than or equal to 10"),
        ({"seed": -1}, "seed -1"),
        ({"seed": SEED_LIMIT}, "seed"),
        ({"seed": 1.5}, "seed 1.5"),
        ({"cfg_scale": float("nan")}, "cfg_scale nan"),
        ({"motion_strength": 1.2}, "motion_strength 1.2"),
        ({"max_retakes": -1}, "max_retakes -1"),
        ({"quality_thresholds": {"identiy": 0.5}}, "Did you mean 'identity'?"),
        ({"quality_thresholds": {"identity": float("inf")}}, "finite"),
        ({"prompt": "a\0b"}, "zero byte"),
        ({"prompt": "x" * 20_001}, "20000 characters"),
        ({"lora_models": [{"name": "mio", "strength": 1}]}, "no field 'lora_models.0.strength'"),
        ({"project": ""}, "at least 1 character"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_sentence_that_names_it(
    fields: dict[str, Any], said: str
) -> None:
    with pytest.raises(OrderRefused) as refusal:
        parse({"project": "paper-moon", **fields})

    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_an_order_made_directly_is_refused_the_same_way() -> None:
    with pytest.raises(OrderRefused, match="names no project"):
        Order()  # type: ignore[call-arg]


def test_zero_and_the_largest_seed_are_seeds() -> None:
    assert Order(project="p", seed=0).seed == 0
    assert Order(project="p", seed=SEED_LIMIT - 1).seed == SEED_LIMIT - 1


def test_a_fire_drill_is_ordered_by_name() -> None:
    assert parse({"project": "p", "defect": "identity_drift"}).defect is Defect.IDENTITY_DRIFT


def test_a_path_is_found_inside_an_allowed_folder(tmp_path: Any) -> None:
    (tmp_path / "loras").mkdir()
    wanted = tmp_path / "loras" / "mio.safetensors"
    wanted.write_bytes(b"x")

    assert confined("loras/mio.safetensors", [tmp_path], "LoRA") == wanted
    assert confined(str(wanted), [tmp_path], "LoRA") == wanted


@pytest.mark.parametrize("path", ["/etc/passwd", "../outside.png", "loras/../../outside.png", "", "a\0b"])
def test_a_path_outside_the_allowed_folders_is_refused(tmp_path: Any, path: str) -> None:
    (tmp_path / "outside.png").write_bytes(b"x")
    allowed = tmp_path / "allowed"
    allowed.mkdir()

    with pytest.raises(Refused) as refusal:
        confined(path, [allowed], "reference picture")

    assert not isinstance(refusal.value, UnknownName)


def test_a_link_that_leads_outside_is_refused(tmp_path: Any) -> None:
    allowed, secret = tmp_path / "allowed", tmp_path / "secret.png"
    allowed.mkdir()
    secret.write_bytes(b"x")
    (allowed / "link.png").symlink_to(secret)

    with pytest.raises(Forbidden, match="outside the allowed folders"):
        confined("link.png", [allowed], "reference picture")


def test_a_file_that_is_not_there_is_named(tmp_path: Any) -> None:
    with pytest.raises(UnknownName, match=r"no LoRA 'mio\.safetensors'"):
        confined("mio.safetensors", [tmp_path], "LoRA")


def test_what_is_no_mapping_is_refused_as_an_order() -> None:
    with pytest.raises(OrderRefused, match="mapping of fields"):
        parse(5)  # type: ignore[arg-type]  # the wrong type is the test


def test_a_lora_is_ordered_by_its_plain_name() -> None:
    order = parse({"project": "p", "lora_models": ["aiko", {"name": "ink", "weight": 0.5}]})

    assert [(lora.name, lora.weight) for lora in order.lora_models] == [("aiko", 0.8), ("ink", 0.5)]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"lora_models": [5]}, "LoRA 5 cannot be used: it must be a mapping such as {name: ..., weight: 0.8}."),
        (
            {"lora_models": [[]]},
            "LoRA [] cannot be used: it must be a mapping such as {name: ..., weight: 0.8}.",
        ),
        (
            {"controlnet_models": ["pose"]},
            "ControlNet 'pose' cannot be used: it must be a mapping such as {name: ",
        ),
        (
            {"ipadapter_refs": ["a.png"]},
            "reference picture 'a.png' cannot be used: it must be a mapping such as {",
        ),
        ({"lora_models": "aiko"}, "lora_models 'aiko' cannot be used: it must be a list."),
        ({"attributes": "x"}, "attributes 'x' cannot be used: it must be a mapping."),
    ],
)
def test_what_should_be_a_mapping_is_shown_one_and_no_name_of_a_class(
    fields: dict[str, Any], said: str
) -> None:
    with pytest.raises(OrderRefused) as refusal:
        parse({"project": "paper-moon", **fields})

    assert said in str(refusal.value)
    assert "instance of" not in str(refusal.value)
