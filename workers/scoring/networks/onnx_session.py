"""Open an ONNX network on the GPU when there really is one, else on the CPU, and tell which it became."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import onnxruntime
import torch

from models.errors import NotMeasured

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_log = logging.getLogger(__name__)

_CUDA, _CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
#: onnxruntime's word for "errors only": it warns of every provider that it does not use
_ERRORS_ONLY = 3


def open_session(model: bytes, entry: str, device: str | None = None) -> onnxruntime.InferenceSession:
    """A session over the bytes of a model; `entry` is its name in `networks.toml`, for errors.

    `device` is `cpu`, `cuda`, `cuda:1`, or chosen here. It uses as many CPU threads as torch does, so that
    `torch_device.set_threads` rules both.

    Raises:
        NotMeasured: the bytes are no ONNX model, or one that this onnxruntime cannot run.
        MemoryError: it does not fit into the memory of the device.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY
    options.intra_op_num_threads = torch.get_num_threads()
    options.inter_op_num_threads = 1
    # Networks take turns; one that has answered must not burn the cores that the next one needs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        with translated_memory_errors():
            session = onnxruntime.InferenceSession(model, options, providers=_providers(device))
    except MemoryError:
        raise
    except Exception as error:
        # Its errors have no base class of their own, and the texts hold paths and line numbers.
        raise NotMeasured(
            f"The file of {entry} is damaged: onnxruntime cannot load it ({type(error).__name__}).",
            hint=f"Run `farm networks pull {entry}`.",
        ) from error
    if _is_for_card(device) and device_of(session) == "cpu":
        _log.warning("onnxruntime cannot use the card, so %s runs on the CPU.", entry)
    return session


def device_of(session: onnxruntime.InferenceSession) -> str:
    """`cuda` or `cpu`: a session that was asked for CUDA falls back without a word, so the session is asked."""
    return "cuda" if session.get_providers()[0] == _CUDA else "cpu"


def require_shapes(
    session: onnxruntime.InferenceSession, entry: str, *, input_px: int | None, outputs: int
) -> None:
    """Refuse a sound model that is another one than its name says, before its numbers mean nothing.

    `input_px` is the side of the picture it takes, None where any will do; `outputs` is how many it gives.

    Raises:
        NotMeasured: it takes or gives something else.
    """
    shape = session.get_inputs()[0].shape
    fits = input_px is None or all(not isinstance(side, int) or side == input_px for side in shape[2:])
    if len(session.get_outputs()) != outputs or (input_px is not None and len(shape) != 4) or not fits:
        raise NotMeasured(
            f"The file of {entry} holds another network: it takes {shape} and gives "
            f"{len(session.get_outputs())} answers.",
            hint=f"Run `farm networks pull {entry}`.",
        )


@contextmanager
def translated_memory_errors() -> Iterator[None]:
    """Turn what onnxruntime says when memory ran out into `MemoryError`, which is retried on a larger card."""
    try:
        yield
    except Exception as error:
        if "Failed to allocate memory" in str(error) or "CUDA out of memory" in str(error):
            raise MemoryError(str(error)) from error
        raise


def _is_for_card(device: str | None) -> bool:
    # `get_available_providers` lists what the wheel was built with; only the driver knows of a GPU.
    return device.startswith("cuda") if device else torch.cuda.is_available()


def _providers(device: str | None) -> Sequence[Any]:
    if not _is_for_card(device) or _CUDA not in onnxruntime.get_available_providers():
        return [_CPU]
    # The CUDA libraries that torch brought along are found only when they are loaded first.
    onnxruntime.preload_dlls()
    settings = {
        "device_id": torch.device(device or "cuda").index or 0,
        # TF32 would move a number by which card measured it.
        "use_tf32": 0,
        # The renderer lives on the same card: grow by what is needed, not to the next power of two.
        "arena_extend_strategy": "kSameAsRequested",
        # The exhaustive search would begin anew for each number of faces.
        "cudnn_conv_algo_search": "HEURISTIC",
    }
    return [(_CUDA, settings), _CPU]
