"""A project's own profile: what it may change of a built-in one, and how it is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from farm.judging import profiles
from farm.judging.verdicts import marks_in_force
from farm.shows import loading
from models.errors import BadInput, NotMeasured
from models.metrics import Metric, Profile
from models.shows import Defaults
from models.takes import TakeToScore
from models.vocabulary import JobType, Phase
from tasks.measuring.expecting import expectations_of
from tests.support.factories import a_recipe
from workers.scoring.network_table import NETWORKS, asked_by, installed, serving
from workers.scoring.networks.shelf import BUILDERS, Shelf
from workers.scoring.profiles import BUILT_IN, EMBEDDED, SPEC

CCIP = "ccip-caformer-24-randaug-pruned"
DRAWN = {
    "based_on": "spec",
    "marks": {
        "still": {
            "identity": {"limit": 0.8215, "network": CCIP},
            "aesthetic": 5.1,
            "face_similarity": None,
        }
    },
    "leaves_out": {"face_similarity": "ArcFace does not know drawn faces"},
}


def marks(profile: Profile, phase: Phase) -> dict[Metric, tuple[float, str]]:
    return {mark.metric: (mark.limit, mark.network) for mark in profile.marks[phase]}


def test_a_profile_may_move_a_limit_change_a_network_add_a_metric_and_leave_one_out() -> None:
    drawn = profiles.named({"drawn": DRAWN}, "drawn")

    still = marks(drawn, Phase.STILL)
    assert still[Metric.IDENTITY] == (0.8215, CCIP)
    assert still[Metric.AESTHETIC] == (5.1, "clip-l14-laion")
    assert Metric.FACE_SIMILARITY not in still
    assert drawn.leaves_out == {Metric.FACE_SIMILARITY: "ArcFace does not know drawn faces"}
    assert marks(drawn, Phase.VIDEO) == marks(SPEC, Phase.VIDEO)


def test_what_is_left_out_without_a_reason_says_from_which_phases_and_by_whom() -> None:
    own = {"calm": {"marks": {"loop": {"jitter": None}, "video": {"jitter": None}}}}

    calm = profiles.named(own, "calm")

    assert calm.leaves_out[Metric.JITTER] == "left out of loop, video by the project's own profile calm"


def test_a_remark_about_a_network_goes_with_the_network() -> None:
    own = {"seen": {"marks": {"video": {"subject_consistency": {"limit": 0.9, "network": "dino-vitb16"}}}}}

    assert Metric.SUBJECT_CONSISTENCY in EMBEDDED.leaves_out
    assert Metric.SUBJECT_CONSISTENCY not in profiles.named(own, "seen").leaves_out


@pytest.mark.parametrize(
    ("still", "sentence"),
    [
        ({"identiy": 0.5}, "There is no metric 'identiy'. Did you mean 'identity'?"),
        ({"identity": {"limit": 0.5, "network": "toon-di"}}, "no network 'toon-di'. Did you mean 'toon-id'?"),
        (
            {"identity": {"limit": 0.5, "network": "dis-flow"}},
            "dis-flow cannot measure identity. It is measured",
        ),
        ({"identity": {"network": CCIP}}, "needs a limit: a limit belongs to a network"),
        (
            {"identity": 1.5},
            "A limit of 1.5 for identity means nothing: its values are -1 to 1. The nearest is 1.",
        ),
        ({"identity": True}, "The limit True of identity is no number"),
        ({"identity": {"limt": 0.5}}, "Did you mean 'limit'?"),
        ({"aesthetic": 5.1}, "Write aesthetic: {limit: 5.1, network: clip-l14-laion}."),
        ({"temporal_lpips": 0.2}, "cannot be judged of a still"),
        ({"frame_count": None}, "cannot be left out"),
        ({"frame_count": 0.5}, "cannot be changed"),
        ([], "Write {based_on"),
    ],
)
def test_a_profile_nobody_could_judge_by_is_refused_with_the_nearest_fix(still: Any, sentence: str) -> None:
    with pytest.raises(BadInput) as refused:
        profiles.named({"odd": {"marks": {"still": still or "nothing"}}}, "odd")

    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"based_on": "spek"}, "Did you mean 'spec'?"),
        ({"marks": {"stil": {}}}, "Did you mean 'still'?"),
        ({"mark": {}}, "Did you mean 'marks'?"),
        ("strict", "a mapping is expected"),
        ({"calibration": 3}, "a mapping is expected"),
    ],
)
def test_a_profile_with_an_unknown_word_is_refused(data: Any, sentence: str) -> None:
    with pytest.raises(BadInput) as refused:
        profiles.named({"odd": data}, "odd")

    assert sentence in str(refused.value)


def test_loading_a_show_names_the_line_of_what_is_wrong_in_a_profile(tmp_path: Path) -> None:
    path = tmp_path / "show.yaml"
    path.write_text(
        "project:\n  slug: moon\n  name: Moon\n  defaults:\n    profiles:\n      strict:\n        marks:\n"
        "          still:\n            identity: 7\n"
    )

    with pytest.raises(
        BadInput, match=r"line 9: The profile 'strict' cannot be used: A limit of 7 .* nearest is 1"
    ):
        loading.load(path)


def test_a_profile_written_as_a_difference_reads_back_the_same() -> None:
    drawn = profiles.named({"drawn": DRAWN}, "drawn")

    again = profiles.named({"drawn": profiles.to_data(drawn, "spec")}, "drawn")

    assert again == drawn


@pytest.mark.parametrize("profile", BUILT_IN.values(), ids=list(BUILT_IN))
def test_every_mark_of_a_built_in_profile_can_be_reached_and_names_a_network_that_serves_it(
    profile: Profile,
) -> None:
    for phase in Phase:
        for mark in profile.marks[phase]:
            assert mark.network in serving(mark.metric), mark
            assert profiles.range_refusal(mark.metric, mark.limit) is None, mark
            assert phase is not Phase.STILL or not mark.metric.needs_motion, mark


@pytest.mark.parametrize("name", sorted(set(BUILDERS) & set(NETWORKS)))
def test_a_network_needs_exactly_the_files_its_card_names(name: str, tmp_path: Path) -> None:
    shelf, files = Shelf(tmp_path), NETWORKS[name].files

    if files:
        with pytest.raises(NotMeasured) as missing:
            shelf.network(name)
        assert any(file in str(missing.value) for file in files)
    else:
        assert shelf.network(name).name == name


def test_a_machine_has_the_networks_whose_every_file_is_there(tmp_path: Path) -> None:
    (tmp_path / "ViT-L-14.pt").touch()
    (tmp_path / "lite0.pth").touch()
    files = {"clip-vit-l14": "ViT-L-14.pt", "laion-aesthetic": "head.pth", "efficientnet-lite0": "lite0.pth"}

    here = installed(tmp_path, files)

    assert here == ("dis-flow", "efficientnet-lite0", "toon-id", "toon-scene", "toon-style")


def test_what_judges_motion_lacks_the_finder_of_cuts_as_well() -> None:
    still, loop = (asked_by(EMBEDDED.marks[phase]) for phase in (Phase.STILL, Phase.LOOP))

    assert still - {"toon-id", "toon-style"} == set()
    assert loop - {"toon-id", "lpips-alex", "dis-flow"} == {"transnetv2"}


def test_the_orders_profile_judges_else_the_projects_else_the_farms() -> None:
    project = Defaults(profile="spec")

    assert profiles.chosen(project, "embedded", "ours") == "ours"
    assert profiles.chosen(project, "embedded") == "spec"
    assert profiles.chosen(Defaults(), "embedded") == "embedded"


@pytest.mark.parametrize(("blank", "limit"), [(0.005, 0.005), (None, 0.0)])
def test_what_counts_as_blank_is_the_profiles_word_and_an_orders_own(blank: float | None, limit: float) -> None:
    own = profiles.named({"dark": {"marks": {"video": {"blank": blank}}}}, "dark")
    take = TakeToScore(
        job_id=uuid4(),
        recipe=a_recipe(job_type=JobType.FULL_VIDEO),
        master_path="a/master.mkv",
        references=(),
        styles={},
    )

    def below(**overrides: float) -> float | None:
        marks = marks_in_force(own, Phase.VIDEO, overrides)
        return expectations_of(take, marks).blank_below

    assert below() == limit
    assert blank is None or below(blank=0.001) == 0.001
