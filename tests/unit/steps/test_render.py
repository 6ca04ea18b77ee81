"""What counts as a take's render seconds: its render, and not the search for an equal take before it."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from tasks.steps.reusing import EqualTakeSearch

if TYPE_CHECKING:
    from pathlib import Path

    from tasks.steps.work import Work
    from workers.media.rendered import Rendered

render = import_module("tasks.steps.render")
TAKE = cast("Rendered", object())


@pytest.mark.parametrize(
    ("found", "seconds"), [(EqualTakeSearch(), 2.0), (EqualTakeSearch(rendered=TAKE), 40.0)]
)
def test_a_search_that_read_gigabytes_does_not_make_the_render_slower(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, found: EqualTakeSearch, seconds: float
) -> None:
    # Given a search of 40 seconds and a render of 2
    clock = [100.0]

    def search(*_: Any) -> EqualTakeSearch:
        clock[0] += 40.0
        return found

    def draw(*_: Any, **__: Any) -> Rendered:
        clock[0] += 2.0
        return TAKE

    monkeypatch.setattr(render, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(render, "reusing", SimpleNamespace(find=search))
    monkeypatch.setattr(render, "runtime", SimpleNamespace(bench=lambda: SimpleNamespace(render=draw)))
    work = SimpleNamespace(
        claim=SimpleNamespace(reproduces_job_id=None), progress=lambda *_: None, alive=lambda: True
    )

    # When the take comes to be, drawn or reused
    made = render._pixels(cast("Work", work), None, tmp_path)

    # Then a drawn one took its render's time, and a reused one the search's
    assert made == (TAKE, found, seconds)
