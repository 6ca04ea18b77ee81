"""One prompt's life at a ComfyUI that lies, goes deaf, forgets and dies."""

from __future__ import annotations

import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from models.errors import LeaseLost, StepFailed, Unavailable
from models.vocabulary import ErrorKind
from workers.renderers.comfyui.client import ComfyUIClient, OutputFile
from workers.renderers.comfyui.listening import Listener
from workers.renderers.comfyui.queued_prompt import Patience, Prompt, sweep

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.comfyui_fixture import StandInProcess

QUICK = Patience(poll=0.05, unknown=0.6, silent=3.0, cancel=5.0)


def graph(prefix: str, **changed: Any) -> dict[str, Any]:
    """A still from core nodes."""
    sampler = {
        "model": ["1", 0],
        "seed": 7,
        "steps": 4,
        "cfg": 7.0,
        "sampler_name": "euler",
        "scheduler": "normal",
        "positive": ["2", 0],
        "negative": ["2", 0],
        "latent_image": ["3", 0],
        "denoise": 1.0,
    } | changed
    return {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "tiny.safetensors"}},
        "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a girl", "clip": ["1", 1]}},
        "3": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}},
        "4": {"class_type": "KSampler", "inputs": sampler},
        "5": {"class_type": "VAEDecode", "inputs": {"samples": ["4", 0], "vae": ["1", 2]}},
        "9": {"class_type": "SaveImage", "inputs": {"images": ["5", 0], "filename_prefix": f"{prefix}/take"}},
    }


class Order:
    """One prompt and what the tests do with it."""

    def __init__(self, comfyui: StandInProcess, timeout: tuple[float, float] = (2.0, 2.0)) -> None:
        self.prefix = f"farm/{uuid.uuid4()}/1"
        self.server = ComfyUIClient(comfyui.url, timeout)
        self.prompt = Prompt(
            self.server, prompt_id=str(uuid.uuid4()), client_id="worker-1", prefix=self.prefix, patience=QUICK
        )

    def hand_in(self, **changed: Any) -> None:
        self.prompt.hand_in(graph(self.prefix, **changed), {}, alive=lambda: True)

    def make(self, **changed: Any) -> list[OutputFile]:
        self.hand_in(**changed)
        return self.prompt.follow(alive=lambda: True)

    def is_queued(self) -> bool:
        return any(item.prompt_id == self.prompt.prompt_id for item in self.server.queue())


def wait_until(condition: Any, seconds: float = 10.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.01)


def test_a_prompt_makes_one_file_in_its_own_folder(comfyui: StandInProcess, tmp_path: Path) -> None:
    order = Order(comfyui)

    (file,) = order.make()

    assert file.subfolder == order.prefix
    assert order.server.download(file, tmp_path).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "traps",
    [
        {"deaf_socket": True},
        {"drop_socket": 2},
        {"history_lag": 0.3},
        {"busy": 2},
    ],
    ids=str,
)
def test_what_the_socket_and_a_slow_history_do_changes_nothing(
    comfyui: StandInProcess, traps: dict[str, Any]
) -> None:
    order = Order(comfyui)
    comfyui.trap(**traps)

    with Listener(
        comfyui.url,
        client_id="worker-1",
        prompt_id=order.prompt.prompt_id,
        progress=lambda done, total: None,
        nudge=order.prompt.nudge,
    ):
        files = order.make()

    assert len(files) == 1


def test_the_socket_tells_real_steps(comfyui: StandInProcess) -> None:
    order = Order(comfyui)
    comfyui.trap(step_seconds=0.1)
    heard: list[tuple[int, int]] = []

    with Listener(
        comfyui.url,
        client_id="worker-1",
        prompt_id=order.prompt.prompt_id,
        progress=lambda done, total: heard.append((done, total)),
        nudge=order.prompt.nudge,
    ):
        order.make(steps=10)

    assert heard[-1] == (10, 10)
    assert [done for done, _ in heard] == sorted(done for done, _ in heard)


def test_an_answer_200_with_node_errors_is_a_refusal_and_nothing_goes_on_running(
    comfyui: StandInProcess,
) -> None:
    order = Order(comfyui)
    comfyui.trap(half_graph=1, step_seconds=0.5)

    with pytest.raises(StepFailed, match="refused") as refused:
        order.make()

    assert refused.value.error_kind is ErrorKind.BAD_RECIPE
    assert not order.is_queued()


def test_a_missing_model_is_named_with_the_nearest(comfyui: StandInProcess) -> None:
    order = Order(comfyui)
    wrong = graph(order.prefix)
    wrong["1"]["inputs"]["ckpt_name"] = "tiny.safetensor"

    with pytest.raises(StepFailed) as refused:
        order.prompt.hand_in(wrong, {}, alive=lambda: True)

    assert refused.value.error_kind is ErrorKind.MISSING_CHECKPOINT
    assert "tiny.safetensors" in refused.value.hint


