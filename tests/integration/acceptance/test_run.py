"""The acceptance with the embedded networks on this machine: it ends, measures, and says what it could not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from farm.settings import Settings
from models.vocabulary import Exit
from tasks.commands.accept_page import write
from workers.acceptance import checks
from workers.acceptance.findings import Outcome
from workers.acceptance.run import Wish, run
from workers.scoring import weights

if TYPE_CHECKING:
    from pathlib import Path

    from workers.acceptance.run import Acceptance


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the embedded networks and nothing else."""
    pulled = Settings().networks_dir
    if any(not (pulled / weights.entry(name).file).is_file() for name in weights.embedded()):
        pytest.skip("the embedded networks have not been pulled; run make networks")
    folder = tmp_path_factory.mktemp("networks")
    weights.pull(weights.embedded(), folder, way=weights.Way(from_folder=pulled))
    return folder


@pytest.fixture(scope="module")
def found(networks: Path) -> Acceptance:
    chosen = ("cosines (efficientnet-lite0)", "faces in t1.jpg")
    with pytest.MonkeyPatch.context() as patch:
        few = {name: checks._CHECKS[name] for name in chosen}
        patch.setattr(checks, "_CHECKS", few)
        return run(
            Wish(
                networks_dir=networks,
                offline=True,
                threads=1,
                only=("dis-flow", "efficientnet-lite0", "dino-vitb16"),
                video_frames=20,
            )
        )


def test_nothing_disagrees_and_what_is_missing_keeps_it_from_being_accepted(found):
    wrong = [f"{each.name}: {each.shown}" for each in found.findings if each.outcome is Outcome.DISAGREED]

    assert wrong == []
    assert found.exit is Exit.NOT_JUDGED


def test_every_network_asked_for_was_run_or_is_named_as_missing(found):
    by_name = {each.name: each for each in found.findings if each.section == "Networks"}
    probes = {each.network: each for each in found.probes}

    assert set(probes) == {"dis-flow", "efficientnet-lite0"}
    assert all(each.per_second > 0 and each.load_seconds >= 0 for each in probes.values())
    assert all(0 < each.added_mib < each.rss_mib for each in probes.values())
    assert by_name["dino-vitb16"].outcome is Outcome.NOT_MEASURED
    assert by_name["dino-vitb16"].todo == "farm networks pull --profile spec"


def test_known_values_are_met_and_a_check_without_its_network_says_so(found):
    by_name = {each.name: each for each in found.findings if each.section == "Reference values"}

    assert by_name["highest cosine between two films (efficientnet-lite0)"].outcome is Outcome.AGREED
    assert by_name["lowest cosine inside one shot (efficientnet-lite0)"].outcome is Outcome.AGREED
    assert by_name["faces in t1.jpg"].outcome is Outcome.NOT_MEASURED


def test_our_own_renders_keep_the_embedded_marks_and_the_spec_profile_is_asked_too(found):
    own = {each.name: each.outcome for each in found.findings if each.section == "Own renders"}

    assert own["still: identity (toon-id)"] is Outcome.AGREED
    assert own["loop: temporal_lpips (lpips-alex)"] is Outcome.AGREED
    assert own["video: scene_continuity (toon-scene)"] is Outcome.AGREED
    assert own["video: subject_consistency (dino-vitb16)"] is Outcome.NOT_MEASURED


def test_whatever_could_not_be_measured_is_named_with_what_to_do(found):
    open_ends = [each for each in found.findings if each.outcome is Outcome.NOT_MEASURED]

    assert open_ends
    assert [each.name for each in open_ends if not (each.reason and each.todo)] == []


def test_the_report_is_written_for_people_and_for_machines(found, tmp_path):
    html, data = write(found, tmp_path)

    assert "Not complete" in html.read_text()
    assert json.loads(data.read_text())["exit_code"] == Exit.NOT_JUDGED
