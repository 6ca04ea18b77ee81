"""From a terminal a phase is opened and closed by a person, and a take has as many reviews as were made."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from farm.cli import app as cli
from models.errors import PhaseLocked
from models.vocabulary import Exit, Phase
from tests.support.factories import a_stored_show, judged, ordered, whole
from workers.scoring.profiles import EMBEDDED

if TYPE_CHECKING:
    from db.engine import Database
    from models.shows import StoredShow

Terminal = Callable[..., tuple[int, Any]]


@pytest.fixture
def show(database: Database) -> StoredShow:
    with database.transaction() as session:
        return a_stored_show(session)


@pytest.fixture
def take(database: Database, show: StoredShow) -> UUID:
    """A still that passed its gate."""
    with database.transaction() as session:
        (job_id,) = ordered(session, show)
        judged(session, job_id, *whole(EMBEDDED, Phase.STILL))
        return job_id


def test_a_person_opens_a_phase_and_closes_it_again(
    terminal: Terminal, database: Database, show: StoredShow
) -> None:
    words = ["gate", show.project, "--phase", "loop", "--by", "Ada", "--reason", "the client waits"]

    code, door = terminal(*words, "--open")

    assert (code, door["is_open"], door["by"], door["reason"]) == (Exit.OK, True, "Ada", "the client waits")
    with database.transaction() as session:
        assert ordered(session, show, job_type="animation_loop")

    code, door = terminal(*words, "--close")

    assert (code, door["is_open"]) == (Exit.OK, False)
    with pytest.raises(PhaseLocked, match="closed by Ada") as refused, database.transaction() as session:
        ordered(session, show, job_type="animation_loop")
    assert f"farm gate {show.project} --phase loop --open" in refused.value.hint


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--open", "--reason", "hurry"], "needs a name"),
        (["--open", "--by", "Ada"], "a reason"),
        (["--open", "--by", "gate", "--reason", "80 %"], "Only a person"),
        (["--close", "--by", "agent:nightly", "--reason", "tired"], "Only a person"),
        (["--open", "--close", "--by", "Ada", "--reason", "both"], "either --open or --close"),
        (["--by", "Ada"], "Add --open or --close"),
    ],
)
def test_a_phase_is_opened_only_by_a_named_person_with_a_reason(
    terminal: Terminal, show: StoredShow, words: list[str], sentence: str
) -> None:
    code, told = terminal("gate", show.project, "--phase", "loop", *words)

    assert code == Exit.BAD_INPUT
    assert sentence in f"{told['error']['message']} {told['error']['hint']}"
    assert terminal("gate", show.project, "--phase", "still")[0] == Exit.NOT_PASSED


def test_a_second_review_decides_and_the_first_stays_to_be_read(
    terminal: Terminal, take: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = terminal(
        *("review", str(take), "--reject", "--by", "Ada", "--note", "a sixth finger"),
        *("--reason", "anatomy", "--reason", "identity", "--frame", "0"),
    )
    assert (code, told["verdict"], told["reasons"], told["frame"]) == (
        0,
        "rejected",
        ["anatomy", "identity"],
        0,
    )
    terminal("review", str(take), "--approve", "--by", "Ben", "--note", "it is a bracelet")

    code, told = terminal("job", str(take))

    assert told["row"]["verdict"] == "approved"
    first, last = told["reviews"]
    assert (first["by"], first["verdict"], first["instead_of"]) == ("Ada", "rejected", "pass")
    assert (first["reasons"], first["frame"]) == (["anatomy", "identity"], 0)
    assert (last["by"], last["verdict"], last["instead_of"]) == ("Ben", "approved", "rejected")
    assert last["at"] >= first["at"]

    cli.run(["job", str(take)])
    said = " ".join(capsys.readouterr().out.split())
    for words in ("Ada", "anatomy, identity", "a sixth finger", "Ben", "it is a bracelet"):
        assert words in said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--reason", "fingers"], "There is no reason 'fingers'"),
        (["--frame", "7"], "The take has no frame 7"),
        (["--by", "gate"], "reviews nothing"),
    ],
)
def test_a_review_that_cannot_be_is_refused_and_leaves_nothing(
    terminal: Terminal, take: UUID, words: list[str], sentence: str
) -> None:
    code, told = terminal("review", str(take), "--reject", *words)

    assert (code, sentence in told["error"]["message"]) == (Exit.BAD_INPUT, True)
    assert terminal("job", str(take))[1]["reviews"] == []
