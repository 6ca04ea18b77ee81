"""What ComfyUI says when something fails, in the words of the systems it runs on, is known as what it is."""

from __future__ import annotations

from io import BytesIO

import pytest
import requests

from models.errors import Unavailable
from models.vocabulary import ErrorKind
from workers.renderers.comfyui import faults
from workers.renderers.comfyui.client import ComfyUIClient


def failed_with(message: str, exception_type: str = "RuntimeError") -> tuple[ErrorKind, str]:
    error = {"node_id": "3", "node_type": "KSampler", "exception_message": message}
    told = faults.failed([["execution_error", error | {"exception_type": exception_type}]])
    return told.error_kind, told.message


@pytest.mark.parametrize(
    ("message", "exception_type"),
    [
        ("Allocation on device 0 would exceed allowed memory. (out of memory)", "torch.OutOfMemoryError"),
        (
            "Allocation on device \nThis error means you ran out of memory on your GPU.",
            "torch.OutOfMemoryError",
        ),
        ("CUDA out of memory. Tried to allocate 20.00 GiB.", "torch.cuda.OutOfMemoryError"),
        ("CUDA error: out of memory", "torch.AcceleratorError"),
        ("HIP out of memory. Tried to allocate 2.00 GiB.", "torch.OutOfMemoryError"),
        ("MPS backend out of memory (MPS allocated: 9.05 GB)", "RuntimeError"),
        ("Could not allocate tensor. There is not enough GPU video memory available!", "RuntimeError"),
        ("Native API failed. Native API returns: 39 (UR_RESULT_ERROR_OUT_OF_DEVICE_MEMORY)", "RuntimeError"),
        ("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`", "RuntimeError"),
    ],
)
def test_a_card_that_ran_out_of_memory_is_known_on_every_backend(message: str, exception_type: str) -> None:
    kind, sentence = failed_with(message, exception_type)

    assert kind is ErrorKind.OUT_OF_MEMORY
    assert sentence.startswith("The card ran out of memory in KSampler")


@pytest.mark.parametrize(
    ("message", "exception_type"),
    [
        (
            "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you "
            "tried to allocate 274877906944 bytes. Error code 12 (Cannot allocate memory)\n",
            "RuntimeError",
        ),
        ("[enforce fail at alloc_cpu.cpp:116] data. DefaultCPUAllocator: not enough memory", "RuntimeError"),
        ("Unable to allocate 275. GiB for an array with shape (4096, 4, 2048, 2048)", "MemoryError"),
        ("", "MemoryError"),
    ],
)
def test_a_machine_that_ran_out_of_memory_is_not_taken_for_its_card(message: str, exception_type: str) -> None:
    kind, sentence = failed_with(message, exception_type)

    assert kind is ErrorKind.OUT_OF_MEMORY
    assert sentence.startswith("The machine ran out of memory in KSampler")


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("[Errno 28] No space left on device: 'output/farm/a.png'", ErrorKind.DISK_FULL),
        ("mat1 and mat2 shapes cannot be multiplied (77x768 and 2048x320)", ErrorKind.BUG),
        ("Error while deserializing header: header too small", ErrorKind.BUG),
        ("the memory of a dream", ErrorKind.BUG),
    ],
)
def test_any_other_failure_is_no_lack_of_memory(message: str, kind: ErrorKind) -> None:
    assert failed_with(message)[0] is kind


@pytest.mark.parametrize(
    "said", [b"[]", b"null", b'{"system": null}', b'{"system": {}, "devices": [1]}', b"ok"]
)
def test_another_service_at_the_address_is_told_from_a_comfyui(
    monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    answer = requests.Response()
    answer.status_code, answer.url, answer.raw = 200, "http://127.0.0.1:8188/system_stats", BytesIO(said)
    monkeypatch.setattr(requests.Session, "request", lambda *_, **__: answer)

    with pytest.raises(Unavailable, match="Is this address really a ComfyUI"):
        ComfyUIClient("http://127.0.0.1:8188").stats()
