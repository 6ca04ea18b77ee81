"""Character and style references: made by real networks from approved pictures, kept on a real database."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from sqlalchemy import select

from db import catalogue
from db.engine import Database
from db.files.artifacts import ArtifactStore
from farm.cli import app as cli
from farm.client import Farm
from farm.judging.profiles import asked_of
from farm.shows import wanted_references
from models.actors import DEMO, Actor
from models.errors import NotMeasured
from models.metrics import Metric
from models.rows import characters as rows
from models.shows import Defaults
from models.vocabulary import JobType, Phase
from tasks.measuring.references import Builder, first_frames
from tasks.references import making
from tests.support.factories import a_stored_show, settings_for
from workers.renderers.toon.drawing import frames
from workers.renderers.toon.random_scenes import picture
from workers.scoring import weights
from workers.scoring.expectations import Expectations
from workers.scoring.network_table import IDENTITY_METRICS
from workers.scoring.networks.shelf import Shelf
from workers.scoring.references import CharacterReference, vector_from_bytes
from workers.scoring.selection import gauges_for

if TYPE_CHECKING:
    from pathlib import Path

    from models.shows import StoredShow


ADA = Actor.read("Ada")


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the network under toon-id and toon-style, which an installed package brings."""
    folder = tmp_path_factory.mktemp("networks")
    weights.pull(["efficientnet-lite0"], folder)
    return folder


@pytest.fixture(scope="module")
def shelf(networks: Path) -> Shelf:
    return Shelf(networks, "cpu")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Three pictures of one character, one of another, and one of nobody."""
    folder = tmp_path_factory.mktemp("pictures")
    drawn = {f"mio{n}": next(frames(picture((3,), "clip", 900 + n).recipe)) for n in range(3)}
    drawn["ren"] = next(frames(picture((8,), "clip", 950).recipe))
    for name, pixels in drawn.items():
        Image.fromarray(pixels).save(folder / f"{name}.png")
    Image.new("RGB", (512, 512), (200, 220, 240)).save(folder / "sky.png")
    return {path.stem: path for path in folder.iterdir()}


@pytest.fixture
def farm(database: Database, networks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Farm:
    """The SDK on this module's database; commands open the same."""
    made = Farm(settings_for(tmp_path, networks_dir=networks), database=database)
    made.store = ArtifactStore(tmp_path / "artifacts")

    @contextmanager
    def opened() -> Any:
        yield made

    monkeypatch.setattr(import_module("tasks.commands.reference"), "opened", opened)
    return made


def asked(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, list[dict[str, Any]]]:
    """What `farm reference ... --json` prints, and its exit code."""
    code = cli.run(["reference", *map(str, words), "--json"])
    said = json.loads(capsys.readouterr().out)
    return code, said.get("items", [said])


