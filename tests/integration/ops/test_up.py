"""`farm up`, `farm down` and the commands between them, as real processes in a folder of their own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from farm.servers.ports import choose
from farm.servers.state import ServersState
from farm.servers.supervisor import wait_until
from tests.support import ROOT
from tests.support.state_folders import all_gone, with_children
from tests.support.terminal import Shell, a_shell

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHOW = ROOT / "examples" / "lantern_street" / "show.yaml"


class Flower:
    """The dashboard of a farm that is up, as somebody with the password sees it."""

    def __init__(self, shell: Shell) -> None:
        kept = json.loads((shell.folder / "state" / "flower.json").read_text())
        self.url = f"http://{kept['host']}:{kept['port']}"
        self.access = (kept["user"], kept["password"])

    def asked(self, what: str) -> Any:
        return requests.get(f"{self.url}/api/{what}", auth=self.access, timeout=10).json()

    def steps_of(self, subject: str) -> set[str]:
        """The tasks about it."""
        return {task["name"] for task in self.asked("tasks").values() if subject in (task["args"] or "")}


def answer(url: str, access: tuple[str, str] | None = None) -> int:
    """The status of its answer; 0 while nobody does."""
    try:
        return requests.get(url, auth=access, timeout=10).status_code
    except requests.RequestException:
        return 0


@pytest.fixture(scope="module")
def shell() -> Iterator[Shell]:
    """A folder in which the farm is up, with null and toon workers, because two brought it up at once."""
    with a_shell("up") as shell:
        pair = [shell.begin("up", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(2)]
        said = [up.communicate(timeout=150)[1] for up in pair]
        assert sorted(up.returncode for up in pair) == [0, 1], said
        yield shell


def test_of_two_ups_at_once_one_comes_up_and_the_other_harms_nothing(shell: Shell) -> None:
    assert shell.asked("jobs")["items"] == []


def test_up_starts_everything_and_flower_asks_for_its_password(shell: Shell) -> None:
    access = json.loads((shell.folder / "state" / "flower.json").read_text())
    url = f"http://{access['host']}:{access['port']}/workers"

    stranger = requests.get(url, timeout=10)
    friend = requests.get(url, auth=(access["user"], access["password"]), timeout=10)

    assert stranger.status_code == 401
    assert friend.status_code == 200
    assert (shell.folder / "state" / "flower.json").stat().st_mode & 0o077 == 0


def test_up_gives_this_machine_a_key_that_it_alone_reads(shell: Shell) -> None:
    file = shell.folder / "state" / "api_key"

    (key,) = shell.asked("keys", "list")["items"]

    assert file.read_text().startswith(key["prefix"])
    assert file.stat().st_mode & 0o077 == 0
    assert (key["scopes"], key["revoked_at"]) == (["admin"], None)


def test_no_password_stands_on_a_command_line_where_everybody_can_read_it(shell: Shell) -> None:
    access = json.loads((shell.folder / "state" / "flower.json").read_text())

    lines = [" ".join(process.cmdline()) for process in shell.processes()]

    assert any("flower" in line for line in lines)
    assert not [line for line in lines if access["password"] in line]


def test_a_second_up_in_the_same_folder_says_that_it_is_up_and_harms_nothing(shell: Shell) -> None:
    before = {process.pid for process in shell.processes()}

    second = shell.farm("up")

    assert second.returncode == 1
    assert "is up already" in second.stderr
    assert "farm down" in second.stderr
    assert before <= {process.pid for process in shell.processes()}
    assert shell.asked("jobs")["items"] == []


def test_the_doctor_finds_workers_servers_and_schema(shell: Shell) -> None:
    findings = {each["name"]: each for each in json.loads(shell.farm("doctor", "--json").stdout)["items"]}

    for name in ("PostgreSQL", "Valkey", "schema", "render worker", "score worker", "control worker", "flower"):
        assert findings[name]["health"] == "ok", findings[name]


def test_a_worker_that_is_killed_comes_back(shell: Shell) -> None:
    def render_worker() -> int | None:
        records = json.loads((shell.folder / "state" / "processes.json").read_text())["processes"]
        return next(record["mark"]["pid"] for record in records if record["name"] == "render-0")

    victim = render_worker()
    assert victim is not None
    os.kill(victim, signal.SIGKILL)

    assert wait_until(lambda: render_worker() != victim, 30)


def test_a_show_is_loaded_ordered_watched_and_judged_from_the_command_line(shell: Shell) -> None:
    loaded = shell.asked("show", "load", str(_SHOW), "--no-references")
    ordered = shell.farm(
        "submit",
        "-p",
        loaded["project"],
        "--cut",
        "1/10/10",
        "--seed",
        "7",
        "--size",
        "320x180",
        "--wait",
        "--json",
    )
    job = json.loads(ordered.stdout)["items"][0]
    told = shell.asked("job", job["id"])

    assert job["state"] == "completed"
    assert told["recipe"]["seed_text"] == "7"
    assert told["take"]["width"] == 320
    assert {attempt["step"] for attempt in told["attempts"]} == {"render", "score", "gate"}
    assert {score["metric"] for score in told["scores"]["measurements"]} >= {"decodable", "size", "identity"}
    assert told["why"]
    # Rendered, scored and read from the folder that was named, with nothing beside the state.
    assert list((shell.folder / "takes" / "takes" / job["id"]).rglob("master.*"))
    assert not (shell.folder / "state" / "artifacts").exists()


def test_flower_names_the_cut_of_each_step_and_the_queues_and_leaves_upkeep_out(shell: Shell) -> None:
    # The test before this one rendered it.
    page = Flower(shell)

    assert wait_until(lambda: len(page.steps_of("lantern-street ep001/sc010/c0010 still_image")) == 3, 20)

    assert page.steps_of("lantern-street ep001/sc010/c0010 still_image") == {
        "farm.render",
        "farm.score",
        "farm.gate",
    }
    assert {task["name"] for task in page.asked("tasks").values()} <= {"farm.render", "farm.score", "farm.gate"}
    queues = {each["name"] for each in page.asked("queues/length")["active_queues"]}
    assert queues >= {"render_queue.toon", "render_queue.null", "score", "gate", "control"}


def test_a_flower_that_is_started_by_hand_is_locked_and_only_watches(shell: Shell) -> None:
    page = Flower(shell)
    port = choose(asked=None, remembered=0, server="Flower")
    by_hand = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "tasks", "flower", f"--port={port}"],
        env=shell.environment,
        cwd=shell.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    url = f"http://127.0.0.1:{port}"

    try:
        assert wait_until(lambda: answer(f"{url}/workers") == 401, 60)
        assert answer(f"{url}/workers", page.access) == 200
        grown = requests.post(f"{url}/api/worker/pool/grow/anybody", auth=page.access, timeout=10)
        assert grown.status_code == 403
    finally:
        by_hand.kill()
        said = by_hand.communicate()[0]
    assert f"the password in {shell.folder / 'state' / 'flower.json'}" in said


def test_references_that_a_show_lacks_are_drawn_once_and_kept_the_second_time(shell: Shell) -> None:
    show = shell.folder / "alone.yaml"
    show.write_text("project: {slug: alone, name: Alone}\ncharacters: [{slug: mio, name: Mio}]\n")

    first = shell.asked("show", "load", str(show))["references"]
    again = shell.asked("show", "load", str(show))["references"]

    assert first["made"] == ["mio"]
    assert (again["made"], again["kept"]) == ([], first["made"])


def test_a_port_that_is_taken_is_named_with_its_setting_and_nothing_is_left_behind() -> None:
    with a_shell("port") as shell, socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        refused = shell.farm("up", FARM_FLOWER_PORT=str(port))

        assert refused.returncode == 4
        assert f"Port {port}" in refused.stderr
        assert "FARM_FLOWER_PORT" in refused.stderr
        assert shell.processes() == []


def test_a_state_folder_that_is_a_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    (tmp_path / "state").write_text("somebody's notes")

    refused = shell.farm("up")

    assert refused.returncode == 4
    assert "state" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert (tmp_path / "state").read_text() == "somebody's notes"


def test_in_the_foreground_an_interrupt_takes_everything_down() -> None:
    with a_shell("foreground") as shell:
        words = ("up", "--foreground", "--json")
        with shell.begin(*words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as farm:
            assert farm.stdout is not None
            assert farm.stdout.readline().startswith("{")

            farm.send_signal(signal.SIGINT)

            assert farm.wait(timeout=90) == 0
        assert wait_until(lambda: not shell.processes(), 20)


@pytest.mark.slow
def test_a_farm_whose_database_came_back_on_another_port_works_on() -> None:
    with a_shell("moved") as shell:
        assert shell.farm("up").returncode == 0
        postgres = ServersState(shell.folder / "state").load().postgres
        assert postgres.mark is not None
        doomed = with_children(postgres.mark.pid)
        os.kill(postgres.mark.pid, signal.SIGKILL)
        assert all_gone(doomed)
        with socket.create_server(("127.0.0.1", postgres.port)):
            log = shell.folder / "state" / "logs" / "keeper.log"
            assert wait_until(lambda: "flower was started again" in log.read_text(), 120)

            loaded = shell.asked("show", "load", str(_SHOW), "--no-references")
            order = ("--cut", "1/10/10", "--set", "renderer=null", "--wait", "--json")
            # It ends by the verdict, and the null renderer's pictures please nobody.
            ordered = json.loads(shell.farm("submit", "-p", loaded["project"], *order).stdout)

        assert [job["state"] for job in ordered["items"]] == ["completed"]
    assert shell.processes() == []


def test_down_drains_and_leaves_nothing_running(shell: Shell) -> None:
    down = shell.farm("down")

    assert down.returncode == 0, down.stderr
    assert wait_until(lambda: not shell.processes(), 20)
    assert shell.farm("jobs").returncode == 4
