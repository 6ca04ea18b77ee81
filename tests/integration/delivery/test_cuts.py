"""From judged takes to the folder an editor opens: which take is handed over, under which name, once."""

from __future__ import annotations

import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest

from db import catalogue
from farm.cli import app as cli
from farm.delivery import cuts
from farm.explaining.answers import job_json
from farm.judging.gate import review
from farm.reproduction import ordering
from models.errors import BadInput, UnknownName
from models.rows.jobs import Job
from models.rows.takes import Take
from models.vocabulary import Phase, Verdict
from tests.support.delivery_studio import LOOP, Studio
from tests.support.full_disk import files_of_at_most
from tests.support.media import pixel_sha256
from workers.media import provenance
from workers.media.reading import FrameReader, read_frames

if TYPE_CHECKING:
    pass


def test_a_still_is_delivered_as_frame_1001_with_its_recipe_inside_and_beside_it(studio: Studio) -> None:
    job_id = studio.take()

    (delivered,) = studio.deliver().delivered

    show = studio.show.project
    place = f"{show}/ep001/sc010/c0010/still/v001"
    assert studio.files() == [f"{place}/{show}_001_010_0010_still_v001.1001.png", f"{place}/take.json"]
    picture = studio.folder / studio.files()[0]
    assert pixel_sha256(read_frames(picture)) == studio.pixels(job_id) == delivered.pixel_sha256
    for file in (picture, picture.with_name("take.json")):
        made = provenance.read(file)
        assert made.recipe == studio.farm.job(job_id).recipe
        assert (made.take["job_id"], made.take["cut"]) == (str(job_id), "ep001/sc010/c0010")
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", part) for file in studio.files() for part in file.split("/"))


def test_what_of_the_order_is_not_drawn_is_handed_over_with_the_picture(studio: Studio) -> None:
    studio.take(lenient=True, prompt="fireflies", mood="zorp")

    (delivered,) = studio.deliver().delivered

    assert provenance.read(delivered.folder / "take.json").take["not_drawn"] == ["prompt", "mood: zorp"]


def test_a_loop_is_delivered_as_a_sequence_that_shows_the_masters_frames(studio: Studio) -> None:
    job_id = studio.take(Phase.LOOP)

    (delivered,) = studio.deliver(phase=Phase.LOOP).delivered

    assert [name[-8:] for name in delivered.files] == [f"{1001 + index}.png" for index in range(LOOP)]
    frames = (frame for name in delivered.files for frame in read_frames(delivered.folder / name))
    assert pixel_sha256(frames) == studio.pixels(job_id)
    assert provenance.read(delivered.folder / delivered.files[-1]).take["frames"] == LOOP


def test_a_loop_is_delivered_as_a_clip_that_is_the_master_and_not_its_second_name(studio: Studio) -> None:
    job_id = studio.take(Phase.LOOP)

    (delivered,) = studio.deliver(form="clip").delivered

    (name,) = delivered.files
    take = studio.farm.job(job_id).take
    assert take is not None
    master = studio.farm.store.path(take.master_path)
    assert name.endswith("_loop_v001.mkv")
    assert (delivered.folder / name).read_bytes() == master.read_bytes()
    assert not (delivered.folder / name).samefile(master)


def test_the_same_take_delivered_again_changes_nothing(studio: Studio) -> None:
    studio.take(Phase.LOOP)
    first = studio.deliver()
    before = [(file, (studio.folder / file).stat().st_mtime_ns) for file in studio.files()]

    second = studio.deliver()

    assert [each.is_new for each in (*first.delivered, *second.delivered)] == [True, False]
    assert [(file, (studio.folder / file).stat().st_mtime_ns) for file in studio.files()] == before


def test_the_other_form_of_a_take_is_a_version_of_its_own(studio: Studio) -> None:
    studio.take(Phase.LOOP)
    studio.deliver(form="frames")
    before = studio.files()

    (clip,) = studio.deliver(form="clip").delivered
    (frames,) = studio.deliver(form="frames").delivered
    (again,) = studio.deliver(form="clip").delivered

    assert (clip.version, clip.is_new) == ("v002", True)
    assert (frames.version, frames.is_new) == ("v001", False)
    assert (again.version, again.is_new) == ("v002", False)
    assert set(before) < set(studio.files())
    assert len(studio.files()) == LOOP + 3


def test_the_same_frames_at_another_rate_are_another_version(studio: Studio) -> None:
    job_id = studio.take(Phase.LOOP)
    studio.deliver(form="clip")
    with studio.farm.database.transaction() as session:
        session.query(Take).filter_by(job_id=job_id).one().fps = 12

    (again,) = studio.deliver(form="clip").delivered

    assert (again.version, again.is_new) == ("v002", True)


def test_another_take_gets_the_next_version_and_the_first_stays(studio: Studio) -> None:
    first = studio.take()
    studio.deliver()
    better = studio.take()
    with studio.farm.database.transaction() as session:
        review(session, better, approve=True, by="Ada")

    (delivered,) = studio.deliver().delivered

    assert (delivered.version, delivered.job_id) == ("v002", better)
    assert (
        pixel_sha256(read_frames(studio.folder / studio.files()[0]))
        == studio.pixels(first)
        != studio.pixels(better)
    )


