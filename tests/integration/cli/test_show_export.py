"""`farm show export`: the file of a show, printed or written where there is none yet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from farm.shows import loading
from tests.support.terminal import Typed

if TYPE_CHECKING:
    from pathlib import Path

    from models.shows import StoredShow


def test_a_show_is_printed_as_the_file_that_loads_it(typed: Typed, show: StoredShow, tmp_path: Path) -> None:
    printed = typed("show", "export", show.project)
    file = tmp_path / "show.yaml"
    file.write_text(printed.out, encoding="utf-8")

    assert printed.code == 0
    assert loading.load(file).project.slug == show.project


def test_a_file_that_is_there_is_not_written_over(typed: Typed, show: StoredShow, tmp_path: Path) -> None:
    file = tmp_path / "show.yaml"
    assert typed("show", "export", show.project, str(file)).code == 0
    before = file.read_text()

    refused = typed("show", "export", show.project, str(file))

    assert (refused.code, file.read_text()) == (3, before)
    assert "already" in refused.err
    assert typed("show", "export", show.project, str(tmp_path / "no" / "folder.yaml")).code == 3


def test_scripts_read_the_tag_of_the_whole_show(typed: Typed, show: StoredShow) -> None:
    answer = json.loads(typed("show", "export", show.project, "--json").out)

    assert len(answer["etag"]) == 32
    assert answer["content"]["story_bible"]["global_seed_text"] == "11"
