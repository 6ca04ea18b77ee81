"""CONTRIBUTING sends a newcomer to files: each of them exists."""

from __future__ import annotations

import re

import pytest

from tests.support import ROOT

_PATH = re.compile(r"`((?:models|db|farm|tasks|workers|tests|docs|deploy|examples)/[\w./*-]*)`")


@pytest.mark.parametrize(
    "page", ["CONTRIBUTING.md", "README.md", "deploy/README.md", "examples/workflows/README.md"]
)
def test_every_path_that_a_page_names_exists(page: str) -> None:
    named = set(_PATH.findall((ROOT / page).read_text(encoding="utf-8")))

    missing = sorted(path for path in named if not any(ROOT.glob(path.rstrip("/"))))

    assert missing == []


def test_the_journey_of_a_job_names_a_file_for_each_of_its_stations() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    journey = text[text.index("## The journey of one job") : text.index("```mermaid")]
    stations = re.split(r"^\d+\. ", journey, flags=re.M)[1:]

    assert len(stations) >= 14
    assert [station.split("**")[1] for station in stations if not _PATH.search(station)] == []
