"""ONNX files of the upstream networks' format and shapes, with seeded weights, that find red squares.

A face or a person is a red square on a picture without red; who it is, is painted on it in green and blue.
"""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from onnx import NodeProto

#: side of the square that `det_10g` takes for a face, in its 640 px: five cells of stride 16
FACE_PX = 80
#: side of the square that the person detector takes for a person, in its 640 px: five cells of stride 32
PERSON_PX = 160
_FLOAT = TensorProto.FLOAT
_STRIDES = (8, 16, 32)


class _Graph:
    """Nodes and weights of a network that is being written."""

    def __init__(self, seed: int = 0) -> None:
        self.nodes: list[NodeProto] = []
        self.weights: list[TensorProto] = []
        self.random = np.random.default_rng(seed)

    def weight(self, name: str, array: NDArray) -> str:
        self.weights.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def add(self, op: str, inputs: Sequence[str], output: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(op, list(inputs), [output], name=f"node_{output}", **attributes))
        return output

    def model(self, inputs: dict[str, list], outputs: dict[str, list]) -> bytes:
        graph = helper.make_graph(
            self.nodes,
            "seeded",
            [helper.make_tensor_value_info(name, _FLOAT, shape) for name, shape in inputs.items()],
            [helper.make_tensor_value_info(name, _FLOAT, shape) for name, shape in outputs.items()],
            self.weights,
        )
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8
        ).SerializeToString()

    def pattern_matrix(self, channels: int, places: int, numbers: int) -> str:
        """Seeded weights that see how a channel differs from place to place, not how bright it is."""
        matrix = self.random.normal(0, 0.1, (channels, places, numbers))
        matrix -= matrix.mean(axis=1, keepdims=True)
        return self.weight("matrix", matrix.reshape(channels * places, numbers).astype(np.float32))

    def redness(self, picture: str, stride: int, name: str) -> str:
        """How red the five by five cells around each cell are: a full red square only where one is centred."""
        mix = self.weight(f"{name}_mix", np.array([1.0, 0.0, 0.0], np.float32).reshape(1, 3, 1, 1))
        red = self.add("Conv", [picture, mix], f"{name}_red")
        cells = self.add("AveragePool", [red], f"{name}_cells", kernel_shape=[stride] * 2, strides=[stride] * 2)
        return self.add("AveragePool", [cells], f"{name}_around", kernel_shape=[5, 5], pads=[2, 2, 2, 2])


def detector() -> bytes:
    """`det_10g.onnx`: scores, boxes and five landmarks at strides 8, 16 and 32, two anchors a cell.

    Only stride 16 fires, and of the two anchors the first is the surer.
    """
    graph = _Graph()
    outputs: dict[str, list] = {}
    landmarks = np.array([38.3, 51.7, 73.5, 51.5, 56.0, 71.7, 41.5, 92.4, 70.7, 92.2], np.float32)
    for kind, width in (("score", 1), ("bbox", 4), ("kps", 10)):
        for stride in _STRIDES:
            name = f"{kind}_{stride}"
            if kind == "score":
                around = graph.redness("input.1", stride, name)
                # Normalised red of a full square is (255 - 127.5) / 128; half of it is far below the mark.
                gain = np.array([24.0, 22.0], np.float32).reshape(2, 1, 1, 1)
                bias = np.full(2, -20.0 if stride == 16 else -60.0, np.float32)
                weights = [graph.weight(f"{name}_gain", gain), graph.weight(f"{name}_bias", bias)]
                logit = graph.add("Conv", [around, *weights], f"{name}_logit")
                value = graph.add("Sigmoid", [logit], f"{name}_map")
            else:
                # In cells from the corner of the middle one; the landmarks lie as on an aligned face.
                per_anchor = [2.0, 2.0, 3.0, 3.0] if kind == "bbox" else (landmarks - 56.0) / 112.0 * 5.0 + 0.5
                two = np.concatenate([per_anchor, np.multiply(per_anchor, 0.9)]).astype(np.float32)
                none = graph.weight(f"{name}_none", np.zeros((len(two), 3, stride, stride), np.float32))
                same = graph.weight(f"{name}_same", two)
                value = graph.add(
                    "Conv",
                    ["input.1", none, same],
                    f"{name}_map",
                    kernel_shape=[stride] * 2,
                    strides=[stride] * 2,
                )
            rows = graph.add("Transpose", [value], f"{name}_rows", perm=[0, 2, 3, 1])
            shape = graph.weight(f"{name}_shape", np.array([-1, width], np.int64))
            outputs[graph.add("Reshape", [rows, shape], name)] = ["n", width]
    return graph.model({"input.1": [1, 3, "h", "w"]}, outputs)