@pytest.mark.parametrize("version", ["0.3.64", "0.33.0"])
def test_a_node_type_the_server_lacks_is_named(comfyui: StandInProcess, version: str) -> None:
    order = Order(comfyui)
    comfyui.trap(version=version)
    wrong = graph(order.prefix) | {"7": {"class_type": "IPAdapterAdvanced", "inputs": {}}}

    with pytest.raises(StepFailed, match="IPAdapterAdvanced"):
        order.prompt.hand_in(wrong, {}, alive=lambda: True)


def test_a_post_that_was_taken_but_never_answered_is_not_sent_again(comfyui: StandInProcess) -> None:
    order = Order(comfyui, timeout=(1.0, 0.5))
    comfyui.trap(silent_post=1)

    files = order.make()

    assert len(files) == 1
    assert comfyui.seen().count("prompt") == 1


def test_a_post_that_was_lost_is_sent_again(comfyui: StandInProcess) -> None:
    order = Order(comfyui)
    comfyui.trap(drop_post=2)

    files = order.make()

    assert len(files) == 1
    assert comfyui.seen().count("prompt") == 3


def test_a_lost_interrupt_is_repeated_until_the_queue_is_empty(comfyui: StandInProcess) -> None:
    order = Order(comfyui)
    comfyui.trap(lost_interrupt=2, step_seconds=0.2)
    order.hand_in(steps=1000)
    wait_until(order.is_queued)

    with pytest.raises(LeaseLost):
        order.prompt.follow(alive=lambda: False)

    assert not order.is_queued()


def test_a_waiting_prompt_is_taken_out_of_the_queue(comfyui: StandInProcess) -> None:
    comfyui.trap(step_seconds=0.2)
    running, waiting = Order(comfyui), Order(comfyui)
    running.hand_in(steps=1000)
    waiting.hand_in()

    with pytest.raises(LeaseLost):
        waiting.prompt.follow(alive=lambda: False)

    assert not waiting.is_queued()
    assert running.is_queued()


def test_a_prompt_that_vanishes_is_lost_so_that_it_is_rendered_again(comfyui: StandInProcess) -> None:
    order = Order(comfyui)
    comfyui.trap(vanish=1)

    with pytest.raises(StepFailed, match="no longer knows") as lost:
        order.make()

    assert lost.value.error_kind is ErrorKind.WORKER_LOST


def test_a_server_killed_in_mid_prompt_and_started_again_has_lost_it(comfyui: StandInProcess) -> None:
    order = Order(comfyui)
    comfyui.trap(step_seconds=0.2)
    order.hand_in(steps=1000)
    killer = threading.Thread(target=lambda: (comfyui.kill(), comfyui.start()))
    killer.start()

    with pytest.raises(StepFailed) as lost:
        order.prompt.follow(alive=lambda: True)

    killer.join()
    assert lost.value.error_kind is ErrorKind.WORKER_LOST


def test_a_server_that_stays_dead_is_given_up(comfyui: StandInProcess) -> None:
    order = Order(comfyui)
    comfyui.kill()

    with pytest.raises(StepFailed) as silent:
        order.make()

    assert silent.value.error_kind is ErrorKind.UNAVAILABLE


def test_files_of_another_attempt_are_never_taken_for_this_one(comfyui: StandInProcess) -> None:
    first = Order(comfyui)
    first.make()
    second = Order(comfyui)
    stale = graph(first.prefix)

    second.prompt.hand_in(stale, {}, alive=lambda: True)
    with pytest.raises(StepFailed, match="cache") as cached:
        second.prompt.follow(alive=lambda: True)

    assert cached.value.error_kind is ErrorKind.BAD_OUTPUT


def test_out_of_memory_is_known_as_what_it_is(comfyui: StandInProcess) -> None:
    order = Order(comfyui)
    comfyui.trap(oom=1)

    with pytest.raises(StepFailed, match="KSampler") as failed:
        order.make()

    assert failed.value.error_kind is ErrorKind.OUT_OF_MEMORY


def test_any_other_error_names_its_node(comfyui: StandInProcess) -> None:
    order = Order(comfyui)
    comfyui.trap(node_error=1)

    with pytest.raises(StepFailed, match=r"KSampler .*mat1") as failed:
        order.make()

    assert failed.value.error_kind is ErrorKind.BUG


def test_a_download_cut_short_is_not_a_picture(comfyui: StandInProcess, tmp_path: Path) -> None:
    order = Order(comfyui)
    (file,) = order.make()
    comfyui.trap(half_view=1)

    with pytest.raises(Unavailable):
        order.server.download(file, tmp_path)


def test_a_worker_that_starts_again_interrupts_what_it_left(comfyui: StandInProcess) -> None:
    comfyui.trap(step_seconds=0.2)
    left = Order(comfyui)
    left.hand_in(steps=1000)

    count = sweep(left.server, "worker-1", QUICK)

    assert count == 1
    assert not left.is_queued()


def test_an_upload_under_a_taken_name_is_used_under_the_name_it_got(
    comfyui: StandInProcess, tmp_path: Path
) -> None:
    server = ComfyUIClient(comfyui.url)
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "reference.png").write_bytes(folder.encode())

    names = {server.upload(tmp_path / folder / "reference.png") for folder in ("one", "two")}

    assert len(names) == 2
    assert all(name.startswith("farm/reference") for name in names)