def test_a_take_that_failed_a_sheet_and_a_reproduction_are_never_delivered(studio: Studio) -> None:
    good = studio.take()
    studio.take(good=False, cut="1/10/20")
    with studio.farm.database.transaction() as session:
        copy = ordering.reproduce(session, good, requested_by="Ada", changes={}).job_id
        studio.finish(session, copy)
        job = session.get_one(Job, copy)
        job.verdict, job.place = Verdict.APPROVED, [0.0, 0.0, -1.0]
        session.flush()
        catalogue.stand(session, [unit for unit in catalogue.units_of(session, [good, copy]).values() if unit])

    delivery = studio.deliver(phase=Phase.STILL)

    assert [each.job_id for each in delivery.delivered] == [good]
    assert [(each.cut, each.reason) for each in delivery.undelivered] == [
        ("ep001/sc010/c0020", delivery.undelivered[0].reason),
        ("ep001/sc010/c0030", "nothing was ordered in this phase"),
    ]
    assert "identity" in delivery.undelivered[0].reason or "person" in delivery.undelivered[0].reason


def test_without_a_phase_every_phase_that_passed_is_delivered(studio: Studio) -> None:
    studio.take()
    studio.take(Phase.LOOP)

    delivery = studio.deliver(cuts=["1/10/10"])

    assert [each.phase for each in delivery.delivered] == [Phase.STILL, Phase.LOOP]
    assert delivery.undelivered == ()


def test_a_cut_whose_loop_was_refused_is_named_with_and_without_the_phase(studio: Studio) -> None:
    for cut in ("1/10/10", "1/10/20", "1/10/30"):
        studio.take(cut=cut)
    studio.take(Phase.LOOP)
    studio.take(Phase.LOOP, good=False, cut="1/10/20")

    of_all, of_loops = studio.deliver(), studio.deliver(phase=Phase.LOOP)

    refused = ("ep001/sc010/c0020", Phase.LOOP)
    assert [(each.cut, each.phase) for each in of_all.undelivered] == [refused]
    assert refused in [(each.cut, each.phase) for each in of_loops.undelivered]
    words = ["deliver", studio.show.project, "--to", str(studio.folder), "--cut", "1/10/20"]
    assert (cli.run(words), cli.run([*words, "--phase", "loop"])) == (1, 1)


def test_a_cut_knows_the_folder_of_its_furthest_phase_and_the_others_none(studio: Studio) -> None:
    studio.take()
    studio.take(Phase.LOOP)

    delivery = studio.deliver()

    places = {cut.path[-5:]: cut.output_path for cut in studio.farm.cuts(studio.show.project)}
    loop = delivery.delivered[-1]
    assert places == {"c0010": str(loop.folder), "c0020": None, "c0030": None}
    assert loop.folder.parts[-2:] == ("loop", "v001")


