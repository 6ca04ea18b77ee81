"""Files of takes over HTTP: whole, by ranges, and only where the caller has not got them already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from farm.client.routes import PREFIX
from models.access import Scope
from models.takes import SIDECAR, THUMBNAIL
from tests.support.factories import finish

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi.testclient import TestClient

    from farm.client import Farm
    from models.shows import StoredShow

MASTER = bytes(range(256)) * 8


@pytest.fixture
def take(home: Farm, show: StoredShow) -> str:
    """The address of a take's files, which lie published in the store."""
    job_id = home.submit(project=show.project, cut=next(iter(show.cuts))).job_id
    with home.store.scratch(job_id, 1) as folder:
        contents = {"master.png": MASTER, THUMBNAIL: b"small", SIDECAR: b"{}"}
        paths = [folder / name for name in contents]
        for path, content in zip(paths, contents.values(), strict=True):
            path.write_bytes(content)
        home.store.publish(job_id, 1, paths[0], beside=paths[1:])
    with home.database.transaction() as session:
        finish(session, job_id)
    return f"{PREFIX}/jobs/{job_id}/take"


def test_each_file_comes_whole_as_what_it_is_and_may_be_kept(http: TestClient, take: str) -> None:
    for which, kind, content in (
        ("master", "image/png", MASTER),
        ("thumbnail", "image/webp", b"small"),
        ("sidecar", "application/json", b"{}"),
    ):
        answer = http.get(f"{take}/{which}")

        assert (answer.status_code, answer.headers["Content-Type"], answer.content) == (200, kind, content)
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_part_of_a_file_is_just_that_part(http: TestClient, take: str) -> None:
    for asked, content in (
        ("bytes=5-9", MASTER[5:10]),
        ("bytes=2040-", MASTER[2040:]),
        ("bytes=-3", MASTER[-3:]),
    ):
        answer = http.get(f"{take}/master", headers={"Range": asked})

        assert (answer.status_code, answer.content) == (206, content)
        assert answer.headers["Content-Range"].endswith(f"/{len(MASTER)}")
    beyond = http.get(f"{take}/master", headers={"Range": "bytes=9000-"})
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(MASTER)}")


def test_a_part_of_another_files_bytes_is_not_joined_to_it(http: TestClient, take: str) -> None:
    answer = http.get(f"{take}/master", headers={"Range": "bytes=5-9", "If-Range": '"another"'})

    assert (answer.status_code, answer.content) == (200, MASTER)


def test_who_has_a_file_already_is_told_so(http: TestClient, take: str) -> None:
    mark = http.get(f"{take}/master").headers["ETag"]

    for known in (mark, f'"another", {mark}', f"W/{mark}", "*"):
        answer = http.get(f"{take}/master", headers={"If-None-Match": known})
        assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", mark)
    assert http.get(f"{take}/master", headers={"If-None-Match": '"another"'}).status_code == 200
    assert http.get(f"{take}/thumbnail").headers["ETag"] != mark


def test_a_file_can_be_asked_after_without_its_bytes(http: TestClient, take: str) -> None:
    answer = http.head(f"{take}/master")

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(MASTER))


def test_ranges_that_make_no_sense_harm_nobody(http: TestClient, take: str) -> None:
    many = ",".join(f"{at}-{at}" for at in range(0, 2000, 2))
    for asked in (
        "bytes=9-5",
        "bytes=a-b",
        "frames=1-2",
        "bytes=",
        "bytes=-",
        f"bytes={many}",
        "bytes=0-" + "9" * 500,
    ):
        answer = http.get(f"{take}/master", headers={"Range": asked})

        assert answer.status_code in (200, 206, 400, 416)
        assert len(answer.content) <= 200 * len(MASTER)


def test_a_file_that_went_from_the_store_is_said_to_be_gone(home: Farm, http: TestClient, take: str) -> None:
    job_id = take.split("/")[-2]
    (home.store.root / "takes" / job_id / "1" / "master.png").unlink()

    answer = http.get(f"{take}/master")

    assert (answer.status_code, answer.json()["kind"]) == (404, "UnknownName")
    assert str(home.store.root) not in answer.text


def test_a_link_out_of_the_store_is_not_followed(home: Farm, http: TestClient, take: str) -> None:
    folder = home.store.root / "takes" / take.split("/")[-2] / "1"
    (folder / "master.png").unlink()
    (folder / "master.png").symlink_to("/etc/passwd")

    answer = http.get(f"{take}/master")

    assert answer.status_code in (403, 404, 422)
    assert "root:" not in answer.text


def test_whoever_may_not_read_gets_no_file(http: TestClient, take: str, key_for: Callable[..., str]) -> None:
    http.headers["Authorization"] = f"Bearer {key_for(Scope.SUBMIT)}"

    assert http.get(f"{take}/master").status_code == 403
