"""People's verdicts and the marks learnt from them, on a real database with stored scores."""

from __future__ import annotations

import json
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from db import catalogue
from farm.cli import app as cli
from farm.cli.commands import review as review_commands
from farm.cli.commands import show as show_commands
from farm.cli.tables.calibration import print_calibration
from farm.client import Farm
from farm.judging import calibration, gate, profiles
from farm.judging.calibration import Calibration, Labels
from farm.shows import loading
from farm.shows.form import Show
from models.errors import Conflict, Forbidden, UnknownName
from models.metrics import Mark, Metric
from models.vocabulary import Phase, Verdict
from tests.support.factories import SHOW, a_stored_show, each_cut, judged, ordered, settings_for, whole
from workers.scoring.profiles import EMBEDDED

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from db.engine import Database, Session
    from models.shows import StoredShow

#: the mark for style is 0.85: this project's approved stills reach less
APPROVED = [0.74, 0.75, 0.76, 0.77, 0.78, 0.79, 0.80, 0.86, 0.88]
REJECTED = [0.40, 0.45, 0.50, 0.55, 0.60]
#: a mark is learnt from no fewer
CUTS = ("1/10/10", "1/10/20", "1/10/30", "1/20/10", "1/20/20")


@pytest.fixture
def show(database: Database) -> StoredShow:
    with database.transaction() as session:
        return loading.store(session, loaded(f"moon-{secrets.token_hex(6)}"))


def loaded(slug: str, **project: Any) -> Show:
    """The show's file, with a second scene so that it has as many cuts as a mark takes."""
    episode: dict[str, Any] = SHOW["episodes"][0]  # type: ignore[index]  # plain data
    first = episode["scenes"][0]
    second = {**first, "number": 20, "cuts": first["cuts"][:2]}
    told = {**SHOW["project"], "slug": slug, **project}  # type: ignore[dict-item]  # plain data
    episodes = [{**episode, "scenes": [first, second]}]
    return Show.model_validate({**SHOW, "project": told, "episodes": episodes})


def over_cuts(session: Session, show: StoredShow, count: int, **fields: Any) -> list[UUID]:
    """So many jobs, in turn for each cut."""
    turns = [CUTS[place % len(CUTS)] for place in range(count)]
    return [job_id for cut in turns for job_id in ordered(session, show, cut=cut, **fields)]


def reviewed(session: Session, show: StoredShow, style: float, *, approve: bool, cut: str = CUTS[0]) -> UUID:
    """A still with this style score that a person decided about."""
    (job_id,) = ordered(session, show, cut=cut, max_retakes=0)
    judged(session, job_id, *whole(EMBEDDED, Phase.STILL, style_adherence=style))
    gate.review(session, job_id, approve=approve, by="Ada")
    return job_id


def many_reviewed(session: Session, show: StoredShow, cuts: tuple[str, ...] = CUTS) -> dict[float, UUID]:
    return {
        style: reviewed(session, show, style, approve=style in APPROVED, cut=cuts[place % len(cuts)])
        for place, style in enumerate(APPROVED + REJECTED)
    }


def calibrated(session: Session, show: StoredShow, **more: Any) -> Calibration:
    return calibration.calibrate(session, show.project, profile="embedded", **more)


def of(found: Calibration, metric: Metric) -> calibration.CalibratedMark:
    return next(mark for mark in found.marks if mark.mark.metric is metric)


def test_a_passed_take_may_be_rejected_and_a_failed_one_approved_and_the_gate_counts_it(
    database: Database, show: StoredShow
) -> None:
    with database.transaction() as session:
        good, bad = each_cut(session, show, 2, max_retakes=0)
        judged(session, good, *whole(EMBEDDED, Phase.STILL))
        judged(session, bad, *whole(EMBEDDED, Phase.STILL, identity=0.1))
        assert catalogue.tally(session, show.project_id, Phase.STILL).passed == 1

        gate.review(session, good, approve=False, by="Ada", note="a sixth finger")
        assert catalogue.tally(session, show.project_id, Phase.STILL).passed == 0

        gate.review(session, bad, approve=True, by="Ben")
        assert catalogue.tally(session, show.project_id, Phase.STILL).passed == 1
        detail = catalogue.job_detail(session, good)

    assert detail.row.verdict is Verdict.REJECTED
    (review,) = detail.reviews
    assert (str(review.by), review.note, review.instead_of) == ("Ada", "a sixth finger", "pass")


