"""`farm networks pull` against a real server that breaks off, lies, stumbles and starts again."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from farm.cli import main
from farm.settings import settings
from models.errors import BadInput, NotHere, Unavailable
from models.vocabulary import Exit
from tests.support.file_server import FileServer, serving
from workers.scoring import download, weights
from workers.scoring.network_files import NetworkFile, UrlSource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTENT = np.random.default_rng(7).bytes(3_000_000)
WRONG = np.random.default_rng(8).bytes(3_000_000)
DIGEST = hashlib.sha256(CONTENT).hexdigest()
ENTRY = NetworkFile(
    name="wise",
    purpose="identity: to be tested",
    licence="MIT",
    file="wise.bin",
    size=len(CONTENT),
    sha256=DIGEST,
    kept_sha256=DIGEST,
    sources=(),
)
WAY = weights.Way(retries=download.RetryPolicy(base_seconds=0.0, read_seconds=5.0))


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving(FileServer(CONTENT)) as running:
        yield running


@pytest.fixture
def nets(tmp_path: Path) -> Path:
    return tmp_path / "nets"


def offered_by(monkeypatch: pytest.MonkeyPatch, *urls: str, **changes: Any) -> NetworkFile:
    """Make the catalogue one entry with these sources."""
    entry = replace(ENTRY, sources=tuple(UrlSource(url=url) for url in urls), **changes)
    monkeypatch.setattr(weights, "NETWORK_FILES", (entry,))
    return entry


def files_in(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"}


def test_a_download_that_breaks_off_goes_on_where_it_stopped(server, nets, monkeypatch):
    offered_by(monkeypatch, server.url)
    server.cuts = [1_000_000, 800_000]

    (pulled,) = weights.pull(["wise"], nets, way=WAY)

    assert pulled.path.read_bytes() == CONTENT
    assert files_in(nets) == {"wise.bin", "wise.bin.json"}
    first, second, third = server.asked
    assert "range" not in first
    assert second["if-range"] == third["if-range"] == '"one"'
    # What a broken connection loses is at most what was on its way into the file.
    assert server.sent < len(CONTENT) + 2 * 70_000


def test_what_an_earlier_pull_left_is_continued_by_the_next(server, nets, monkeypatch):
    offered_by(monkeypatch, server.url)
    server.cuts = [2_000_000]
    server.statuses = []
    impatient = replace(WAY, retries=download.RetryPolicy(tries=1, most_tries=1))

    with pytest.raises(Unavailable, match="did not answer") as broken:
        weights.pull(["wise"], nets, way=impatient)
    kept = weights.unfinished(nets, weights.entry("wise"))
    (pulled,) = weights.pull(["wise"], nets, way=impatient)

    assert "kept" in broken.value.hint or "--from" in broken.value.hint
    assert 1_900_000 < kept <= 2_000_000
    assert server.asked[1]["range"] == f"bytes={kept}-"
    assert pulled.sha256 == DIGEST


def test_a_server_without_ranges_starts_again(server, nets, monkeypatch):
    offered_by(monkeypatch, server.url)
    server.ranges = False
    server.cuts = [1_500_000]

    (pulled,) = weights.pull(["wise"], nets, way=WAY)

    assert pulled.path.read_bytes() == CONTENT


def test_a_file_that_changed_between_two_tries_is_not_joined(server, nets, monkeypatch):
    offered_by(monkeypatch, server.url, size=None, sha256=None, kept_sha256=None)
    server.content, server.cuts = WRONG, [1_000_000]
    once = replace(WAY, trust_unknown=True, retries=download.RetryPolicy(tries=1, most_tries=1))
    with pytest.raises(Unavailable):
        weights.pull(["wise"], nets, way=once)

    server.content, server.etag = CONTENT, '"two"'
    (pulled,) = weights.pull(["wise"], nets, way=once)

    assert pulled.path.read_bytes() == CONTENT


def test_an_older_part_of_another_file_costs_one_more_download_and_no_more(server, nets, monkeypatch):
    offered_by(monkeypatch, server.url)
    server.etag = None
    server.content, server.cuts = WRONG, [1_000_000]
    with pytest.raises(Unavailable):
        weights.pull(["wise"], nets, way=replace(WAY, retries=download.RetryPolicy(tries=1, most_tries=1)))

    server.content = CONTENT
    (pulled,) = weights.pull(["wise"], nets, way=WAY)

    assert pulled.path.read_bytes() == CONTENT
    assert [("range" in asked) for asked in server.asked] == [False, True, False]


def test_a_part_that_is_already_whole_is_not_fetched_again(server, nets, monkeypatch):
    entry = offered_by(monkeypatch, server.url)
    part = nets / ".pulling" / f"{entry.file}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(CONTENT)
    told = {"url": server.url, "sha256": DIGEST, "validator": '"one"'}
    part.with_name(f"{part.name}.json").write_text(json.dumps(told))

    (pulled,) = weights.pull(["wise"], nets, way=WAY)

    assert pulled.sha256 == DIGEST
    assert server.sent == 0


def test_a_source_with_wrong_bytes_is_passed_over_for_the_next(server, nets, monkeypatch):
    with serving(FileServer(WRONG)) as liar:
        offered_by(monkeypatch, liar.url, server.url)

        (pulled,) = weights.pull(["wise"], nets, way=WAY)

    assert pulled.path.read_bytes() == CONTENT
    assert json.loads((nets / "wise.bin.json").read_text())["source"] == server.url


def test_wrong_bytes_everywhere_are_refused_and_leave_nothing(server, nets, monkeypatch):
    offered_by(monkeypatch, server.url)
    server.content = WRONG

    with pytest.raises(BadInput, match="not the file the catalogue describes"):
        weights.pull(["wise"], nets, way=WAY)

    assert files_in(nets) == set()


def test_a_file_of_another_size_is_refused_before_it_is_fetched(server, nets, monkeypatch):
    offered_by(monkeypatch, server.url)
    server.content = CONTENT * 2

    with pytest.raises(BadInput, match="6000000 bytes, not 3000000"):
        weights.pull(["wise"], nets, way=WAY)

    assert files_in(nets) == set()


def test_a_body_that_does_not_end_is_cut_off(server, nets, monkeypatch):
    offered_by(monkeypatch, server.url)
    server.content, server.chunked = CONTENT * 2, True

    with pytest.raises(BadInput, match="goes on after 3000000 bytes"):
        weights.pull(["wise"], nets, way=WAY)

    assert files_in(nets) == set()


def test_a_server_that_stumbles_is_asked_again_after_what_it_asked_for(server, nets, monkeypatch):
    waits: list[float] = []
    offered_by(monkeypatch, server.url)
    server.statuses, server.retry_after = [503, 429], "7"
    retries = download.RetryPolicy(base_seconds=0.01, sleep=waits.append)

    (pulled,) = weights.pull(["wise"], nets, way=weights.Way(retries=retries))

    assert pulled.sha256 == DIGEST
    assert waits == [7.0, 7.0]


def test_patience_ends(server, nets, monkeypatch):
    waits: list[float] = []
    offered_by(monkeypatch, server.url)
    server.statuses = [500] * 50
    retries = download.RetryPolicy(base_seconds=1.0, sleep=waits.append)

    with pytest.raises(Unavailable, match="status 500"):
        weights.pull(["wise"], nets, way=weights.Way(retries=retries))

    assert len(server.asked) == 4
    assert len(waits) == 3
    assert waits == sorted(waits)
    assert sum(waits) < 10


def test_a_source_that_says_no_is_not_asked_twice(server, nets, monkeypatch):
    with serving(FileServer(CONTENT, statuses=[404])) as gone:
        offered_by(monkeypatch, gone.url, server.url)

        weights.pull(["wise"], nets, way=WAY)

        assert len(gone.asked) == 1


def test_a_mirror_is_asked_first_by_the_name_under_which_the_file_is_kept(server, nets, monkeypatch):
    with serving(FileServer(WRONG)) as origin:
        offered_by(monkeypatch, origin.url)

        weights.pull(["wise"], nets, way=replace(WAY, mirror=server.url.removesuffix("/net.bin") + "/nets/"))

        assert origin.asked == []
    assert server.asked[0]["path"] == "/nets/wise.bin"


def test_a_disk_that_is_too_small_is_said_before_anything_is_fetched(server, nets, monkeypatch):
    offered_by(monkeypatch, server.url)
    monkeypatch.setattr(download.shutil, "disk_usage", lambda folder: _Disk(free=4_000_000))

    with pytest.raises(NotHere, match="needs 3 MiB, but the disk"):
        weights.pull(["wise"], nets, way=WAY)

    assert server.asked == []
    assert files_in(nets) == set()


def test_two_pulls_at_once_fetch_the_file_once(server, nets, monkeypatch):
    offered_by(monkeypatch, server.url)
    server.hold = threading.Event()
    results: list[Any] = []
    pulls = [
        threading.Thread(target=lambda: results.append(weights.pull(["wise"], nets, way=WAY)), daemon=True)
        for _ in range(2)
    ]

    for each in pulls:
        each.start()
    assert server.half_sent.wait(timeout=20)
    server.hold.set()
    for each in pulls:
        each.join(timeout=30)

    assert [result[0].sha256 for result in results] == [DIGEST, DIGEST]
    assert len(server.asked) == 1


def test_memory_does_not_grow_with_the_file(nets, monkeypatch):
    big = b"\0" * 64_000_000
    digest = hashlib.sha256(big).hexdigest()
    with serving(FileServer(big)) as server:
        offered_by(monkeypatch, server.url, size=len(big), sha256=digest, kept_sha256=digest)
        peak_bytes = _traced_peak(lambda: weights.pull(["wise"], nets, way=WAY))

    assert peak_bytes < 4_000_000


_PULL = """
import sys
from dataclasses import replace
from pathlib import Path
from tests.integration.commands import test_networks as t
from workers.scoring import weights
weights.NETWORK_FILES = (replace(t.ENTRY, sources=(t.UrlSource(url=sys.argv[1]),)),)
weights.pull(["wise"], Path(sys.argv[2]), way=t.WAY)
"""


def test_ctrl_c_keeps_the_part_and_the_next_pull_goes_on(server, nets, monkeypatch):
    entry = offered_by(monkeypatch, server.url)
    server.hold = threading.Event()
    child = subprocess.Popen(
        [sys.executable, "-c", _PULL, server.url, str(nets)], cwd=os.getcwd(), stderr=subprocess.PIPE
    )
    assert server.half_sent.wait(timeout=60)
    _until(lambda: weights.unfinished(nets, entry) > 1_000_000)

    child.send_signal(signal.SIGINT)
    child.communicate(timeout=30)
    kept = weights.unfinished(nets, entry)
    server.hold.set()
    (pulled,) = weights.pull(["wise"], nets, way=WAY)

    assert child.returncode != 0
    assert 0 < kept < len(CONTENT)
    assert server.asked[-1]["range"] == f"bytes={kept}-"
    assert pulled.path.read_bytes() == CONTENT


@pytest.fixture
def terminal(tmp_path: Path, nets: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings of a machine whose networks folder is the test's."""
    monkeypatch.setenv("FARM_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("FARM_NETWORKS_DIR", str(nets))
    monkeypatch.chdir(tmp_path)
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.usefixtures("terminal")
def test_non_commercial_weights_are_refused_where_nobody_can_be_asked(server, nets, monkeypatch, capsys):
    offered_by(monkeypatch, server.url, non_commercial=True, licence="for research only")

    refused = main(["networks", "pull", "wise"])
    said = capsys.readouterr().err
    agreed = main(["networks", "pull", "wise", "--yes"])

    assert refused == Exit.BAD_INPUT
    assert "for research only" in said
    assert "--yes" in said
    assert agreed == Exit.OK
    assert (nets / "wise.bin").read_bytes() == CONTENT


@pytest.mark.usefixtures("terminal")
def test_the_mirror_of_the_settings_is_used(server, nets, monkeypatch, capsys):
    offered_by(monkeypatch)
    monkeypatch.setenv("FARM_NETWORKS_MIRROR", server.url.removesuffix("/net.bin"))
    settings.cache_clear()

    code = main(["networks", "pull", "wise", "--json"])

    (item,) = json.loads(capsys.readouterr().out)["items"]
    assert code == Exit.OK
    assert item["installed"] is True
    assert item["sha256"] == DIGEST


@pytest.mark.usefixtures("terminal")
def test_one_network_that_cannot_be_had_does_not_keep_the_others_away(server, nets, monkeypatch, capsys):
    good = replace(ENTRY, sources=(UrlSource(url=server.url),))
    gone = replace(ENTRY, name="gone", file="gone.bin", sources=(UrlSource(url="http://127.0.0.1:9/x"),))
    monkeypatch.setattr(weights, "NETWORK_FILES", (gone, good))

    code = main(["networks", "pull", "gone", "wise", "--json"])

    told = json.loads(capsys.readouterr().out)
    assert code == Exit.NOT_HERE
    assert [item["name"] for item in told["items"]] == ["wise"]
    assert [item["name"] for item in told["failed"]] == ["gone"]


class _Disk:
    def __init__(self, free: int) -> None:
        self.free = free


def _traced_peak(work: Any) -> int:
    import tracemalloc

    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _until(ready: Any, seconds: float = 20.0) -> None:
    import time

    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)