def test_what_was_delivered_before_the_disk_was_full_is_noted(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.take()
    studio.take(cut="1/10/20")
    write = cuts.deliveries.writing

    def once(place: Path, version: int) -> Any:
        if "c0020" in place.as_posix():
            raise BadInput("The disk is full.")
        return write(place, version)

    monkeypatch.setattr(cuts.deliveries, "writing", once)

    with pytest.raises(BadInput, match="disk is full"):
        studio.deliver()

    places = {cut.path[-5:]: cut.output_path for cut in studio.farm.cuts(studio.show.project)}
    assert str(places["c0010"]).endswith("still/v001")
    assert places["c0020"] is None


def test_a_master_that_changed_since_is_named_and_the_others_are_delivered(studio: Studio) -> None:
    broken, _ = studio.take(), studio.take(cut="1/10/20")
    take = studio.farm.job(broken).take
    assert take is not None
    master = studio.farm.store.path(take.master_path)
    master.unlink()
    other = studio.farm.job(studio.take(cut="1/10/30")).take
    assert other is not None
    os.link(studio.farm.store.path(other.master_path), master)

    delivery = studio.deliver()

    assert [each.cut[-5:] for each in delivery.delivered] == ["c0020", "c0030"]
    (refused,) = delivery.undelivered
    assert (refused.cut[-5:], refused.reason) == ("c0010", "its master shows other pixels than were recorded")
    assert not any("c0010" in file for file in studio.files())


def test_a_damaged_sidecar_holds_nothing_up_because_the_database_knows_as_much(studio: Studio) -> None:
    job_id = studio.take()
    take = studio.farm.job(job_id).take
    assert take is not None
    studio.farm.store.path(take.master_path).with_name("take.json").write_text("{")

    (delivered,) = studio.deliver().delivered

    made = provenance.read(delivered.folder / "take.json")
    assert made.recipe == studio.farm.job(job_id).recipe
    assert made.take["pixel_sha256"] == take.pixel_sha256


@pytest.mark.parametrize("form", ["frames", "clip"])
def test_a_master_that_is_gone_or_may_not_be_read_is_the_take_s_fault_not_the_folder_s(
    studio: Studio, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, closed = studio.take(Phase.LOOP), studio.take(Phase.LOOP, cut="1/10/20")
    masters = []
    for job_id in (gone, closed):
        take = studio.farm.job(job_id).take
        assert take is not None
        masters.append(studio.farm.store.path(take.master_path))
    masters[0].unlink()
    opened = Path.open

    def refusing(path: Path, *words: Any, **more: Any) -> Any:
        # By hand, because root may read everything.
        if path == masters[1]:
            raise PermissionError(13, "Permission denied")
        return opened(path, *words, **more)

    monkeypatch.setattr(Path, "open", refusing)

    delivery = studio.deliver(phase=Phase.LOOP, form=form)

    assert not delivery.delivered
    reasons = {each.cut[-5:]: each.reason for each in delivery.undelivered}
    assert "There is no file" in reasons["c0010"]
    assert "may not be read" in reasons["c0020"]
    assert not studio.files()


@pytest.mark.parametrize("form", ["frames", "clip"])
def test_a_full_disk_is_one_sentence_and_leaves_nothing(studio: Studio, form: str) -> None:
    studio.take(Phase.LOOP)

    with pytest.raises(BadInput, match="disk is full") as caught, files_of_at_most(4096):
        studio.deliver(form=form)

    assert "--to" in caught.value.hint
    assert not list(studio.folder.rglob("*"))


def test_two_who_deliver_one_cut_at_once_leave_one_whole_version(studio: Studio) -> None:
    studio.take(Phase.LOOP)
    together = Barrier(2)

    def deliver(_: int) -> Any:
        together.wait()
        return studio.deliver().delivered[0]

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(deliver, range(2)))

    assert {each.version for each in found} == {"v001"}
    assert len(studio.files()) == LOOP + 1
    frames = (frame for name in found[0].files for frame in read_frames(found[0].folder / name))
    assert pixel_sha256(frames) == found[0].pixel_sha256


def test_a_script_names_one_cut_and_a_folder_as_plain_texts(studio: Studio) -> None:
    studio.take()

    delivery = studio.farm.deliver(studio.show.project, cuts="1/10/10", to=str(studio.folder))

    assert [each.cut for each in delivery.delivered] == ["ep001/sc010/c0010"]
    assert studio.files()


def test_an_empty_folder_name_never_means_where_one_stands(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.take()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    assert cli.run(["deliver", studio.show.project, "--to", ""]) == 3

    assert not list((tmp_path / "here").iterdir())


def test_a_project_without_a_passing_take_is_one_sentence(studio: Studio) -> None:
    with pytest.raises(BadInput, match=r"No take of moon-\w+ has passed yet"):
        studio.deliver()

    assert not studio.folder.exists()


def test_a_cut_that_is_not_there_is_refused_with_the_nearest(studio: Studio) -> None:
    studio.take()

    with pytest.raises(UnknownName) as caught:
        studio.deliver(cuts=["1/10/11"])

    assert "ep001/sc010/c0010" in caught.value.hint
    assert not studio.folder.exists()


def test_the_command_says_what_lies_where_and_exits_1_while_a_cut_has_nothing(
    studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    job_id = studio.take()
    words = ["deliver", studio.show.project, "--to", str(studio.folder)]

    some = cli.run([*words, "--json"])
    told = json.loads(capsys.readouterr().out)
    whole_cut = cli.run([*words, "--cut", "1/10/10"])
    said = capsys.readouterr()
    wrong = cli.run([*words, "--as", "tape"])

    assert (some, whole_cut, wrong) == (1, 0, 3)
    assert [(each["job_id"], each["version"], each["is_new"]) for each in told["items"]] == [
        (str(job_id), "v001", True)
    ]
    assert len(told["undelivered"]) == 2
    assert "1 lay there already" in said.err
    assert f"ep001/sc010/c0010  still  v001  1 png  {job_id}" in said.out


def test_a_folder_that_cannot_be_written_is_one_sentence(
    studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    studio.take()
    studio.folder.write_text("a file in the way")

    code = cli.run(["deliver", studio.show.project, "--to", str(studio.folder), "--json"])

    assert code == 3
    assert "Not a directory" in json.loads(capsys.readouterr().out)["error"]["message"]


def test_a_rate_of_television_is_kept_from_the_order_to_the_delivery(studio: Studio) -> None:
    film = Fraction(24000, 1001)
    job_id = studio.take(Phase.LOOP, fps=23.976)

    detail = studio.farm.job(job_id)
    clip, frames = (studio.deliver(form=form).delivered[0] for form in ("clip", "frames"))

    assert detail.take is not None
    assert (detail.recipe.fps, detail.take.fps, clip.fps) == (film, film, film)
    assert FrameReader(clip.folder / clip.files[0]).fps == film
    for each in (clip, frames):
        sidecar = json.loads((each.folder / "take.json").read_text())
        assert (sidecar["take"]["fps"], sidecar["recipe"]["fps"]) == ("24000/1001", "24000/1001")
    assert [each.is_new for each in studio.deliver(form="clip").delivered] == [False]
    assert job_json(detail)["take"]["fps"] == "24000/1001"