def test_calibration_hears_the_last_person_and_no_program(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        first, second = (reviewed(session, show, 0.9, approve=True, cut=cut) for cut in CUTS[:2])
        gate.review(session, first, approve=False, by="Ben")
        gate.review(session, second, approve=False, by="agent:nightly")

        found = calibrated(session, show, phase=Phase.STILL)

    style = of(found, Metric.STYLE_ADHERENCE)
    assert (style.proposal.approved, style.proposal.rejected) == (0, 1)


def test_calibration_finds_the_mark_that_people_meant_and_names_whose_verdict_turns(
    database: Database, show: StoredShow
) -> None:
    with database.transaction() as session:
        takes = many_reviewed(session, show)

        found = calibrated(session, show, phase=Phase.STILL)

    style = of(found, Metric.STYLE_ADHERENCE)
    assert style.mark == Mark(metric=Metric.STYLE_ADHERENCE, limit=0.85, network="toon-style")
    assert style.proposal.limit == pytest.approx(0.67)
    assert (style.proposal.approved, style.proposal.rejected) == (9, 5)
    assert style.proposal.at_present.false_rejects.wrong == 7
    assert style.proposal.at_proposed is not None
    assert style.proposal.at_proposed.false_rejects.wrong == 0
    # Everything else is exactly on its mark in every take: it cannot tell them apart.
    assert of(found, Metric.IDENTITY).proposal.limit is None
    assert {flip.job_id for flip in found.flips} == {takes[value] for value in APPROVED if value < 0.85}
    assert all((flip.before, flip.after) == (Verdict.RETAKE, Verdict.PASS) for flip in found.flips)
    assert {flip.metrics for flip in found.flips} == {(Metric.STYLE_ADHERENCE,)}
    assert {flip.cut for flip in found.flips} == {
        "ep001/sc010/c0010",
        "ep001/sc010/c0020",
        "ep001/sc010/c0030",
        "ep001/sc020/c0010",
        "ep001/sc020/c0020",
    }
    (together,) = found.overall
    assert (together.at_present.false_rejects.wrong, together.at_proposed.false_rejects.wrong) == (7, 0)
    assert together.at_proposed.false_accepts.wrong == 0


def test_takes_of_one_cut_propose_nothing_and_say_how_many_cuts_are_missing(
    database: Database, show: StoredShow
) -> None:
    with database.transaction() as session:
        many_reviewed(session, show, cuts=CUTS[:1])

        style = of(calibrated(session, show), Metric.STYLE_ADHERENCE).proposal

    assert style.limit is None
    assert (style.approved, style.rejected) == (9, 5)
    assert "4 more cuts are needed" in style.reason


def test_calibrating_changes_nothing_and_keeping_the_result_puts_nothing_to_use(
    database: Database, show: StoredShow
) -> None:
    with database.transaction() as session:
        many_reviewed(session, show)
        before = catalogue.project(session, show.project_id).defaults
        found = calibrated(session, show)
        assert catalogue.project(session, show.project_id).defaults == before

        calibration.keep(session, found, "ours", by="Ada")

    with database.transaction() as session:
        defaults = catalogue.project(session, show.project_id).defaults
        kept = profiles.named(defaults.profiles, "ours")
        assert defaults.profile is None
        evidence = defaults.profiles["ours"]["calibration"]
        assert (evidence["by"], evidence["from_profile"], evidence["takes"]) == ("Ada", "embedded", 14)
        assert any(mark["proposed"] for mark in evidence["marks"])
        limits = {mark.metric: mark.limit for mark in kept.marks[Phase.STILL]}
        assert limits[Metric.STYLE_ADHERENCE] == pytest.approx(0.67)
        assert kept.marks[Phase.VIDEO] == EMBEDDED.marks[Phase.VIDEO]

        chosen = calibration.choose(session, show.project, "ours", by="Ben")
        (job_id,) = ordered(session, show)
        assert chosen == kept
        assert (
            judged(session, job_id, *whole(EMBEDDED, Phase.STILL, style_adherence=0.7)).verdict is Verdict.PASS
        )


def test_a_kept_profile_is_never_overwritten_and_needs_a_name_and_something_to_say(
    database: Database, show: StoredShow
) -> None:
    with database.transaction() as session:
        empty = calibrated(session, show)
        with pytest.raises(Conflict, match="no mark could be proposed"):
            calibration.keep(session, empty, "ours", by="Ada")
        many_reviewed(session, show)
        found = calibrated(session, show)
        calibration.keep(session, found, "ours", by="Ada")

        for name, by, kind, sentence in [
            ("ours", "Ada", Conflict, "There is a profile 'ours' already"),
            ("embedded", "Ada", Conflict, "There is a profile 'embedded' already"),
            ("other", " ", Forbidden, "nobody who decided"),
        ]:
            with pytest.raises(kind, match=sentence):
                calibration.keep(session, found, name, by=by)
        with pytest.raises(UnknownName, match="Did you mean 'ours'"):
            calibration.choose(session, show.project, "our", by="Ada")


def test_loading_the_show_again_keeps_calibrated_profiles_and_the_choice_of_one(
    database: Database, show: StoredShow
) -> None:
    with database.transaction() as session:
        many_reviewed(session, show)
        calibration.keep(session, calibrated(session, show), "ours", by="Ada")
        calibration.choose(session, show.project, "ours", by="Ada")

        loading.store(session, loaded(show.project))
        again = catalogue.project(session, show.project_id).defaults
        assert (again.profile, list(again.profiles)) == ("ours", ["ours"])

        by_spec = loaded(show.project, defaults={"renderer": "toon", "profile": "spec"})
        loading.store(session, by_spec)
        told = catalogue.project(session, show.project_id).defaults
        assert (told.profile, list(told.profiles)) == ("spec", ["ours"])

        # A file that says the same as when somebody chose otherwise says nothing new.
        calibration.choose(session, show.project, "ours", by="Ada")
        loading.store(session, by_spec)
        assert catalogue.project(session, show.project_id).defaults.profile == "ours"

        with pytest.raises(UnknownName, match="no profile 'theirs'"):
            loading.store(session, loaded(show.project, defaults={"renderer": "toon", "profile": "theirs"}))


def test_gate_verdicts_are_labels_only_when_asked_for(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        for job_id, style in zip(over_cuts(session, show, 14, max_retakes=3), APPROVED + REJECTED, strict=True):
            judged(session, job_id, *whole(EMBEDDED, Phase.STILL, style_adherence=style))

        people = calibrated(session, show)
        everybody = calibrated(session, show, labels=Labels.VERDICTS)

    assert not people.proposed
    assert "8 more approved" in of(people, Metric.STYLE_ADHERENCE).proposal.reason
    style = of(everybody, Metric.STYLE_ADHERENCE).proposal
    assert (style.approved, style.rejected) == (2, 12)
    assert "repeat the marks" in everybody.to_json()["warning"]


def test_numbers_by_another_file_of_the_network_are_left_out_and_counted(
    database: Database, show: StoredShow
) -> None:
    with database.transaction() as session:
        (old,) = ordered(session, show)
        told = whole(EMBEDDED, Phase.STILL, style_adherence=0.2)
        judged(session, old, *[_by_file(each, "f" * 64) for each in told])
        gate.review(session, old, approve=True, by="Ada")
    with database.transaction() as session:
        many_reviewed(session, show)
        style = of(calibrated(session, show), Metric.STYLE_ADHERENCE)

    assert style.left_out == 1
    assert style.proposal.approved == 9


def _by_file(measurement: Any, sha256: str) -> Any:
    from dataclasses import replace

    return replace(measurement, network_sha256=sha256)


def test_the_table_says_what_changes_and_its_json_is_json(
    database: Database, show: StoredShow, capsys: pytest.CaptureFixture[str]
) -> None:
    with database.transaction() as session:
        many_reviewed(session, show)
        found = calibrated(session, show)

    print_calibration(found)

    said = capsys.readouterr().out
    assert "style_adherence" in said
    assert "7 of 14 verdicts would change" in said
    assert json.loads(json.dumps(found.to_json()))["marks"]


@pytest.fixture
def terminal(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:
    """Somebody at a terminal: `farm ... --json` on this module's database, as (exit code, answer)."""
    farm = Farm(settings_for(tmp_path), database=database)

    @contextmanager
    def opened() -> Any:
        yield farm

    monkeypatch.setattr(review_commands, "opened", opened)
    monkeypatch.setattr(show_commands, "opened", opened)

    def run(*words: str) -> tuple[int, Any]:
        code = cli.run([*words, "--json"])
        return code, json.loads(capsys.readouterr().out)

    return run


def test_from_a_terminal_takes_are_decided_about_and_marks_kept_and_put_to_use(
    terminal: Any, database: Database, show: StoredShow
) -> None:
    with database.transaction() as session:
        jobs = over_cuts(session, show, 14, max_retakes=0)
        for job_id, style in zip(jobs, APPROVED + REJECTED, strict=True):
            judged(session, job_id, *whole(EMBEDDED, Phase.STILL, style_adherence=style))

    code, told = terminal("review", str(jobs[0]), "--approve", "--by", "Ada", "--note", "she is herself")
    assert (code, told["verdict"], told["by"]) == (0, "approved", "Ada")
    for place, job_id in enumerate(jobs[1:], start=1):
        terminal("review", str(job_id), "--approve" if place < len(APPROVED) else "--reject", "--by", "Ada")

    code, told = terminal("calibrate", show.project, "--phase", "still", "--apply", "ours", "--by", "Ada")
    assert (code, told["applied"], len(told["flips"])) == (0, "ours", 7)

    code, told = terminal("show", "profile", show.project)
    assert (code, told["profile"], told["known"]) == (0, "embedded", ["embedded", "spec", "ours"])
    code, told = terminal("show", "profile", show.project, "ours", "--by", "Ben")
    assert (code, told["profile"]) == (0, "ours")
    assert told["own"]["ours"]["calibration"]["by"] == "Ada"


def test_a_person_sees_who_calibrated_a_profile_and_what_it_leaves_out(
    terminal: Any, database: Database, show: StoredShow, capsys: pytest.CaptureFixture[str]
) -> None:
    with database.transaction() as session:
        many_reviewed(session, show)
        calibration.keep(session, calibrated(session, show), "ours", by="Ada")

    assert cli.run(["show", "profile", show.project, "ours", "--by", "Ben"]) == 0

    said = capsys.readouterr()
    assert "is judged by ours, calibrated by Ada on 20" in said.out


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["calibrate", "PROJECT"], 2, ""),
        (["calibrate", "PROJECT", "--apply", "ours"], 3, "needs the name of who decides"),
        (["calibrate", "PROJECT", "--apply", "ours", "--by", "Ada"], 3, "no mark could be proposed"),
        (["calibrate", "PROJECT", "--labels", "gate"], 3, "Choose person or verdicts"),
        (["calibrate", "nowhere"], 3, "no project 'nowhere'"),
        (["calibrate", "PROJECT", "--profile", "spek"], 3, "Did you mean 'spec'?"),
        (["review", "JOB"], 3, "either --approve or --reject"),
        (["review", "JOB", "--approve"], 3, "has not been judged yet"),
        (["review", "JOB", "--approve", "--by", ""], 3, "names no reviewer"),
        (["show", "profile", "PROJECT", "spek"], 3, "Did you mean 'spec'?"),
    ],
)
def test_what_cannot_be_decided_is_refused_in_a_sentence(
    terminal: Any, database: Database, words: list[str], code: int, sentence: str
) -> None:
    with database.transaction() as session:
        show = a_stored_show(session)
        (job_id,) = ordered(session, show)

    found, told = terminal(*({"PROJECT": show.project, "JOB": str(job_id)}.get(word, word) for word in words))

    assert found == code
    error = told.get("error", {"message": "", "hint": ""})
    assert sentence in f"{error['message']} {error['hint']}"