def test_a_reference_of_approved_pictures_names_its_network_its_approver_and_what_was_left_out(
    farm: Farm, show: StoredShow, pictures: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    given = [pictures[name] for name in ("mio0", "mio1", "mio2", "ren", "sky")]

    code, (made,) = asked(capsys, show.project, "mio", *given, "--by", "Ada")

    assert code == 0
    assert (made["character"], made["network"], made["approved_by"]) == ("mio", "toon-id", "Ada")
    assert (made["pictures"], made["used"]) == (5, 3)
    assert made["outliers"] == {str(pictures["ren"]): "unlike the others", str(pictures["sky"]): "no face"}
    assert 0.4 < made["baseline"] <= 1
    (stored,) = farm.references(show.project)
    assert (stored.character, stored.network_sha256, stored.approved_by) == (
        "mio",
        made["network_sha256"],
        ADA,
    )
    assert len(stored.image_paths) == 5


def test_a_network_that_is_not_installed_is_said_and_the_others_still_make_theirs(
    farm: Farm, show: StoredShow, pictures: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    both = ["--network", "toon-id", "--network", "arcface-buffalo_l"]

    code, found = asked(capsys, show.project, "mio", pictures["mio0"], *both, "--by", "Ada")
    alone, (missing,) = asked(capsys, show.project, "mio", pictures["mio0"], *both[2:], "--by", "Ada")

    assert code == 0
    assert [each["network"] for each in found] == ["toon-id", "arcface-buffalo_l"]
    assert "not installed" in found[1]["missing"]
    assert (alone, missing["network"]) == (2, "arcface-buffalo_l")


@pytest.mark.parametrize(
    "refusal",
    [
        (["mioo", "PICTURE"], "Did you mean 'mio'?"),
        (["mio", "nowhere.png"], "There is no picture nowhere.png"),
        (["mio", "PICTURE", "PICTURE"], "stands here twice"),
        (["mio", "PICTURE", "--network", "toon-di"], "Did you mean 'toon-id'?"),
        (["mio", "PICTURE", "--by", " "], "nobody who approved it"),
        (["mio", "SKY"], "No face was found"),
    ],
)
def test_a_reference_that_cannot_be_made_is_refused_in_a_sentence(
    farm: Farm,
    show: StoredShow,
    pictures: dict[str, Path],
    capsys: pytest.CaptureFixture[str],
    refusal: tuple[list[str], str],
) -> None:
    words, sentence = refusal
    files = {"PICTURE": str(pictures["mio0"]), "SKY": str(pictures["sky"])}

    code, (told,) = asked(capsys, show.project, *(files.get(word, word) for word in words))

    assert code == 3
    assert sentence in f"{told['error']['message']} {told['error']['hint']}"
    assert farm.references(show.project) == ()


def test_too_few_frames_make_no_style_and_the_reason_is_said(
    farm: Farm, show: StoredShow, pictures: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    code, (told,) = asked(capsys, show.project, "--style", pictures["mio0"], pictures["mio1"], "--by", "Ada")

    assert code == 2
    assert "A style needs 8 reference frames, not 2" in told["missing"]


def test_references_are_asked_for_by_the_networks_of_all_the_projects_profiles() -> None:
    ccip = "ccip-caformer-24-randaug-pruned"
    own = {"drawn": {"marks": {"still": {"identity": {"limit": 0.8, "network": ccip}}}}}

    asked_for = asked_of(Defaults(profiles=own), "spec")

    assert asked_for[IDENTITY_METRICS] == ("arcface-buffalo_l", ccip, "toon-id")


def test_loading_a_show_keeps_what_a_person_approved_and_says_which_networks_are_missing(
    farm: Farm, database: Database, shelf: Shelf, pictures: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    both = {"both": {"marks": {"still": {"face_similarity": {"limit": 0.7, "network": "arcface-buffalo_l"}}}}}
    with database.transaction() as session:
        show = a_stored_show(session, defaults={"renderer": "toon", "profiles": both})
    # Ten drawn pictures of each would tell nothing more than two.
    monkeypatch.setattr(wanted_references, "sittings", lambda *_: references_of(2))
    monkeypatch.setattr(wanted_references, "style_frames", lambda *_: references_of(2))
    builder = Builder(partial(farm.store_reference, show.project), shelf)
    builder.build("mio", "toon-id", first_frames([pictures["mio0"]]), [str(pictures["mio0"])], by=ADA)

    first = making.make(farm, show)
    again = making.make(farm, show)

    assert first["made"] == ["ren"]
    assert "mio, toon-id: kept what Ada approved" in first["said"]
    assert sum("arcface-buffalo_l was made" in sentence for sentence in first["said"]) == 1
    assert any("A style needs 8" in sentence for sentence in first["said"])
    assert (again["made"], set(again["kept"])) == ([], {"mio", "ren"})
    assert {each.approved_by for each in farm.references(show.project)} == {ADA, DEMO}


def references_of(count: int) -> list[Any]:
    return [replace(picture((3,), "clip", 900 + n).recipe, job_type=JobType.STILL_IMAGE) for n in range(count)]


def test_a_show_for_another_renderer_is_not_held_to_drawings_it_never_made(
    farm: Farm, database: Database
) -> None:
    with database.transaction() as session:
        show = a_stored_show(session, defaults={"renderer": "null"})

    told = making.make(farm, show)

    assert told["made"] == []
    assert any(f"farm reference {show.project} mio IMAGE" in sentence for sentence in told["said"])


def test_a_reference_by_another_version_of_the_network_is_never_compared(
    farm: Farm, show: StoredShow, shelf: Shelf, pictures: dict[str, Path]
) -> None:
    builder = Builder(partial(farm.store_reference, show.project), shelf)
    builder.build("mio", "toon-id", first_frames([pictures["mio0"]]), ["a.png"], by=ADA)
    with farm.database.transaction() as session:
        row = next(iter(catalogue.characters(session, show.project_id).values()))
        assert row.slug == "mio"
    known = farm.references(show.project)[0]
    told = CharacterReference(
        name="mio", vector=vector_from_bytes(b"\0" * 512), network=known.network, sha256="f" * 64
    )
    expected = Expectations(
        phase=Phase.STILL,
        job_type=JobType.STILL_IMAGE,
        frame_count=1,
        width=512,
        height=512,
        fps=24,
        expected=("mio",),
        characters=(told,),
    )

    gauges, (missing,) = gauges_for([(Metric.IDENTITY, "toon-id")], expected, shelf)

    assert gauges == []
    assert missing.value is None
    assert "another version of toon-id" in missing.reason
    assert "farm reference" in missing.reason
    with pytest.raises(NotMeasured, match="not installed"):
        builder.network("arcface-buffalo_l", "mio")


def test_a_picture_that_was_drawn_anew_under_its_name_is_read_again(
    farm: Farm, database: Database, pictures: dict[str, Path], tmp_path: Path
) -> None:
    farm.settings = farm.settings.model_copy(update={"allowed_roots": (tmp_path,)})
    named = tmp_path / "hero.png"
    with database.transaction() as session:
        stored = replace(
            a_stored_show(session, defaults={"renderer": "null"}), character_references={"mio": (str(named),)}
        )

    def loaded(picture: str) -> tuple[list[str], list[str], bytes | None]:
        named.write_bytes(pictures[picture].read_bytes())
        report = making.make(farm, stored)
        with database.transaction() as session:
            (vector,) = session.scalars(
                select(rows.CharacterReference.embedding).where(
                    rows.CharacterReference.character_id == stored.characters["mio"]
                )
            ).all()
            return report["made"], report["kept"], vector

    first, same, redrawn = loaded("mio0"), loaded("mio0"), loaded("ren")

    assert (first[0], same[:2], redrawn[0]) == (["mio"], ([], ["mio"]), ["mio"])
    assert first[2] == same[2] != redrawn[2]
    (reference,) = [each for each in farm.references(stored.project) if each.character == "mio"]
    assert farm.store.path(reference.image_paths[0]).read_bytes() == pictures["ren"].read_bytes()
