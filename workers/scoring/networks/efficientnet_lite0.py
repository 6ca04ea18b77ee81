"""EfficientNet-lite0: one pass over a picture gives edges and textures (mid) up to objects (late)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from models.disk import sha256_of
from workers.scoring.frames import short_side
from workers.scoring.networks.onnx_session import device_of, open_session, translated_memory_errors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from onnxruntime import InferenceSession

    State = dict[str, NDArray[np.float32]]

NAME = "efficientnet-lite0"

#: (expansion, channels, repeats, stride of the first, kernel) of each group of blocks
_GROUPS = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)
#: blocks whose output is handed out, at strides 4, 8 and 16, and their names
_TAPS = {2: "fine", 4: "middle", 10: "coarse"}
_EPSILON = 1e-3


@dataclass(frozen=True, slots=True)
class Features:
    """What one pass gives for N pictures of `(H, W)`."""

    fine: torch.Tensor  #: (N, 24, H/4, W/4): lines and flat colour
    middle: torch.Tensor  #: (N, 40, H/8, W/8): small shapes
    coarse: torch.Tensor  #: (N, 112, H/16, W/16): parts such as eyes and fringes
    late: torch.Tensor  #: (N, 1280): the whole picture, pooled


class EfficientNetLite0:
    """Trained on ImageNet photographs; loads in about 0.3 s.

    Runs in onnxruntime, which is four times as fast as torch at these many small convolutions on one core.
    """

    name = NAME

    def __init__(self, path: Path, device: str | None = None) -> None:
        self.sha256 = sha256_of(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
        arrays = {key: np.asarray(value.numpy()) for key, value in state.items()}
        taps = tuple(_TAPS.values())
        self._parts = open_session(_Graph(arrays, taps).model, NAME, device)
        self._whole = open_session(_Graph(arrays, (*taps, "late")).model, NAME, device)
        self.device = device_of(self._whole)

    def features(self, frames: Sequence[NDArray[np.uint8]]) -> Features:
        """Features of frames `(H, W, 3)` uint8 RGB of one size."""
        fine, middle, coarse, late = _run(self._whole, frames)
        return Features(fine, middle, coarse, late)

    def embed(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The late layer `(1280,)` of one picture, brought to a short side of 224 px."""
        with translated_memory_errors():
            (late,) = self._whole.run(["late"], {"frames": short_side(picture, 224)[None]})
        return np.asarray(late[0], dtype=np.float32)

    def parts(self, frames: Sequence[NDArray[np.uint8]]) -> Features:
        """As `features` without the last third, for finding heads and styles; `late` is empty."""
        fine, middle, coarse = _run(self._parts, frames)
        return Features(fine, middle, coarse, torch.zeros((len(frames), 0)))


def _run(session: InferenceSession, frames: Sequence[NDArray[np.uint8]]) -> list[torch.Tensor]:
    with translated_memory_errors():
        return [torch.from_numpy(layer) for layer in session.run(None, {"frames": np.stack(frames)})]


class _Graph:
    """The network up to the layers that are asked for, built from the arrays of the weights file.

    Batch normalisation is folded into the convolution before it; the ImageNet classes are left out.
    """

    def __init__(self, state: State, outputs: tuple[str, ...]) -> None:
        self._state = state
        self._nodes: list[onnx.NodeProto] = []
        self._arrays: list[onnx.TensorProto] = []
        self._array("low", np.float32(0.0))
        self._array("high", np.float32(6.0))
        self._build(outputs)
        graph = helper.make_graph(
            self._nodes,
            NAME,
            [helper.make_tensor_value_info("frames", TensorProto.UINT8, ["n", "h", "w", 3])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
            self._arrays,
        )
        # Versions that every onnxruntime of the last years reads; nothing newer is used.
        opset = helper.make_opsetid("", 17)
        self.model: bytes = helper.make_model(graph, opset_imports=[opset], ir_version=9).SerializeToString()

    def _build(self, outputs: tuple[str, ...]) -> None:
        x = self._convolution(self._prepared(), "_conv_stem", "_bn0", stride=2)
        before, number = 32, 0
        for expansion, channels, repeats, stride, _ in _GROUPS:
            for step in (stride, *(1,) * (repeats - 1)):
                adds = step == 1 and before == channels
                x = self._block(x, number, expands=expansion > 1, stride=step, adds=adds)
                if x == outputs[-1]:
                    return
                before, number = channels, number + 1
        x = self._convolution(x, "_conv_head", "_bn1")
        self._node("ReduceMean", [x], "late", axes=[2, 3], keepdims=0)

    def _prepared(self) -> str:
        """Frames as these weights want them: channels first, (x - 127) / 128."""
        self._array("centre", np.float32(127.0))
        self._array("scale", np.float32(1.0 / 128.0))
        self._node("Cast", ["frames"], "floats", to=TensorProto.FLOAT)
        self._node("Transpose", ["floats"], "channels first", perm=[0, 3, 1, 2])
        self._node("Sub", ["channels first", "centre"], "centred")
        return self._node("Mul", ["centred", "scale"], "pixels")

    def _block(self, x: str, number: int, *, expands: bool, stride: int, adds: bool) -> str:
        """Expand, filter each channel, project; added to its input where the shapes allow."""
        block, name = f"_blocks.{number}.", _TAPS.get(number, f"block {number}")
        y = self._convolution(x, f"{block}_expand_conv", f"{block}_bn0") if expands else x
        y = self._convolution(y, f"{block}_depthwise_conv", f"{block}_bn1", stride=stride, each_channel=True)
        y = self._convolution(
            y, f"{block}_project_conv", f"{block}_bn2", linear=True, name=None if adds else name
        )
        return self._node("Add", [x, y], name) if adds else y

    def _convolution(
        self,
        x: str,
        kernel: str,
        norm: str,
        *,
        stride: int = 1,
        each_channel: bool = False,
        linear: bool = False,
        name: str | None = None,
    ) -> str:
        """A convolution under the padding these weights were trained with, and ReLU6 unless it is linear."""
        weight = self._state[f"{kernel}.weight"]
        scale = self._state[f"{norm}.weight"] / np.sqrt(self._state[f"{norm}.running_var"] + _EPSILON)
        self._array(f"{kernel} w", weight * scale[:, None, None, None])
        self._array(f"{kernel} b", self._state[f"{norm}.bias"] - self._state[f"{norm}.running_mean"] * scale)
        y = self._node(
            "Conv",
            [x, f"{kernel} w", f"{kernel} b"],
            name or f"{kernel} y",
            kernel_shape=list(weight.shape[2:]),
            strides=[stride, stride],
            group=len(weight) if each_channel else 1,
            # The odd pixel goes right and down.
            auto_pad="SAME_UPPER",
        )
        return y if linear else self._node("Clip", [y, "low", "high"], f"{kernel} relu")

    def _node(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self._nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def _array(self, name: str, array: NDArray[np.float32] | np.float32) -> None:
        self._arrays.append(numpy_helper.from_array(np.asarray(array, dtype=np.float32), name))