def embedder(seed: int = 5) -> bytes:
    """`w600k_r50.onnx`: an aligned face `(K, 3, 112, 112)` as 512 numbers."""
    graph = _Graph(seed)
    kernel = graph.weight("kernel", graph.random.normal(0, 0.1, (6, 3, 8, 8)).astype(np.float32))
    cells = graph.add("Conv", ["input.1", kernel], "cells", strides=[8, 8])
    flat = graph.add("Flatten", [cells], "flat")
    graph.add("MatMul", [flat, graph.pattern_matrix(6, 14 * 14, 512)], "683")
    return graph.model({"input.1": ["k", 3, 112, 112]}, {"683": ["k", 512]})


def buffalo(path: Path, **members: bytes) -> Path:
    """`buffalo_l.zip` with these members, named without `.onnx`, or with the needed two and a third."""
    if not members:
        members = {"det_10g": detector(), "w600k_r50": embedder(), "genderage": b"never read"}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.onnx", content)
    return path


def features(seed: int = 9, numbers: int = 768) -> bytes:
    """CCIP's `model_feat.onnx`: a person `(K, 3, 384, 384)` as 768 numbers."""
    graph = _Graph(seed)
    cells = graph.add("AveragePool", ["input"], "cells", kernel_shape=[32, 32], strides=[32, 32])
    flat = graph.add("Flatten", [cells], "flat")
    graph.add("MatMul", [flat, graph.pattern_matrix(3, 12 * 12, numbers)], "output")
    return graph.model({"input": ["batch", 3, 384, 384]}, {"output": ["batch", numbers]})


def differences() -> bytes:
    """CCIP's `model_metrics.onnx`: of `(K, 768)` all differences `(K, K)`, half of 1 minus the cosine."""
    graph = _Graph()
    length = graph.add("ReduceL2", ["input"], "length", axes=[1], keepdims=1)
    unit = graph.add("Div", ["input", length], "unit")
    turned = graph.add("Transpose", [unit], "turned", perm=[1, 0])
    cosine = graph.add("MatMul", [unit, turned], "cosine")
    one, half = graph.weight("one", np.float32(1)), graph.weight("half", np.float32(0.5))
    low = graph.weight("low", np.float32(0))
    far = graph.add("Sub", [one, cosine], "far")
    graph.add("Clip", [graph.add("Mul", [far, half], "halved"), low, one], "output")
    return graph.model({"input": ["batch", 768]}, {"output": ["batch", "batch"]})


def person(answers: str = "columns") -> bytes:
    """A YOLOv8 export of one class: `(1, 5, 8400)` for a picture of 640 px; only stride 32 fires.

    With `answers="rows"` it is turned, as other detectors answer.
    """
    graph = _Graph()
    scores, boxes = [], []
    flat = graph.weight("flat", np.array([1, 1, -1], np.int64))
    low, high = graph.weight("low", np.float32(0)), graph.weight("high", np.float32(0.95))
    for stride in _STRIDES:
        name = f"s{stride}"
        around = graph.redness("images", stride, name)
        gain = graph.weight(f"{name}_gain", np.float32(4.0))
        needed = graph.weight(f"{name}_needed", np.float32(3.05 if stride == 32 else 9.0))
        steep = graph.add("Mul", [around, gain], f"{name}_steep")
        surplus = graph.add("Sub", [steep, needed], f"{name}_surplus")
        score = graph.add("Clip", [surplus, low, high], f"{name}_score")
        scores.append(graph.add("Reshape", [score, flat], f"{name}_scores"))
        side = 640 // stride
        y, x = (axis.ravel().astype(np.float32) for axis in np.mgrid[:side, :side])
        size = np.full(side * side, 5.0 * stride, np.float32)
        boxes.append(np.stack([(x + 0.5) * stride, (y + 0.5) * stride, size, size]))
    where = graph.weight("where", np.concatenate(boxes, axis=1)[None])
    all_scores = graph.add("Concat", scores, "scores", axis=2)
    columns = graph.add("Concat", [where, all_scores], "columns", axis=1)
    order = [0, 2, 1] if answers == "rows" else [0, 1, 2]
    graph.add("Transpose", [columns], "output0", perm=order)
    return graph.model({"images": ["b", 3, "h", "w"]}, {"output0": ["b", "n", "m"]})


def somebody(seed: int, side_px: int) -> NDArray[np.uint8]:
    """The red square of one character, `(side, side, 3)`: a pattern in green and blue that is theirs alone."""
    pattern = np.random.default_rng(seed).integers(0, 256, (5, 5, 2), np.uint8)
    square = np.full((side_px, side_px, 3), 255, np.uint8)
    square[..., 1:] = pattern.repeat(side_px // 5, axis=0).repeat(side_px // 5, axis=1)
    return square


def picture(
    *people: tuple[int, int, int], side_px: int, width: int = 640, height: int = 480
) -> NDArray[np.uint8]:
    """A picture without red that shows people (seed, left, top), each in a red square."""
    made = np.zeros((height, width, 3), np.uint8)
    made[..., 1] = np.linspace(20, 120, width).astype(np.uint8)
    for seed, left, top in people:
        made[top : top + side_px, left : left + side_px] = somebody(seed, side_px)
    return made
